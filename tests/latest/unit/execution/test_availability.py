"""What counts as unavailable, and the budgets of sets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from azure.mgmt.compute.v2024_11_01 import models

from armsim import Simulator
from armsim.world.description import default_description
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.execution.availability import (
    Budget,
    Member,
    View,
    WindowPlan,
    budgets_of,
    logged_budgets,
    read_availability,
    why_unavailable,
    window_lines,
)
from azext_flexcompare.instances import Instance, ResourceId
from azext_flexcompare.planning.batches import parse_batch_size
from tests.latest.helpers.factories import DB, WEB, instance

GATES = ("vm-agent", "app-health")


def machine(agent: str = "Ready", health: str | None = None) -> Any:
    found = models.VirtualMachine(location="westeurope")
    found.instance_view = view = models.VirtualMachineInstanceView()
    statuses = [models.InstanceViewStatus(display_status=agent)]
    view.vm_agent = models.VirtualMachineAgentInstanceView(statuses=statuses)
    if health:
        view.vm_health = models.VirtualMachineHealthStatus()
        view.vm_health.status = models.InstanceViewStatus(code=f"HealthState/{health}")
    return found


@pytest.mark.parametrize(
    ("known", "gates", "why"),
    [
        ({}, (), None),
        ({"power_state": "stopped"}, (), "stopped"),
        ({"power_state": None}, (), "no power state"),
        ({"provisioning_state": "Failed"}, (), "Failed"),
        ({"provisioning_state": "Updating"}, (), "Updating"),
        ({"resource": machine()}, GATES, None),  # it reports no health of an application
        ({"resource": machine("Not Ready")}, GATES, "agent not ready"),
        ({"resource": machine("Not Ready")}, ("app-health",), None),
        ({"resource": machine(health="unhealthy")}, GATES, "application not healthy"),
        ({"resource": machine(health="healthy")}, GATES, None),
        ({"resource": None}, GATES, "agent not ready"),
    ],
)
def test_an_instance_is_available_where_it_runs_and_is_healthy(
    known: dict[str, Any], gates: tuple[str, ...], why: str | None
) -> None:
    assert why_unavailable(instance(**known), gates) == why


@pytest.mark.parametrize(
    ("amount", "total", "allowed"), [("3", 12, 3), ("25%", 12, 3), ("25%", 11, 2), ("1%", 12, 1), ("100%", 12, 12)]
)
def test_a_percentage_is_rounded_down_and_at_least_one(amount: str, total: int, allowed: int) -> None:
    assert budgets_of(parse_batch_size(amount), [WEB], {WEB.id: total}) == [Budget(WEB, total, allowed)]


def test_the_budgets_of_a_log_are_kept_and_one_that_it_lacks_is_the_smallest() -> None:
    plan = {"window": [Budget(WEB, 12, 3).record(), {"scaleSet": 5}]}
    assert logged_budgets(plan, [WEB, DB]) == [Budget(WEB, 12, 3), Budget(DB, 0, 1)]


def test_the_whole_set_is_read_and_only_what_is_unavailable_returned(
    azure: Azure, members: Callable[[], list[Instance]], sim: Simulator
) -> None:
    world = default_description(4)
    world["resourceGroups"]["rg"]["scaleSets"]["flex"]["overrides"] = {"#1": {"powerState": "deallocated"}}
    sim.reset(world)
    _, down, *_ = members()
    view = read_availability(azure, "restart", [down.scale_set], ())
    assert view.down == {down.scale_set.id: {down.id: Member(down.name, "deallocated", in_transition=False)}}
    assert view.totals == {down.scale_set.id: 4}


@pytest.mark.parametrize(
    ("down", "line"),
    [
        ([], "Window: 2 of the 12 instances of web may be unavailable at once; none is now."),
        (["a"], "1 is now: a (stopped); 1 more may begin at once."),
        (["a", "b"], "2 are now: a (stopped), b (stopped); one that is available begins only once fewer are."),
    ],
)
def test_the_arithmetic_is_a_sentence(down: list[str], line: str) -> None:
    members = {ResourceId(name): Member(name, "stopped", in_transition=False) for name in down}
    plan = WindowPlan([Budget(WEB, 12, 2)], View({WEB.id: members}, {WEB.id: 12}, 0.0, 1))
    (found,) = window_lines(plan, everything=True)
    assert found.endswith(line)
    assert bool(window_lines(plan, everything=False)) is bool(down)
