"""The health of a batch before the next one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from azure.mgmt.compute.v2024_11_01 import models

from armsim import Simulator
from armsim.world.description import default_description
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.execution.health_gate import Gate, agent_trouble, application_trouble, find_unhealthy
from azext_flexcompare.instances import Instance
from azext_flexcompare.scheduler.observer import Observer

Members = Callable[[], list[Instance]]


def view(agent: list[str | None] | None = None, health: str | None = None) -> Any:
    found = models.VirtualMachineInstanceView()
    if agent is not None:
        statuses = [models.InstanceViewStatus(display_status=one) for one in agent]
        found.vm_agent = models.VirtualMachineAgentInstanceView(statuses=statuses)
    if health is not None:
        found.vm_health = models.VirtualMachineHealthStatus()
        found.vm_health.status = models.InstanceViewStatus(code=health)
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
    assert agent_trouble(view(agent)) == trouble


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
    assert application_trouble(view(health=health)) == trouble


def test_an_instance_without_a_view_is_in_trouble() -> None:
    assert agent_trouble(None)
    assert application_trouble(None)


def test_only_the_unhealthy_are_listed_with_the_reason(azure: Azure, members: Members, sim: Simulator) -> None:
    world = default_description(3)
    world["resourceGroups"]["rg"]["scaleSets"]["flex"]["overrides"] = {"#1": {"agentReadyAfter": "never"}}
    sim.reset(world)
    chosen = members()
    for one in chosen:
        azure.compute(None).virtual_machines.begin_restart("rg", one.name, polling=False)
    sim.advance(60)  # the operations have ended
    found = find_unhealthy(azure, Gate("vm-agent", 1), chosen, Observer())
    assert found == [(chosen[1], "Its VM agent is Not Ready.")]


def test_an_instance_that_is_gone_is_unhealthy(azure: Azure, members: Members) -> None:
    gone = members()[0]._replace(name="nobody")
    assert find_unhealthy(azure, Gate("vm-agent", 1), [gone], Observer()) == [(gone, "It no longer exists.")]
