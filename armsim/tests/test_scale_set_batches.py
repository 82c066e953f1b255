"""Calls of a Flexible set that act on several instances."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from armsim.tests.client import Arm, code_of

DAY = 86400.0


def batch(arm: Arm, action: str, names: list[str] | None = None, **query: str) -> requests.Response:
    body = None if names is None else {"instanceIds": names}
    return arm("POST", f"{arm.sim.scale_sets['flex']}/{action}", body, **query)


def powers(arm: Arm) -> list[str]:
    return [arm.sim.vm(name)["powerState"] for name in arm.sim.names("flex")]


def test_one_operation_stands_for_all(arm: Arm) -> None:
    one, two, *_ = arm.sim.names("flex")
    answer = batch(arm, "powerOff", [one, two.upper(), one], skipShutdown="true")
    assert (answer.status_code, answer.content) == (202, b"")
    assert powers(arm) == ["stopping"] * 2 + ["running"] * 4
    truth = arm.sim.vm(one)
    assert (truth["provisioningState"], truth["operation"]) == ("Updating", "vmss-powerOff")
    assert truth["accepted"] == {"vmss-powerOff": 1}
    assert (arm.follow(answer).json()["status"], arm.follow(answer, "Location").status_code) == ("InProgress", 202)
    arm.sim.advance(DAY)
    assert powers(arm) == ["stopped"] * 2 + ["running"] * 4
    assert arm.follow(answer).json()["status"] == "Succeeded"
    assert (arm.follow(answer, "Location").status_code, arm.follow(answer, "Location").content) == (200, b"")
    assert arm.sim.requests()[0]["action"] == "vmss-powerOff"
    assert arm.session.get(f"{arm.sim.url}/_sim/state").json()["peak"] == 1


def test_each_vm_takes_its_own_time(arm: Arm) -> None:
    answer = batch(arm, "restart")
    states = set()
    for _ in range(100):
        arm.sim.advance(60)
        states.add(tuple(arm.sim.vm(name)["provisioningState"] for name in arm.sim.names("flex")))
    assert len(states) > 3
    assert arm.follow(answer).json()["status"] == "Succeeded"


@pytest.mark.parametrize("names", [None, ["*"]])
@pytest.mark.parametrize(
    ("action", "power"),
    [("start", "running"), ("powerOff", "stopped"), ("restart", "running"), ("deallocate", "deallocated"),
     ("reimage", "running")],
)  # fmt: skip
def test_no_names_are_all_names(arm: Arm, action: str, power: str, names: Any) -> None:
    assert batch(arm, action, names).status_code == 202
    arm.sim.advance(DAY)
    assert powers(arm) == [power] * 6
    assert arm.sim.vm(arm.sim.names("other")[0])["accepted"] == {}


def test_instances_are_deleted(arm: Arm) -> None:
    one, two, *rest = arm.sim.names("flex")
    answer = batch(arm, "delete", [one, two], forceDeletion="true")
    assert arm.sim.vm(one)["provisioningState"] == "Deleting"
    arm.sim.advance(DAY)
    assert arm.sim.names("flex") == rest
    assert arm.follow(answer).json()["status"] == "Succeeded"


def test_a_set_hibernates(arm: Arm) -> None:
    overrides = {"#0": {"hibernationEnabled": True}}
    arm.sim.reset({"resourceGroups": {"rg": {"scaleSets": {"flex": {"instances": 2, "overrides": overrides}}}}})
    one, two = arm.sim.names("flex")
    answer = batch(arm, "deallocate", hibernate="true")
    arm.sim.advance(DAY)
    assert powers(arm) == ["hibernated", "running"]
    assert (
        f"failed for 1 of 2 virtual machines of the scale set. '{two}': "
        in arm.follow(answer).json()["error"]["message"]
    )
    assert arm.sim.vm(one)["provisioningState"] == "Succeeded"


@pytest.mark.parametrize(
    ("action", "body"),
    [("start", {"instanceIds": ["ghost"]}), ("start", {"instanceIds": []}), ("start", {"instanceIds": "*"}),
     ("start", {"instanceIds": [1]}), ("delete", {}), ("delete", None)],
)  # fmt: skip
def test_no_one_is_meant(arm: Arm, action: str, body: Any) -> None:
    answer = arm("POST", f"{arm.sim.scale_sets['flex']}/{action}", body)
    assert (answer.status_code, code_of(answer)) == (400, "InvalidParameter")
    assert powers(arm) == ["running"] * 6


@pytest.mark.parametrize("body", [{"names": []}, ["*"], {"instanceIds": ["*"], "tempDisk": True}])
def test_a_body_of_something_else(arm: Arm, body: Any) -> None:
    answer = arm("POST", f"{arm.sim.scale_sets['flex']}/restart", body)
    assert (answer.status_code, code_of(answer)) == (400, "BadRequest")


@pytest.mark.parametrize("action", ["performMaintenance", "redeploy", "reimageall"])
def test_what_a_flexible_set_has_no_call_for(arm: Arm, action: str) -> None:
    answer = batch(arm, action)
    assert (answer.status_code, code_of(answer)) == (400, "OperationNotAllowed")
    assert f"'VirtualMachineScaleSets.{action}.POST' is not allowed on" in answer.json()["error"]["message"]


@pytest.mark.parametrize(("fails", "status"), [(True, "Failed"), (False, "Succeeded")])
@pytest.mark.parametrize("action", ["vmss-restart", "restart"])
def test_one_vm_fails(arm: Arm, vm: str, action: str, fails: bool, status: str) -> None:
    arm.sim.configure(batch_fails=fails)
    arm.sim.add_fault({"action": action, "vm": vm, "fault": {"kind": "fail", "code": "Full", "message": "No."}})
    answer = batch(arm, "restart")
    arm.sim.advance(DAY)
    poll = arm.follow(answer).json()
    assert poll["status"] == status
    assert [arm.sim.vm(name)["provisioningState"] for name in arm.sim.names("flex")] == ["Failed"] + ["Succeeded"] * 5
    assert arm.sim.vm(vm)["error"] == {"code": "Full", "message": "No."}
    if fails:
        assert (poll["error"]["code"], f"'{vm}': Full: No." in poll["error"]["message"]) == ("Full", True)


def test_a_busy_or_locked_or_refused_vm_is_left_alone(arm: Arm) -> None:
    busy, locked, refused, *rest = arm.sim.names("flex")
    arm.act(busy, "redeploy")
    lock = f"{arm.sim.vm_id(locked)}/providers/Microsoft.Authorization/locks/l"
    arm("PUT", lock, {"properties": {"level": "CanNotDelete"}})
    arm.sim.add_fault({"action": "vmss-delete", "vm": refused, "fault": {"status": 409, "code": "Nope"}})
    answer = batch(arm, "delete", ["*"])
    assert arm.sim.vm(rest[0])["provisioningState"] == "Deleting"
    arm.sim.advance(DAY)
    assert arm.sim.names("flex") == [busy, locked, refused]
    message = arm.follow(answer).json()["error"]["message"]
    assert all(text in message for text in (f"'{busy}': Conflict", f"'{locked}': ScopeLocked", f"'{refused}': Nope"))


def test_a_batch_in_which_no_vm_can_begin(arm: Arm) -> None:
    batch(arm, "deallocate")
    arm.sim.advance(DAY)
    answer = batch(arm, "restart")
    arm.sim.advance(0)
    poll = arm.follow(answer).json()
    assert (poll["status"], poll["error"]["code"]) == ("Failed", "OperationNotAllowed")
    assert set(powers(arm)) == {"deallocated"}


def test_a_stuck_vm_keeps_the_operation_from_ending(arm: Arm, vm: str) -> None:
    arm.sim.add_fault({"action": "start", "vm": vm, "fault": {"kind": "stuck"}})
    answer = batch(arm, "start")
    arm.sim.advance(DAY)
    assert arm.follow(answer).json()["status"] == "InProgress"
    assert powers(arm) == ["starting"] + ["running"] * 5


def test_faults_of_the_whole_call(arm: Arm) -> None:
    arm.sim.add_fault({"action": "vmss-start", "nth": 1, "fault": {"status": 503}})
    arm.sim.add_fault({"action": "vmss-start", "nth": 2, "fault": {"kind": "fail"}})
    arm.sim.add_fault({"action": "vmss-start", "nth": 3, "fault": {"kind": "gone"}})
    assert batch(arm, "start").status_code == 503
    failed = batch(arm, "start")
    arm.sim.advance(DAY)
    assert arm.follow(failed).json()["status"] == "Failed"
    assert {arm.sim.vm(name)["provisioningState"] for name in arm.sim.names("flex")} == {"Failed"}
    assert arm.follow(batch(arm, "start")).status_code == 404


def test_an_answer_to_one_vm_is_none_to_a_batch(arm: Arm, vm: str) -> None:
    for pattern in (vm, "*"):
        arm.sim.add_fault({"action": "restart", "vm": pattern, "fault": {"status": 503}})
    answer = batch(arm, "restart")
    arm.sim.advance(DAY)
    assert arm.follow(answer).json()["status"] == "Succeeded"


def test_an_empty_set_is_done_at_once(arm: Arm) -> None:
    arm.sim.reset({"resourceGroups": {"rg": {"scaleSets": {"flex": {"instances": 0}}}}})
    assert arm.follow(batch(arm, "start")).json()["status"] == "Succeeded"


def test_a_batch_has_the_budget_of_scale_sets(arm: Arm) -> None:
    arm.sim.configure(limits=True)
    left = [batch(arm, action).headers["x-ms-ratelimit-remaining-resource"] for action in ("start", "deallocate")]
    assert left == [
        "Microsoft.Compute/VMScaleSetActionsSubscriptionMaximum;1499",
        "Microsoft.Compute/DeleteVMScaleSetSubscriptionMaximum;524",
    ]


def test_a_uniform_set_is_not_simulated(arm: Arm) -> None:
    assert arm("POST", f"{arm.sim.scale_sets['uniform']}/start").status_code == 501
