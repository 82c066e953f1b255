"""The turns of a rolling window."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from armsim import Simulator
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.polling import Completed
from azext_flexcompare.execution import rolling_window
from azext_flexcompare.execution.availability import Budget, WindowPlan, read_availability
from azext_flexcompare.execution.drain import Drain, DrainPlan
from azext_flexcompare.execution.hooks import AFTER, BEFORE, Hooks
from azext_flexcompare.execution.monitor import Monitor
from azext_flexcompare.execution.rollout import roll_out
from azext_flexcompare.execution.turn import Batch, Rollout, RolloutPolicy
from azext_flexcompare.execution.user_command import Shell
from azext_flexcompare.instances import Instance
from azext_flexcompare.joblog.hook_records import HookRecords
from azext_flexcompare.planning.work import Work
from azext_flexcompare.scheduler.limits import Limits
from azext_flexcompare.scheduler.outcome import Outcome, Status
from azext_flexcompare.scheduler.poller import Failure, Poller
from tests.latest.helpers.factories import BUSY, a_gate
from tests.latest.helpers.worlds import OPERATIONS

Members = Callable[[], list[Instance]]
Go = Callable[..., tuple[list[Outcome[Instance]], Monitor]]


@pytest.fixture
def go(azure: Azure, monkeypatch: pytest.MonkeyPatch) -> Go:
    monkeypatch.setattr(rolling_window, "SOONEST_VIEW", 0.05)
    monkeypatch.setattr(rolling_window, "PATIENCE", 0.3)

    def go(batch: Batch, allowed: int = 1, **more: Any) -> tuple[list[Outcome[Instance]], Monitor]:
        monitor = Monitor(OPERATIONS["restart"], lambda: False)
        (scale_set,) = {one.scale_set for one in batch.instances}
        view = read_availability(azure, "restart", [scale_set], ())
        window = WindowPlan([Budget(scale_set, 6, allowed)], view)
        hooks = Hooks(
            monitor, Shell(str, monitor.interrupted), more.pop("commands", {}), timeout=60, earlier=HookRecords(**more)
        )
        gate = a_gate("vm-agent", 1)
        policy = RolloutPolicy(gate=lambda _: gate, window=window)
        drain = Drain(azure, monitor, DrainPlan())
        rollout = Rollout(azure, Limits(8, timeout=60), monitor, policy, hooks=hooks, drain=drain)
        return roll_out(rollout, [batch]), monitor

    return go


def at_most(number: int, names: set[str], one: Instance) -> Poller:
    names.add(one.name)
    assert len(names) <= number
    time.sleep(0.05)
    names.discard(one.name)
    return Completed()


def test_every_instance_has_its_turn_and_no_more_than_allowed_at_once(go: Go, members: Members) -> None:
    chosen, sent = members(), set[str]()
    work = [Work([one], partial(at_most, 2, sent, one)) for one in chosen]
    outcomes, monitor = go(Batch(1, chosen, work), allowed=2)
    assert {one.target.name: one.status for one in outcomes} == {one.name: Status.SUCCEEDED for one in chosen}
    assert monitor.stopped is None


def test_one_that_failed_without_a_trace_makes_room_once_the_list_shows_it_available(go: Go, members: Members) -> None:
    def refuse() -> Poller:
        raise Failure(BUSY)

    first, second, *_ = chosen = members()
    outcomes, monitor = go(Batch(1, chosen, [Work([first], refuse), Work([second], Completed)]))
    assert [one.status for one in outcomes] == [Status.FAILED, Status.SUCCEEDED]
    assert monitor.stopped is None


def test_a_budget_that_is_used_up_by_what_is_down_stops_the_run(
    go: Go, members: Members, azure: Azure, sim: Simulator
) -> None:
    *chosen, down = members()
    azure.compute(None).virtual_machines.begin_deallocate("rg", down.name, polling=False)
    sim.advance(60)
    outcomes, monitor = go(Batch(1, chosen, [Work([one], Completed) for one in chosen]))
    assert {one.status for one in outcomes} == {Status.NOT_STARTED}
    assert monitor.stopped == (
        f"Stopped by --max-unavailable, 1 of flex: 1 instance is unavailable: {down.name} (deallocated)."
    )


def test_hooks_run_for_each_instance(go: Go, members: Members, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    commands = dict.fromkeys((BEFORE, AFTER), f"echo $VMSS_FLEX_HOOK $VMSS_FLEX_INSTANCE >> {ran}")
    first, second, *_ = chosen = members()
    go(Batch(1, chosen, [Work([one], Completed) for one in (first, second)]), commands=commands)
    each = [f"{hook} {one.name}" for one in (first, second) for hook in (BEFORE, AFTER)]
    assert ran.read_text().splitlines() == each


def test_a_hook_that_fails_stops_the_run_before_its_instance_is_sent(go: Go, members: Members) -> None:
    first, second, *_ = chosen = members()
    commands = {BEFORE: f"test $VMSS_FLEX_INSTANCE = {first.name}"}
    outcomes, monitor = go(Batch(1, chosen, [Work([one], Completed) for one in (first, second)]), commands=commands)
    assert [one.status for one in outcomes] == [Status.SUCCEEDED, Status.NOT_STARTED]
    assert monitor.stopped == f"Stopped by --before-batch: {second.name}: It exited with status 1."


@pytest.mark.parametrize("ended", [True, False])
def test_a_turn_that_an_earlier_run_did_not_end_is_ended_first(
    go: Go, members: Members, tmp_path: Path, ended: bool
) -> None:
    ran = tmp_path / "ran"
    ran.touch()
    first, second, *_ = chosen = members()
    batch = Batch(1, chosen, [Work([second], Completed)], [Outcome(first, Status.SUCCEEDED)])
    turns = {first.id} if ended else ()
    go(batch, commands={AFTER: f"echo $VMSS_FLEX_INSTANCE >> {ran}"}, turns=turns)
    assert ran.read_text().split() == ([] if ended else [first.name]) + [second.name]
