"""Batch after batch, and what keeps the next from beginning."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from armsim import Simulator
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.polling import Completed
from azext_flexcompare.execution.drain import Drain, DrainPlan
from azext_flexcompare.execution.hooks import Hooks
from azext_flexcompare.execution.monitor import Monitor
from azext_flexcompare.execution.rollout import LEAST_ASKED, limits_of_rest, roll_out
from azext_flexcompare.execution.turn import Batch, Rollout, RolloutPolicy
from azext_flexcompare.execution.user_command import Shell
from azext_flexcompare.instances import Instance
from azext_flexcompare.planning.work import Work
from azext_flexcompare.scheduler.limits import Limits
from azext_flexcompare.scheduler.outcome import Outcome
from azext_flexcompare.scheduler.poller import Failure, Poller
from azext_flexcompare.table.entries import operations
from tests.latest.helpers.factories import BUSY, a_gate

RESTART = next(one for one in operations() if one.name == "restart")
Members = Callable[[], list[Instance]]


def failing() -> Poller:
    raise Failure(BUSY)


def batches_of(*groups: list[Instance], call: Callable[[], Poller] = Completed) -> list[Batch]:
    return [Batch(number, group, [Work([one], call) for one in group]) for number, group in enumerate(groups, 1)]


@pytest.fixture
def go(azure: Azure) -> Callable[..., tuple[list[Outcome[Instance]], Monitor]]:
    def go(
        batches: list[Batch], policy: RolloutPolicy | None = None, **more: Any
    ) -> tuple[list[Outcome[Instance]], Monitor]:
        monitor = Monitor(RESTART, more.pop("interrupted", lambda: False))
        if more.pop("stop_after_first", False):
            monitor.write = lambda *_: monitor.stop("Enough.") if monitor.counts else None  # type: ignore[method-assign]
        drain = Drain(azure, monitor, DrainPlan())
        hooks = Hooks(monitor, Shell(str, monitor.interrupted), {}, timeout=60)
        rollout = Rollout(azure, Limits(8, timeout=60), monitor, policy or RolloutPolicy(), hooks=hooks, drain=drain)
        return roll_out(rollout, batches, **more), monitor

    return go


def test_every_batch_is_carried_out_in_turn(go: Any, members: Members) -> None:
    first, second, third, *_ = members()
    outcomes, monitor = go(batches_of([first, second], [third]))
    assert [(one.target, one.status, one.batch) for one in outcomes] == [
        (first, "Succeeded", 1),
        (second, "Succeeded", 1),
        (third, "Succeeded", 2),
    ]
    assert monitor.batch == (2, 2)


def test_an_interrupted_run_starts_nothing(go: Any, members: Members) -> None:
    first, second, *_ = members()
    sent: list[str] = []

    def send(name: str) -> Poller:
        sent.append(name)
        return Completed()

    batches = [Batch(n, [one], [Work([one], partial(send, one.name))]) for n, one in enumerate((first, second), 1)]
    outcomes, _ = go(batches, interrupted=lambda: True)
    assert [one.status for one in outcomes] == ["NotStarted", "NotStarted"]
    assert sent == []


def test_a_batch_that_is_not_healthy_stops_the_run(go: Any, members: Members) -> None:
    first, second, *_ = members()  # no instance reports its application's health
    outcomes, monitor = go(batches_of([first], [second]), RolloutPolicy(gate=lambda _: a_gate("app-health", 1)))
    assert [one.status for one in outcomes] == ["Succeeded", "NotStarted"]
    assert outcomes[0].reason.startswith("Not healthy after 1 s: ")
    assert monitor.gate_failed
    assert monitor.stopped.startswith("Stopped by --health-gate app-health")


def test_a_domain_in_which_an_instance_is_busy_keeps_the_next_from_beginning(
    go: Any, members: Members, sim: Simulator, azure: Azure
) -> None:
    sim.configure(seconds=600)
    chosen = members()
    first, second = (next(one for one in chosen if one.zone == zone) for zone in ("1", "2"))
    azure.compute(None).virtual_machines.begin_restart("rg", first.name, polling=False)
    outcomes, monitor = go(batches_of([second]), RolloutPolicy(domains=["zone"]), possibly_active=[first])
    assert [one.status for one in outcomes] == ["NotStarted"]
    assert monitor.stopped == f"Stopped by --batch-by zone: still in operation: {first.name}."


def test_a_domain_at_rest_lets_the_next_begin(go: Any, members: Members) -> None:
    chosen = members()
    first, second = (next(one for one in chosen if one.zone == zone) for zone in ("1", "2"))
    outcomes, _ = go(batches_of([second], call=failing), RolloutPolicy(domains=["zone"]), possibly_active=[first])
    assert [(one.status, one.error) for one in outcomes] == [("Failed", BUSY)]


@pytest.mark.parametrize(
    ("sent", "seconds", "left"), [(True, 20, 40), (True, 59, LEAST_ASKED), (True, 90, LEAST_ASKED), (False, 20, 60)]
)
def test_the_time_of_a_call_counts_where_its_instances_are_only_asked(sent: bool, seconds: float, left: float) -> None:
    asked = Work([], Completed, sent=True)
    assert limits_of_rest(Limits(8, timeout=60), [asked, asked._replace(sent=sent)], seconds).timeout == left
    assert limits_of_rest(Limits(8), [asked], seconds).timeout is None
