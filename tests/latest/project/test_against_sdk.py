"""The calls that the table names, compared with those of the SDK that the Azure CLI brings."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, get_origin

import pytest
from azure.core.polling import LROPoller
from azure.mgmt.compute.v2024_11_01 import models, operations
from azure.mgmt.compute.v2024_11_01.operations import _operations

from azext_flexcompare.planning.adapters import ADAPTERS
from azext_flexcompare.table.entries import Operation
from azext_flexcompare.table.entries import operations as rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from azure.core.rest import HttpRequest

VM = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/v"
SET = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/v"
CALLED = [one for one in rows() if one.call]
each_call = pytest.mark.parametrize("operation", CALLED, ids=lambda operation: operation.name)
each_plain_call = pytest.mark.parametrize(
    "operation", [one for one in CALLED if not one.adapter], ids=lambda operation: operation.name
)


def group_and_method(operation: Operation) -> tuple[str, str]:
    group, method = (operation.call or "").split(".")
    return group, method


def signature_of(operation: Operation) -> inspect.Signature:
    group, method = group_and_method(operation)
    client = "".join(word.capitalize() for word in group.split("_")) + "Operations"
    return inspect.signature(getattr(getattr(operations, client), method))


def needed_by(operation: Operation) -> list[str]:
    """The arguments that the call cannot do without, beyond the group and the name."""
    parameters = [*signature_of(operation).parameters.values()][3:]
    return [one.name for one in parameters if one.default is one.empty and one.kind is not one.VAR_KEYWORD]


def member_of(model: str, path: list[str]) -> str:
    """Follow the names of the REST API through the models of the SDK, to a type."""
    for key in path:
        members = {entry["key"]: entry["type"] for entry in getattr(models, model)._attribute_map.values()}
        assert key in members, f"{model} has no {key}"
        model = members[key]
    return model


def test_there_are_calls_to_look_at() -> None:
    assert len(CALLED) > 1


@pytest.mark.parametrize("operation", rows(), ids=lambda operation: operation.name)
def test_an_operation_without_a_call_has_a_known_adapter(operation: Operation) -> None:
    assert operation.call or operation.adapter
    assert operation.adapter is None or operation.adapter in ADAPTERS


@each_call
def test_the_call_takes_a_group_and_a_name(operation: Operation) -> None:
    assert [*signature_of(operation).parameters][:2] == ["self", "resource_group_name"]
    assert [*signature_of(operation).parameters][2] in {"vm_name", "vm_scale_set_name"}


@each_plain_call
def test_the_call_needs_nothing_that_is_not_a_required_option(operation: Operation) -> None:
    required = {option.argument for option in operation.options if option.required}
    assert set(needed_by(operation)) <= required


@each_call
def test_the_call_begins_if_and_only_if_it_gives_a_poller(operation: Operation) -> None:
    polled = get_origin(signature_of(operation).return_annotation) is LROPoller
    assert operation.is_long is polled


@each_call
def test_the_call_takes_what_the_options_set(operation: Operation) -> None:
    wanted = {option.argument.split(".")[0] for option in operation.options if option.argument}
    assert wanted - set(signature_of(operation).parameters) == set()


@each_plain_call
def test_an_option_of_the_body_is_a_member_of_it_of_its_own_type(operation: Operation) -> None:
    types = {"flag": "bool", "text": "str", "secret": "str"}
    for option in operation.options:
        path = (option.argument or "").split(".")
        if path[0] == "parameters":
            assert member_of("VirtualMachineReimageParameters", path[1:]) == types[option.type], option.name


@each_call
def test_the_request_is_the_one_that_the_sdk_builds(operation: Operation) -> None:
    group, method = group_and_method(operation)
    build: Callable[..., HttpRequest] = getattr(_operations, f"build_{group}_{method.removeprefix('begin_')}_request")
    place = {"vm_name": "v", "vm_scale_set_name": "v", "vm_extension_name": "NAME", "run_command_name": "NAME"}
    taken = {name: place[name] for name in inspect.signature(build).parameters if name in place}
    request = build(resource_group_name="g", subscription_id="s", **taken)
    told = operation.request.replace("{vm}", VM).replace("{set}", SET)
    assert re.sub(r"\?.*", "", f"{request.method} {request.url}") == told
