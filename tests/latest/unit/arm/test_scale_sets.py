"""Scale sets and their instances as Azure describes them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError, ResourceNotFoundError, ValidationError
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.compute.v2024_11_01 import ComputeManagementClient

from armsim import Simulator
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.scale_sets import Reader, list_members, parse_id, read_scale_set
from azext_flexcompare.instances import ScaleSet
from tests.latest.helpers.clouds import Credential

COMPUTE = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute"


@pytest.mark.parametrize("kind", ["virtualMachineScaleSets", "virtualMachines", "VIRTUALMACHINES"])
def test_an_id_of_a_set_or_a_vm_is_parsed(kind: str) -> None:
    parts = parse_id(f"{COMPUTE}/{kind}/web")
    assert (parts["subscription"], parts["resource_group"], parts["name"]) == ("s", "rg", "web")


@pytest.mark.parametrize(
    "wrong",
    ["", "web", f"{COMPUTE}/disks/web", f"{COMPUTE}/virtualMachines/web/extensions/x", "/subscriptions/s"],
)
def test_any_other_id_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidArgumentValueError, match="is not the id of a scale set or a virtual machine"):
        parse_id(wrong)


@pytest.mark.parametrize(
    ("child", "allowed"),
    [
        ("virtualMachines/web_1", True),
        ("VIRTUALMACHINES/web_1", True),
        ("virtualMachines/web_1/extensions/x", False),
        ("extensions/x", False),
    ],
)
def test_the_id_of_an_instance_in_its_set_is_parsed(child: str, allowed: bool) -> None:
    instance_id = f"{COMPUTE}/virtualMachineScaleSets/web/{child}"
    if allowed:
        assert parse_id(instance_id)["child_name_1"] == "web_1"
    else:
        with pytest.raises(InvalidArgumentValueError):
            parse_id(instance_id)


def test_a_flexible_set_is_read(azure: Azure, sim: Simulator) -> None:
    found = read_scale_set(Reader(azure.compute, "show"), sim.subscription, "rg", "flex")
    assert (found.name, found.resource_group, found.subscription) == ("flex", "rg", sim.subscription)


def test_a_uniform_set_is_refused_with_the_command_that_does_it(azure: Azure) -> None:
    with pytest.raises(ValidationError, match="Uniform") as refused:
        read_scale_set(Reader(azure.compute, "restart", ("--instance-ids", "0", "2")), None, "rg", "uniform")
    assert refused.value.recommendations == ["Use `az vmss restart -g rg -n uniform --instance-ids 0 2` instead."]


def test_a_missing_set_is_not_found(azure: Azure) -> None:
    with pytest.raises(ResourceNotFoundError):
        read_scale_set(Reader(azure.compute, "restart"), None, "rg", "nothing")


def test_the_instances_of_a_set_are_those_of_no_other(azure: Azure, flex: ScaleSet, sim: Simulator) -> None:
    found = list_members(Reader(azure.compute, "show"), flex)
    assert [one.name for one in found] == sim.names("flex")
    assert {one.power_state for one in found} == {"running"}
    assert all(one.scale_set is flex and one.resource.instance_view for one in found)


class Again(SansIOHTTPPolicy[Any, Any]):
    """Repeats the first VM of the first page on each later one: the list changed between its pages."""

    def __init__(self) -> None:
        self.first: dict[str, Any] | None = None

    def on_response(self, request: Any, response: Any) -> None:  # noqa: ARG002  (azure-core passes it)
        answer = response.http_response
        page = answer.json()
        if self.first:
            # The service spells groups in more than one way.
            page["value"].append({**self.first, "id": self.first["id"].upper()})
            answer._content = json.dumps(page).encode()
            answer._json = None
        self.first = self.first or page["value"][0]


def test_a_vm_that_is_on_two_pages_of_the_list_is_one_instance(azure: Azure, flex: ScaleSet, sim: Simulator) -> None:
    sim.configure(page_size=2)
    client = ComputeManagementClient(
        Credential(sim),
        sim.subscription,
        base_url=sim.url,
        credential_scopes=["s"],
        transport=azure.compute(None)._client._pipeline._transport,
        per_retry_policies=[Again()],
    )
    found = [one.name for one in list_members(Reader(lambda _: client, "restart"), flex)]
    assert sorted(found) == sorted(sim.names("flex"))
    assert sum(one["action"] == "list" for one in sim.requests()) > 1
