"""Actions of lifecycle.json."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from armsim.compute.lifecycle import ACTIONS
from armsim.tests.client import Arm, code_of

DAY = 86400.0


def world_of(**vm: Any) -> dict[str, Any]:
    return {"resourceGroups": {"rg": {"scaleSets": {"s": {"instances": ["a"], "overrides": {"a": vm}}}}}}


def power_of(arm: Arm, name: str) -> str:
    statuses = arm.get(f"{arm.sim.vm_id(name)}/instanceView").json()["statuses"]
    return next(status["code"] for status in statuses if status["code"].startswith("PowerState/"))


@pytest.mark.parametrize(
    ("action", "before", "during", "after"),
    [
        ("start", "deallocated", "starting", "running"),
        ("start", "running", "starting", "running"),
        ("powerOff", "running", "stopping", "stopped"),
        ("powerOff", "stopped", "stopping", "stopped"),
        ("deallocate", "running", "deallocating", "deallocated"),
        ("restart", "running", "running", "running"),
        ("redeploy", "running", "running", "running"),
        ("reimage", "running", "running", "running"),
        ("reapply", "stopped", "stopped", "stopped"),
        ("performMaintenance", "running", "running", "running"),
        ("redeploy", "stopped", "stopped", "running"),
    ],
)
def test_an_action_changes_the_power_state(arm: Arm, action: str, before: str, during: str, after: str) -> None:
    arm.sim.reset(world_of(powerState=before))
    assert arm.act("a", action).status_code == 202
    assert power_of(arm, "a") == f"PowerState/{during}"
    assert arm.sim.vm("a")["provisioningState"] == "Updating"
    arm.sim.advance(DAY)
    assert power_of(arm, "a") == f"PowerState/{after}"
    assert arm.sim.vm("a") == arm.sim.vm("a") | {"provisioningState": "Succeeded", "accepted": {action: 1}}


REFUSED = [
    ("restart", "stopped"), ("restart", "deallocated"), ("redeploy", "deallocated"), ("performMaintenance", "stopped"),
    ("performMaintenance", "deallocated"),
]  # fmt: skip


@pytest.mark.parametrize(("action", "before"), REFUSED)
def test_what_needs_a_running_vm_refuses_another(arm: Arm, action: str, before: str) -> None:
    arm.sim.reset(world_of(powerState=before))
    answer = arm.act("a", action)
    assert (answer.status_code, code_of(answer)) == (409, "OperationNotAllowed")
    assert "requires the VM to be running" in answer.json()["error"]["message"]
    assert arm.sim.vm("a")["accepted"] == {}


@pytest.mark.parametrize("second", sorted(set(ACTIONS) - {"simulateEviction"}))
def test_a_busy_vm_refuses_a_second_operation(arm: Arm, vm: str, second: str) -> None:
    arm.act(vm, "start")
    answer = arm.act(vm, second)
    assert (answer.status_code, code_of(answer)) == (409, "Conflict")
    assert "'start', another operation in progress" in answer.json()["error"]["message"]


def test_the_time_of_the_provisioning_state_moves(arm: Arm, vm: str) -> None:
    def since() -> datetime:
        status = arm.get(f"{arm.sim.vm_id(vm)}/instanceView").json()["statuses"][0]
        assert status["code"] == "ProvisioningState/succeeded"
        return datetime.fromisoformat(status["time"])

    before = since()
    operation = arm.act(vm, "restart")
    arm.sim.advance(DAY)
    assert since() > before
    ended = arm.follow(operation).json()["endTime"]
    assert abs((since() - datetime.fromisoformat(ended)).total_seconds()) < 1


def test_a_deleted_vm_is_gone_from_everything(arm: Arm, vm: str) -> None:
    identifier = arm.sim.vm_id(vm)
    arm.act(vm, "delete")
    assert arm.get(identifier).json()["properties"]["provisioningState"] == "Deleting"
    arm.sim.advance(DAY)
    assert arm.get(identifier).status_code == 404
    assert vm not in arm.sim.names("flex")
    assert vm not in arm.get(arm.vms()).text
    assert vm not in arm.ask("resources | project id").text
    assert vm not in arm.get(f"{arm.sim.scale_sets['flex']}/virtualMachines").text
    assert arm("DELETE", identifier).status_code == 204
    assert arm.sim.vm(vm) is None


def test_hibernation_needs_to_be_enabled(arm: Arm) -> None:
    arm.sim.reset(world_of())
    assert arm.act("a", "deallocate", hibernate="true").status_code == 409
    arm.sim.reset(world_of(hibernationEnabled=True))
    assert arm.act("a", "deallocate", hibernate="true").status_code == 202
    arm.sim.advance(DAY)
    codes = [status["code"] for status in arm.get(f"{arm.sim.vm_id('a')}/instanceView").json()["statuses"]]
    assert codes[1:] == ["PowerState/deallocated", "HibernationState/Hibernated"]


def test_maintenance_needs_a_window(arm: Arm) -> None:
    arm.sim.reset(world_of(maintenanceAllowed=False))
    assert code_of(arm.act("a", "performMaintenance")) == "OperationNotAllowed"


@pytest.mark.parametrize(("policy", "left"), [("Deallocate", "deallocated"), ("Delete", None)])
def test_an_eviction_comes_later_and_follows_the_policy(arm: Arm, policy: str, left: str | None) -> None:
    arm.sim.reset(world_of(priority="Spot", evictionPolicy=policy))
    answer = arm.act("a", "simulateEviction")
    assert (answer.status_code, answer.content) == (204, b"")
    assert arm.sim.vm("a")["powerState"] == "running"
    arm.sim.advance(DAY)
    truth = arm.sim.vm("a")
    assert (truth and truth["powerState"]) == left


def test_an_eviction_waits_for_the_operation_that_runs(arm: Arm) -> None:
    arm.sim.reset(world_of(priority="Spot"))
    arm.act("a", "simulateEviction")
    arm.act("a", "redeploy")
    arm.sim.advance(1.4 * 3600)
    assert arm.sim.vm("a")["operation"] == "redeploy"
    arm.sim.advance(DAY)
    assert arm.sim.vm("a")["powerState"] == "deallocated"


@pytest.mark.parametrize("policy", ["Deallocate", "Delete"])
def test_an_eviction_does_not_bring_a_deleted_vm_back(arm: Arm, policy: str) -> None:
    arm.sim.reset(world_of(priority="Spot", evictionPolicy=policy))
    arm.act("a", "simulateEviction")
    arm.act("a", "delete")
    arm.sim.advance(DAY)
    assert arm.sim.vm("a") is None
    assert arm.ask("resources | where name == 'a'").json()["data"] == []


def test_only_a_spot_vm_is_evicted(arm: Arm, vm: str) -> None:
    answer = arm.act(vm, "simulateEviction")
    assert (answer.status_code, code_of(answer)) == (409, "OperationNotAllowed")


def test_every_vm_takes_its_own_time(arm: Arm) -> None:
    names = arm.sim.names("flex")
    for name in names:
        arm.act(name, "restart")
    arm.sim.advance(3600)
    done = {name for name in names if arm.sim.vm(name)["operation"] is None}
    assert 0 < len(done) < len(names)
