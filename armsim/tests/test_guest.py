"""Agent and application health reports before, during and after a boot."""

from __future__ import annotations

from typing import Any

import pytest

from armsim.tests.client import Arm

DAY = 86400.0
NEVER = [None, "never"]


def world_of(**vm: Any) -> dict[str, Any]:
    return {"resourceGroups": {"rg": {"scaleSets": {"s": {"instances": ["a", "b"], "overrides": {"a": vm}}}}}}


def guest_of(arm: Arm, vm: str = "a") -> tuple[str | None, str | None]:
    """Return what the agent and the application say, which must be the same in each of the three views."""
    one = arm.get(arm.sim.vm_id(vm), **{"$expand": "instanceView"}).json()["properties"]["instanceView"]
    of_set = f"'virtualMachineScaleSet/id' eq '{arm.sim.scale_sets['s']}'"
    listed = arm.get(arm.vms(), **{"$expand": "instanceView", "$filter": of_set}).json()["value"]
    (in_list,) = [item["properties"]["instanceView"] for item in listed if item["name"] == vm]
    view = arm.get(f"{arm.sim.vm_id(vm)}/instanceView").json()
    assert one == in_list == view
    agent = view["vmAgent"]["statuses"][0]["displayStatus"] if "vmAgent" in view else None
    health = view["vmHealth"]["status"]["code"] if "vmHealth" in view else None
    return agent, health and health.removeprefix("HealthState/")


def status_times(arm: Arm, vm: str = "a") -> tuple[str, str]:
    view = arm.get(f"{arm.sim.vm_id(vm)}/instanceView").json()
    return view["vmAgent"]["statuses"][0]["time"], view["vmHealth"]["status"]["time"]


def end_of_operation(arm: Arm) -> None:
    while arm.sim.vm("a")["operation"]:
        arm.sim.advance(60)


@pytest.mark.parametrize("action", ["restart", "redeploy", "reimage", "performMaintenance"])
def test_what_boots_a_vm_makes_it_unready_for_a_time(arm: Arm, action: str) -> None:
    arm.sim.reset(world_of(agentReadyAfter=1000, healthyAfter=3000))
    assert guest_of(arm) == ("Ready", "healthy")
    arm.act("a", action)
    assert guest_of(arm) == ("Not Ready", "initializing")
    end_of_operation(arm)
    assert guest_of(arm) == ("Not Ready", "initializing")
    arm.sim.advance(1000)
    assert guest_of(arm) == ("Ready", "initializing")
    arm.sim.advance(2000)
    assert guest_of(arm) == ("Ready", "healthy")


def test_a_start_boots_only_what_was_off(arm: Arm) -> None:
    arm.sim.reset(world_of(agentReadyAfter=1000, healthyAfter=1000))
    arm.act("a", "start")
    end_of_operation(arm)
    assert guest_of(arm) == ("Ready", "healthy")
    arm.act("a", "deallocate")
    end_of_operation(arm)
    assert guest_of(arm) == (None, None)
    arm.act("a", "start")
    end_of_operation(arm)
    assert guest_of(arm) == ("Not Ready", "initializing")
    arm.sim.advance(1000)
    assert guest_of(arm) == ("Ready", "healthy")


def test_a_reapply_boots_nothing(arm: Arm) -> None:
    arm.sim.reset(world_of(agentReadyAfter="never", healthyAfter="never"))
    arm.act("a", "reapply")
    end_of_operation(arm)
    assert guest_of(arm) == ("Ready", "healthy")


@pytest.mark.parametrize("never", NEVER)
def test_a_guest_may_never_come_back(arm: Arm, never: str | None) -> None:
    arm.sim.reset(world_of(agentReadyAfter=never, healthyAfter=never))
    arm.act("a", "restart")
    arm.sim.advance(30 * DAY - 3600)
    assert guest_of(arm) == ("Not Ready", "initializing")


def test_without_a_word_about_it_a_vm_is_back_when_the_operation_ends(arm: Arm) -> None:
    arm.sim.reset(world_of(vmHealth="healthy"))
    arm.act("a", "restart")
    end_of_operation(arm)
    assert guest_of(arm) == ("Ready", "healthy")


def test_a_boot_does_not_heal_what_is_ill(arm: Arm) -> None:
    arm.sim.reset(world_of(vmHealth="unhealthy", vmAgent="Not Ready", healthyAfter=60))
    arm.act("a", "restart")
    arm.sim.advance(DAY)
    assert guest_of(arm) == ("Not Ready", "unhealthy")


def test_the_second_of_two_boots_counts(arm: Arm) -> None:
    arm.sim.reset(world_of(agentReadyAfter=20_000, healthyAfter=20_000))
    for _ in range(2):
        arm.act("a", "restart")
        end_of_operation(arm)
    arm.sim.advance(18_000)
    assert guest_of(arm) == ("Not Ready", "initializing")
    arm.sim.advance(2_000)
    assert guest_of(arm) == ("Ready", "healthy")


def test_a_vm_whose_restart_failed_comes_back_as_well(arm: Arm) -> None:
    arm.sim.reset(world_of(agentReadyAfter=60, healthyAfter=60))
    arm.sim.add_fault({"action": "restart", "fault": {"kind": "fail"}})
    arm.act("a", "restart")
    assert guest_of(arm) == ("Not Ready", "initializing")
    arm.sim.advance(DAY)
    assert guest_of(arm) == ("Ready", "healthy")


def test_the_times_tell_since_when(arm: Arm) -> None:
    arm.sim.reset(world_of(agentReadyAfter=60, healthyAfter=120))
    before = status_times(arm)
    arm.act("a", "restart")
    meanwhile = status_times(arm)
    arm.sim.advance(DAY)
    after = status_times(arm)
    assert before[0] < meanwhile[0] < after[0]
    assert before[1] < meanwhile[1] < after[1]
    assert after[0] < after[1]


def test_a_batch_boots_as_a_call_to_each_would(arm: Arm) -> None:
    arm.sim.reset(world_of(agentReadyAfter="never", healthyAfter="never"))
    arm("POST", f"{arm.sim.scale_sets['s']}/restart")
    arm.sim.advance(DAY)
    assert guest_of(arm) == ("Not Ready", "initializing")
    assert guest_of(arm, "b") == ("Ready", None)


@pytest.mark.parametrize("system", ["Linux", "Windows"])
def test_health_comes_and_goes_with_its_extension(arm: Arm, system: str) -> None:
    arm.sim.reset(world_of(osType=system, vmHealth="unknown"))
    path = f"{arm.sim.vm_id('a')}/extensions/ApplicationHealth{system}"
    assert arm.get(path).json()["properties"]["publisher"] == "Microsoft.ManagedServices"
    assert guest_of(arm) == ("Ready", "unknown")
    arm("DELETE", path)
    arm.sim.advance(DAY)
    assert guest_of(arm) == ("Ready", None)


def test_the_extension_alone_says_healthy(arm: Arm) -> None:
    arm.sim.reset(world_of(extensions=["ApplicationHealthLinux"]))
    assert guest_of(arm) == ("Ready", "healthy")
    assert guest_of(arm, "b") == ("Ready", None)


def test_an_agent_that_never_comes_back_runs_no_extension(arm: Arm) -> None:
    arm.sim.reset(world_of(agentReadyAfter="never"))
    arm.act("a", "restart")
    arm.sim.advance(DAY)
    body = {"location": "westeurope", "properties": {"publisher": "P", "type": "T", "typeHandlerVersion": "1.0"}}
    answer = arm("PUT", f"{arm.sim.vm_id('a')}/extensions/e", body)
    arm.sim.advance(DAY)
    assert arm.follow(answer).json()["error"]["code"] == "VMAgentStatusCommunicationError"


@pytest.mark.parametrize(
    "vm",
    [
        {"agentReadyAfter": -1},
        {"healthyAfter": "soon"},
        {"healthyAfter": True},
        {"vmHealth": "ill"},
        {"vmAgent": "Off"},
    ],
)
def test_a_guest_that_cannot_be_is_refused(arm: Arm, vm: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(vm))):
        arm.sim.reset(world_of(**vm))
