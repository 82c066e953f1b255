"""Does the SDK that the Azure CLI brings make the calls that the table names?"""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_origin

import pytest
from azure.core.polling import LROPoller
from azure.mgmt.compute.v2024_11_01 import models
from azure.mgmt.compute.v2024_11_01.operations import VirtualMachinesOperations, _operations

if TYPE_CHECKING:
    from collections.abc import Callable

    from azure.core.rest import HttpRequest

OPERATIONS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "azext_flexcompare" / "equivalence.json").read_text(encoding="utf-8")
)["operations"]
VM = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/v"
each_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation["name"])


def signature_of(operation: dict[str, Any]) -> inspect.Signature:
    return inspect.signature(getattr(VirtualMachinesOperations, operation["call"]))


def member_of(model: str, path: list[str]) -> str:
    """Follow the names of the REST API through the models of the SDK, to a type."""
    for key in path:
        members = {entry["key"]: entry["type"] for entry in getattr(models, model)._attribute_map.values()}
        assert key in members, f"{model} has no {key}"
        model = members[key]
    return model


def test_there_are_operations_to_look_at() -> None:
    assert len(OPERATIONS) > 1


@each_operation
def test_the_call_takes_a_group_and_a_vm(operation: dict[str, Any]) -> None:
    parameters = signature_of(operation).parameters
    assert [*parameters][:3] == ["self", "resource_group_name", "vm_name"]
    others = [*parameters.values()][3:]
    needed = [one.name for one in others if one.default is one.empty and one.kind is not one.VAR_KEYWORD]
    assert needed == []


@each_operation
def test_the_call_begins_if_and_only_if_it_gives_a_poller(operation: dict[str, Any]) -> None:
    polled = get_origin(signature_of(operation).return_annotation) is LROPoller
    assert operation["call"].startswith("begin_") == polled


@each_operation
def test_the_call_takes_what_the_options_set(operation: dict[str, Any]) -> None:
    wanted = {option["argument"].split(".")[0] for option in operation.get("options", ())}
    assert wanted - set(signature_of(operation).parameters) == set()


@each_operation
def test_an_option_of_the_body_is_a_member_of_it_of_its_own_type(operation: dict[str, Any]) -> None:
    types = {"flag": "bool", "text": "str", "secret": "str"}
    for option in operation.get("options", ()):
        path = option["argument"].split(".")
        if path[0] == "parameters":
            found = member_of("VirtualMachineReimageParameters", path[1:])
            assert found == types[option["type"]], option["name"]


@each_operation
def test_the_request_is_the_one_that_the_sdk_builds(operation: dict[str, Any]) -> None:
    verb = operation["call"].removeprefix("begin_")
    build: Callable[..., HttpRequest] = getattr(_operations, f"build_virtual_machines_{verb}_request")
    request = build(resource_group_name="g", vm_name="v", subscription_id="s")
    assert operation["request"].replace("{vm}", VM) == f"{request.method} {request.url.split('?')[0]}"
