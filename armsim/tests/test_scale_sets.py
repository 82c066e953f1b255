"""Reads of scale sets."""

from __future__ import annotations

import pytest

from armsim.tests.client import Arm, code_of

REFUSALS = [
    (
        "/instanceView",
        {},
        "OperationNotAllowed",
        "Operation 'VirtualMachineScaleSets.instanceView.GET' is not allowed on Virtual Machine Scale Set 'flex'.",
    ),
    (
        "/virtualMachines",
        {"$expand": "instanceView"},
        "OperationNotAllowed",
        "Operation 'VirtualMachineScaleSets.virtualMachines.GET' is not allowed on Virtual Machine Scale Set 'flex'.",
    ),
    (
        "/virtualMachines/{vm}/instanceView",
        {},
        "InvalidParameter",
        "Virtual Machine Scale Set VM instanceId must be a number.",
    ),
]


@pytest.mark.parametrize(("tail", "query", "code", "message"), REFUSALS)
def test_a_flexible_set_refuses(arm: Arm, vm: str, tail: str, query: dict[str, str], code: str, message: str) -> None:
    answer = arm.get(arm.sim.scale_sets["flex"] + tail.format(vm=vm), **query)
    assert answer.status_code == 400
    assert answer.json() == {"error": {"code": code, "message": message}}


def test_the_instances_of_a_flexible_set_are_thin(arm: Arm, vm: str) -> None:
    path = f"{arm.sim.scale_sets['flex']}/virtualMachines"
    item = arm.get(path).json()["value"][0]
    assert item == {
        "name": vm,
        "id": f"{path}/{vm}",
        "type": "Microsoft.Compute/virtualMachineScaleSets/virtualMachines",
        "location": "westeurope",
        "instanceId": vm,
        "zones": [None],
    }


def test_one_instance_shows_its_protection(arm: Arm) -> None:
    override = {"protectFromScaleIn": True, "latestModelApplied": False}
    arm.sim.reset({"resourceGroups": {"rg": {"scaleSets": {"s": {"instances": ["a"], "overrides": {"a": override}}}}}})
    properties = arm.get(f"{arm.sim.scale_sets['s']}/virtualMachines/A").json()["properties"]
    assert properties["latestModelApplied"] is False
    assert properties["protectionPolicy"] == {"protectFromScaleIn": True, "protectFromScaleSetActions": False}


def test_the_mode_and_capacity_of_a_set(arm: Arm) -> None:
    for name, mode, capacity in (("flex", "Flexible", 6), ("uniform", "Uniform", 3)):
        body = arm.get(arm.sim.scale_sets[name]).json()
        assert (body["properties"]["orchestrationMode"], body["sku"]["capacity"]) == (mode, capacity)


def test_lists_of_sets(arm: Arm) -> None:
    kind = "/providers/Microsoft.Compute/virtualMachineScaleSets"
    group = arm.get(arm.group(kind)).json()["value"]
    assert [item["name"] for item in group] == ["flex", "other", "uniform"]
    arm.sim.configure(page_size=3)
    first = arm.get(f"/subscriptions/{arm.sim.subscription}{kind}").json()
    rest = arm.session.get(first["nextLink"]).json()
    assert [item["name"] for item in first["value"] + rest["value"]] == ["flex", "other", "uniform", "flex2"]


def test_a_uniform_set_has_numbers_and_an_instance_view(arm: Arm) -> None:
    uniform = arm.sim.scale_sets["uniform"]
    items = arm.get(f"{uniform}/virtualMachines").json()["value"]
    assert [item["instanceId"] for item in items] == ["0", "1", "2"]
    summary = arm.get(f"{uniform}/instanceView").json()["virtualMachine"]["statusesSummary"]
    assert {"code": "PowerState/running", "count": 3} in summary
    assert arm.get(f"{uniform}/virtualMachines/1").json()["instanceId"] == "1"
    assert arm.get(f"{uniform}/virtualMachines/1/instanceView").status_code == 501


def test_groups(arm: Arm) -> None:
    path = f"/subscriptions/{arm.sim.subscription}/resourcegroups"
    assert [item["name"] for item in arm.get(path).json()["value"]] == ["rg", "rg2"]
    assert arm.get(f"{path}/RG2").json()["name"] == "rg2"
    assert code_of(arm.get(f"{path}/rg3")) == "ResourceGroupNotFound"
