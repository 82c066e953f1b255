"""Upgrade, protection and service state of a scale set."""

from __future__ import annotations

from typing import Any

import pytest

from armsim.tests.client import Arm, code_of

DAY = 86400.0


def test_an_upgrade_applies_the_latest_model(arm: Arm) -> None:
    old = {"latestModelApplied": False}
    arm.sim.reset({"resourceGroups": {"rg": {"scaleSets": {"web": {"instances": 3, "overrides": {"*": old}}}}}})
    one, two, three = arm.sim.names("web")
    path = arm.sim.scale_sets["web"]
    answer = arm("POST", f"{path}/manualupgrade", {"instanceIds": [one, two.upper()]})
    assert answer.status_code == 202
    assert [arm.sim.vm(name)["provisioningState"] for name in (one, two, three)] == ["Updating"] * 2 + ["Succeeded"]
    assert code_of(arm.act(one, "restart")) == "Conflict"
    assert code_of(arm("POST", f"{path}/manualupgrade", {"instanceIds": ["*"]})) == "Conflict"
    arm.sim.advance(DAY)
    assert arm.follow(answer, "Location").status_code == 200
    shown = [arm.get(f"{path}/virtualMachines/{name}").json()["properties"] for name in (one, two, three)]
    assert [properties["latestModelApplied"] for properties in shown] == [True, True, False]
    assert arm.sim.vm(one)["accepted"] == {"manualupgrade": 1}


@pytest.mark.parametrize("body", [{}, {"instanceIds": []}, {"instanceIds": ["ghost"]}, {"instanceIds": "*"}])
def test_an_upgrade_of_no_one(arm: Arm, body: Any) -> None:
    answer = arm("POST", f"{arm.sim.scale_sets['flex']}/manualupgrade", body)
    assert (answer.status_code, code_of(answer)) == (400, "InvalidParameter")


def test_an_upgrade_can_fail(arm: Arm, vm: str) -> None:
    arm.sim.add_fault({"action": "manualupgrade", "fault": {"kind": "fail"}})
    answer = arm("POST", f"{arm.sim.scale_sets['flex']}/manualupgrade", {"instanceIds": [vm]})
    arm.sim.advance(DAY)
    assert arm.follow(answer).json()["status"] == "Failed"
    assert arm.sim.vm(vm)["provisioningState"] == "Failed"


def test_protection_takes_the_instance_for_one_of_an_older_model(arm: Arm, vm: str) -> None:
    path = f"{arm.sim.scale_sets['flex']}/virtualMachines/{vm}"
    body = arm.get(path).json()
    body["properties"]["protectionPolicy"] = {"protectFromScaleIn": True}
    answer = arm("PUT", path, body)
    assert answer.status_code == 200
    arm.sim.advance(DAY)
    assert arm.get(path).json()["properties"] == {
        "vmId": body["properties"]["vmId"],
        "latestModelApplied": False,
        "protectionPolicy": {"protectFromScaleIn": True, "protectFromScaleSetActions": False},
    }


@pytest.mark.parametrize(
    ("body", "version", "status"),
    [
        ({"properties": {}}, "2023-07-01", 400),
        ({"properties": {"protectionPolicy": {"protectFromScaleIn": "yes"}}}, "2024-03-01", 400),
        ({"properties": {"hardwareProfile": {}}}, "2024-03-01", 501),
    ],
)
def test_what_an_instance_refuses(arm: Arm, vm: str, body: Any, version: str, status: int) -> None:
    path = f"{arm.sim.scale_sets['flex']}/virtualMachines/{vm}"
    assert arm("PUT", path, body, **{"api-version": version}).status_code == status


@pytest.mark.parametrize(("action", "state"), [("Suspend", "Suspended"), ("Resume", "Running")])
def test_a_service_is_suspended_and_resumed(arm: Arm, action: str, state: str) -> None:
    path = arm.sim.scale_sets["flex"]
    body = {"serviceName": "AutomaticRepairs", "action": action}
    assert arm("POST", f"{path}/setOrchestrationServiceState", body).status_code == 202
    truth = arm.session.get(f"{arm.sim.url}/_sim/state").json()["services"]
    assert truth == [{"scaleSet": path, "service": "AutomaticRepairs", "state": state}]


@pytest.mark.parametrize(
    "body",
    [
        {"serviceName": "Coffee", "action": "Suspend"},
        {"serviceName": "AutomaticRepairs", "action": "Explode"},
        {"action": "Suspend"},
    ],
)
def test_a_service_that_is_none(arm: Arm, body: Any) -> None:
    answer = arm("POST", f"{arm.sim.scale_sets['flex']}/setOrchestrationServiceState", body)
    assert (answer.status_code, code_of(answer)) == (400, "InvalidParameter")


def test_a_uniform_set_is_not_simulated(arm: Arm) -> None:
    assert arm("POST", f"{arm.sim.scale_sets['uniform']}/manualupgrade", {"instanceIds": ["0"]}).status_code == 501
