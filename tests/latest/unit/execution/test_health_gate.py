"""The health of a batch before the next one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from azure.mgmt.compute.v2024_11_01 import models

from armsim import Simulator
from armsim.world.description import default_description
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.execution.health_gate import (
    CHECKS,
    Health,
    Report,
    Subject,
    agent_report,
    application_report,
    health_of,
    subjects_of,
    wait_until_healthy,
)
from azext_flexcompare.instances import Instance
from azext_flexcompare.scheduler.observer import Observer
from azext_flexcompare.scheduler.outcome import Outcome, Status
from tests.latest.helpers.factories import a_gate, instance
from tests.latest.helpers.worlds import OPERATIONS

Members = Callable[[], list[Instance]]
BEGAN = datetime(2024, 8, 27, 10, 11, 6, tzinfo=timezone.utc)
OLD, NEW = BEGAN - timedelta(seconds=79), BEGAN + timedelta(seconds=40)
SILENT = "Its VM agent has not reported since the operation; its last report is of 2024-08-27T10:09:47.000Z."


def view(agent: list[str | None] | None = None, health: str | None = None, at: datetime | None = None) -> Any:
    found = models.VirtualMachineInstanceView()
    if agent is not None:
        statuses = [models.InstanceViewStatus(display_status=one, time=at) for one in agent]
        found.vm_agent = models.VirtualMachineAgentInstanceView(statuses=statuses)
    if health is not None:
        found.vm_health = models.VirtualMachineHealthStatus()
        found.vm_health.status = models.InstanceViewStatus(code=health, time=at)
    return found


def machine(**known: Any) -> Any:
    found = models.VirtualMachine(location="westeurope")
    found.instance_view = view(**known)
    return found


@pytest.mark.parametrize(
    ("agent", "trouble"),
    [
        (["Ready"], None),
        ([None, "READY"], None),
        (["Not Ready"], "Its VM agent is Not Ready."),
        ([None], "Its VM agent does not report."),
        ([], "Its VM agent does not report."),
        (None, "Its VM agent does not report."),
    ],
)
def test_an_agent_is_ready_or_in_trouble(agent: list[str | None] | None, trouble: str | None) -> None:
    assert agent_report(view(agent)).trouble == trouble


@pytest.mark.parametrize(
    ("health", "trouble"),
    [
        ("HealthState/healthy", None),
        ("HealthState/Healthy", None),
        ("HealthState/unhealthy", "Its application is unhealthy."),
        ("", "Its application is of unknown health."),
        (None, "It reports no application health; the Application Health extension does that."),
    ],
)
def test_an_application_is_healthy_or_in_trouble(health: str | None, trouble: str | None) -> None:
    assert application_report(view(health=health)).trouble == trouble


def test_a_report_has_the_time_of_the_status_that_counts() -> None:
    assert agent_report(view(["Ready"], at=OLD)) == Report(None, OLD)
    assert application_report(view(health="HealthState/healthy", at=NEW)) == Report(None, NEW)


def test_an_instance_without_a_view_is_in_trouble() -> None:
    assert agent_report(None).trouble
    assert application_report(None).trouble


@pytest.mark.parametrize(
    ("subject", "at", "trouble"),
    [
        (Subject(instance(), booted=True, began=BEGAN), NEW, None),
        (Subject(instance(), booted=True, began=BEGAN), OLD, SILENT),
        (Subject(instance(), booted=True, began=BEGAN, before={"vm-agent": OLD}), NEW, None),
        (Subject(instance(), booted=True, began=OLD, before={"vm-agent": NEW}), NEW, SILENT.replace("09:47", "11:46")),
        (Subject(instance(), booted=True, before={"vm-agent": OLD}), OLD, SILENT),
        (Subject(instance(), booted=True, before={"vm-agent": OLD}), NEW, None),
        (Subject(instance(), booted=True, began=BEGAN), None, SILENT.replace("2024-08-27T10:09:47.000Z", "None")),
        (Subject(instance(), booted=False, began=BEGAN), OLD, None),
    ],
)
def test_after_a_boot_only_a_newer_report_counts(subject: Subject, at: datetime | None, trouble: str | None) -> None:
    found = instance(resource=machine(agent=["Ready"], at=at))
    assert health_of([CHECKS["vm-agent"]], subject, found).trouble == trouble


def test_every_check_of_a_gate_must_hold() -> None:
    found = instance(resource=machine(agent=["Ready"], health="HealthState/unhealthy"))
    checks = [CHECKS["vm-agent"], CHECKS["app-health"]]
    assert health_of(checks, Subject(instance()), found).trouble == "Its application is unhealthy."
    assert health_of(checks[:1], Subject(instance()), found) == Health()


@pytest.mark.parametrize(
    ("known", "why"),
    [
        ({"provisioning_state": "Deleting"}, "It is being deleted."),
        ({"power_state": "deallocated"}, "It is deallocated."),
        ({"power_state": "stopped"}, "It was stopped before."),
    ],
)
def test_an_instance_that_cannot_become_healthy_is_not_waited_for(known: dict[str, Any], why: str) -> None:
    found = instance(resource=machine(agent=["Not Ready"]), **known)
    subject = Subject(instance(), power_before="stopped")
    assert health_of([CHECKS["vm-agent"]], subject, found) == Health(left_out=why)


def test_an_instance_that_stopped_meanwhile_is_not_healthy() -> None:
    found = instance(power_state="stopped", resource=machine(agent=["Not Ready"]))
    subject = Subject(instance(), power_before="running")
    assert health_of([CHECKS["vm-agent"]], subject, found) == Health("Its VM agent is Not Ready.")


@pytest.mark.parametrize("status", [Status.FAILED, Status.TIMED_OUT, Status.SKIPPED, Status.NOT_STARTED])
def test_a_gate_is_about_instances_that_the_run_did_something_to(status: str) -> None:
    outcomes = [Outcome(instance("a"), status), Outcome(instance("b"), Status.SUCCEEDED, began=BEGAN)]
    found = subjects_of(a_gate("vm-agent", 1, boots=True), OPERATIONS["restart"], outcomes, {})
    assert found == [Subject(instance("b"), booted=True, began=BEGAN, power_before="running")]


def test_an_instance_that_ran_before_a_start_was_not_booted() -> None:
    outcomes = [Outcome(instance(name), Status.SUCCEEDED) for name in ("a", "b")]
    before = {one.target.id: one.target for one in outcomes}
    before[outcomes[1].target.id] = instance("b", power_state="stopped")
    found = subjects_of(a_gate("vm-agent", 1, boots=True), OPERATIONS["start"], outcomes, before)
    assert [(one.name, one.booted) for one in found] == [("a", False), ("b", True)]


def test_without_the_time_of_the_service_that_of_this_machine_counts() -> None:
    (found,) = subjects_of(
        a_gate("vm-agent", 1, boots=True),
        OPERATIONS["restart"],
        [Outcome(instance(), Status.SUCCEEDED, started=BEGAN)],
        {},
    )
    assert found.began == BEGAN


def worlds(sim: Simulator, *overrides: dict[str, Any]) -> None:
    world = default_description(len(overrides))
    named = {f"#{place}": each for place, each in enumerate(overrides)}
    world["resourceGroups"]["rg"]["scaleSets"]["flex"]["overrides"] = named
    sim.reset(world)


def restarted(azure: Azure, sim: Simulator, chosen: list[Instance]) -> list[Subject]:
    for one in chosen:
        azure.compute(None).virtual_machines.begin_restart("rg", one.name, polling=False)
    sim.advance(60)  # the operations have ended
    return [Subject(one, booted=True) for one in chosen]


def test_only_the_unhealthy_are_listed_with_the_reason(azure: Azure, members: Members, sim: Simulator) -> None:
    worlds(sim, {"agentReadyAfter": 0}, {"agentReadyAfter": "never"}, {"agentReadyAfter": 0})
    chosen = members()
    verdict = wait_until_healthy(azure, a_gate("vm-agent", 1), restarted(azure, sim, chosen), Observer())
    assert verdict.unhealthy == [(chosen[1], "Its VM agent is Not Ready.")]
    assert verdict.seconds >= 1


def test_an_instance_that_is_gone_is_left_out(azure: Azure, members: Members) -> None:
    gone, there, *_ = members()
    subjects = [Subject(gone._replace(name="gone")), Subject(there)]
    verdict = wait_until_healthy(azure, a_gate("vm-agent", 1), subjects, Observer())
    assert (verdict.unhealthy, [why for _, why in verdict.left_out]) == ([], ["It no longer exists."])


def test_all_must_be_healthy_in_one_sweep(azure: Azure, members: Members) -> None:
    """One instance is healthy at its first poll alone, the other from its second on."""
    flapping, late, *_ = members()
    polls = {flapping.name: 0, late.name: 0}

    def check(subject: Subject, found: Instance) -> str | None:
        del found
        polls[subject.name] += 1
        healthy = polls[subject.name] == 1 if subject.name == flapping.name else polls[subject.name] > 1
        return None if healthy else "It is not healthy."

    gate = a_gate("vm-agent", 1)._replace(checks=[check])
    verdict = wait_until_healthy(azure, gate, [Subject(flapping), Subject(late)], Observer())
    assert verdict.unhealthy == [(flapping, "It is not healthy.")]


@pytest.mark.parametrize("status", [403, 409])
def test_a_poll_that_is_refused_for_a_moment_is_repeated(
    azure: Azure, members: Members, sim: Simulator, status: int
) -> None:
    sim.add_fault({"action": "get", "times": 2, "per": "all", "fault": {"status": status, "code": "Refused"}})
    verdict = wait_until_healthy(azure, a_gate("vm-agent", 30), [Subject(one) for one in members()], Observer())
    assert verdict.unhealthy == []


def test_an_instance_that_may_not_be_read_is_not_healthy(azure: Azure, members: Members, sim: Simulator) -> None:
    chosen = members()
    sim.add_fault({"action": "get", "vm": chosen[0].name, "fault": {"status": 403, "code": "AuthorizationFailed"}})
    verdict = wait_until_healthy(azure, a_gate("vm-agent", 1000), [Subject(one) for one in chosen], Observer())
    ((one, why),) = verdict.unhealthy
    assert one == chosen[0]
    assert why.startswith("It may not be read: AuthorizationFailed")


def test_a_role_that_is_lost_while_others_are_not_healthy_closes_the_gate(
    azure: Azure, members: Members, sim: Simulator
) -> None:
    lost, sick, *_ = members()
    lose = {"action": "get", "vm": lost.name, "fault": {"status": 403, "code": "AuthorizationFailed"}}
    polls = {lost.name: 0, sick.name: 0}

    def check(subject: Subject, _: Instance) -> str | None:
        polls[subject.name] += 1
        if polls[sick.name] == 2:
            sim.add_fault(lose)
        return "It is not healthy."

    gate = a_gate("vm-agent", 1000)._replace(checks=[check])
    verdict = wait_until_healthy(azure, gate, [Subject(lost), Subject(sick)], Observer())
    found = {one.name: why for one, why in verdict.unhealthy}
    assert found[sick.name] == "It is not healthy."
    assert found[lost.name].startswith("It may not be read: AuthorizationFailed")


def test_an_interrupted_gate_says_nothing_of_health(azure: Azure, members: Members) -> None:
    subjects = [Subject(one) for one in members()]
    assert wait_until_healthy(azure, a_gate("vm-agent", 60), subjects, Observer(lambda: True)).unhealthy == []


def test_a_combined_gate_wants_every_check_to_hold(azure: Azure, members: Members) -> None:
    both = a_gate("vm-agent", 1)._replace(checks=tuple(CHECKS.values()))  # none reports the health of an application
    (first, *_) = chosen = members()
    verdict = wait_until_healthy(azure, both, [Subject(one) for one in chosen], Observer())
    assert len(verdict.unhealthy) == len(chosen)
    assert verdict.unhealthy[0][0] == first
    assert verdict.unhealthy[0][1].startswith("It reports no application health")


@pytest.mark.parametrize(
    ("polls", "timeout", "polled", "unhealthy"),
    [
        ([None], 60, 2, []),
        ([None, "Down.", None], 60, 4, []),  # once it is healthy again, it is watched anew
        ([None, "Down."], 1, 2, ["Down."]),
    ],
)
def test_an_instance_must_stay_healthy_and_is_waited_for_again_until_the_time_is_over(
    azure: Azure, members: Members, polls: list[str | None], timeout: int, polled: int, unhealthy: list[str]
) -> None:
    """The last answer is repeated."""
    found: list[str | None] = []

    def check(*_: Any) -> str | None:
        found.append(polls[min(len(found), len(polls) - 1)])
        return found[-1]

    gate = a_gate("vm-agent", timeout)._replace(checks=[check], bake=0.05)
    verdict = wait_until_healthy(azure, gate, [Subject(members()[0])], Observer())
    assert [why for _, why in verdict.unhealthy] == unhealthy
    assert len(found) >= polled
