"""The turn of a batch: which hooks run around its requests."""

from __future__ import annotations

from typing import Any

import pytest

from azext_flexcompare.arm.polling import Completed
from azext_flexcompare.execution.drain import Drain, DrainPlan
from azext_flexcompare.execution.hooks import AFTER, BEFORE, Hooks
from azext_flexcompare.execution.monitor import Monitor
from azext_flexcompare.execution.turn import Batch, Rollout, RolloutPolicy, begin_turn, end_turn
from azext_flexcompare.execution.user_command import Shell
from azext_flexcompare.instances import ResourceId
from azext_flexcompare.joblog.hook_records import HookRecords
from azext_flexcompare.planning.work import Work
from azext_flexcompare.scheduler.limits import Limits
from azext_flexcompare.scheduler.outcome import Outcome, Status
from tests.latest.helpers.factories import instance
from tests.latest.helpers.worlds import OPERATIONS

SHELL = Shell(str, lambda: False)
FAILS = {BEFORE: "exit 1", AFTER: "exit 1"}  # so that a hook that runs shows
ONE = instance()
UNSENT, SENT = Work([ONE], Completed), Work([ONE], Completed, sent=True)
ENDED = Outcome(ONE, Status.SUCCEEDED)


def rollout(azure: Any = None, ended: str | None = None) -> Rollout:
    monitor = Monitor(OPERATIONS["restart"], lambda: False)
    earlier = HookRecords((), {(ended, 1, ResourceId(""))} if ended else ())
    hooks = Hooks(monitor, SHELL, FAILS, timeout=60, earlier=earlier)
    return Rollout(azure, Limits(1), monitor, RolloutPolicy(), hooks=hooks, drain=Drain(azure, monitor, DrainPlan()))


@pytest.mark.parametrize(
    ("work", "ended", "runs"),
    [
        ([UNSENT], None, True),
        ([UNSENT], BEFORE, True),  # nothing was sent
        ([SENT], BEFORE, False),
        ([SENT], None, True),
        ([], None, False),
    ],
)
def test_the_hook_before_a_batch_runs_before_its_first_request(work: list[Work], ended: str | None, runs: bool) -> None:
    found = rollout(ended=ended)
    begin_turn(found, Batch(1, [ONE], work))
    assert bool(found.monitor.stopped) is runs


@pytest.mark.parametrize(("ended", "runs"), [(None, True), (BEFORE, True), (AFTER, False)])
def test_the_hook_after_a_batch_runs_once(ended: str | None, runs: bool) -> None:
    found = rollout(ended=ended)
    assert end_turn(found, Batch(1, [ONE], []), [ENDED]) == [ENDED]
    assert (bool(found.monitor.stopped), found.monitor.end_failed) == (runs, runs)


def test_no_hook_follows_a_run_that_is_stopped() -> None:
    found = rollout()
    found.monitor.stop("Enough.")
    begin_turn(found, Batch(1, [ONE], [UNSENT]))
    end_turn(found, Batch(1, [ONE], []), [ENDED])
    assert found.monitor.stopped == "Enough."
