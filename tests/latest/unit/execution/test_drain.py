"""Who leaves rotation and who returns, by outcomes, gates, stops and interruptions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from armsim import Simulator
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.execution.drain import Drain, DrainPlan, EarlierDrains
from azext_flexcompare.execution.drain_targets import find_targets
from azext_flexcompare.execution.monitor import Monitor
from azext_flexcompare.instances import Instance
from azext_flexcompare.joblog.drains import out_of_rotation
from azext_flexcompare.output.exit_status import NORMAL_END
from azext_flexcompare.planning.work import Work
from azext_flexcompare.scheduler.outcome import STATUSES, Outcome, Status
from tests.latest.helpers.rotation import MEMBERS, admin_states, balanced, pool_writes
from tests.latest.helpers.worlds import OPERATIONS

REFUSED = {"status": 403, "code": "No", "message": "!"}


class Kept:
    """A recorder in memory."""

    required = True

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []

    def write(self, written: Any) -> None:
        self.records += written

    def sync(self) -> None:
        """Do nothing: what is in memory is there."""

    def close(self) -> None:
        """Do nothing."""


class Run:
    """A run over the first instances of the set, one for each status."""

    def __init__(self, azure: Azure, members: list[Instance], **plan: Any) -> None:
        self.interrupted, self.log = False, Kept()
        self.monitor = Monitor(OPERATIONS["restart"], lambda: self.interrupted)
        self.monitor.recorders.append(self.log)
        self.members = members
        targets = find_targets(azure, ("auto",), members, "--drain")
        self.drain = Drain(azure, self.monitor, DrainPlan(targets, acts=True, timeout=60, **plan))

    def take_out(self) -> None:
        self.drain.take_out(1, [Work([one], lambda: None) for one in self.members])  # type: ignore[arg-type, return-value]

    def put_back(self, *statuses: str) -> None:
        outcomes = [Outcome(one, how) for one, how in zip(self.members, statuses, strict=True)]
        self.drain.put_back(1, self.members, outcomes)


@pytest.fixture
def start(sim: Simulator, azure: Azure, members: Callable[[], list[Instance]]) -> Callable[..., Run]:
    sim.reset(world=balanced())
    return lambda number, **plan: Run(azure, members()[:number], **plan)


def test_who_was_not_operated_on_or_succeeded_returns(start: Callable[..., Run], sim: Simulator) -> None:
    some = [one for one in STATUSES if one not in (Status.ACCEPTED, Status.PLANNED)]
    run = start(len(some))
    run.take_out()
    assert admin_states(sim) == dict.fromkeys(MEMBERS[: len(some)], "Down")
    run.put_back(*some)
    stays = (Status.FAILED, Status.TIMED_OUT, Status.INTERRUPTED)
    left = {name for name, status in zip(MEMBERS, some, strict=False) if status in stays}
    assert set(admin_states(sim)) == left
    assert {one.instance.rpartition("/")[2] for one in out_of_rotation(run.log.records)} == left
    assert len(run.drain.run_end(NORMAL_END).out_of_rotation) == len(left)


def test_who_has_not_passed_the_gate_stays_out(start: Callable[..., Run], sim: Simulator) -> None:
    run = start(2, gated=True)
    run.take_out()
    run.drain.healthy = {run.members[0].id}
    run.put_back(Status.SUCCEEDED, Status.SUCCEEDED)
    assert set(admin_states(sim)) == {MEMBERS[1]}


def test_an_interrupted_run_sends_nothing_more(start: Callable[..., Run], sim: Simulator) -> None:
    run = start(2)
    run.take_out()
    run.interrupted = True
    before = len(sim.requests())
    run.put_back(Status.SUCCEEDED, Status.NOT_STARTED)
    run.take_out()
    assert len(sim.requests()) == before
    assert len(run.drain.out) == 2


def test_whoever_an_earlier_run_left_out_returns_at_the_beginning_unless_its_turn_comes(
    start: Callable[..., Run], sim: Simulator
) -> None:
    run = start(5)
    run.take_out()
    statuses = (Status.SUCCEEDED, Status.FAILED, None, Status.SUCCEEDED, Status.NOT_STARTED)
    logged = {one.id: status for one, status in zip(run.members, statuses, strict=True) if status}
    earlier = EarlierDrains(out_of_rotation(run.log.records), logged)
    again = Drain(run.drain.azure, run.monitor, replace_plan(run, earlier))
    again.begin([run.members[3:4]])
    assert set(admin_states(sim)) == {*MEMBERS[1:3], MEMBERS[3]}
    only_watching = Drain(run.drain.azure, run.monitor, DrainPlan(earlier=earlier))
    only_watching.begin([])
    assert len(only_watching.run_end(NORMAL_END).out_of_rotation) == 5


def replace_plan(run: Run, earlier: EarlierDrains) -> DrainPlan:
    return run.drain.plan._replace(earlier=earlier)


def test_turns_that_begin_and_end_at_once_share_their_writes(start: Callable[..., Run], sim: Simulator) -> None:
    run = start(6)
    sim.configure(latency=0.05)
    turns = [partial(run.drain.take_out, 1, [Work([one], lambda: None)]) for one in run.members]  # type: ignore[arg-type, return-value]
    in_threads(turns)
    assert admin_states(sim) == dict.fromkeys(MEMBERS, "Down")
    assert len(pool_writes(sim)) < len(MEMBERS)
    in_threads([partial(run.drain.put_back, 1, [one], [Outcome(one, Status.SUCCEEDED)]) for one in run.members])
    assert (admin_states(sim), run.drain.out) == ({}, {})
    assert len(pool_writes(sim)) < 2 * len(MEMBERS)
    assert out_of_rotation(run.log.records) == []


def in_threads(turns: Sequence[Callable[[], None]]) -> None:
    with ThreadPoolExecutor(len(turns)) as pool:
        for ended in [pool.submit(turn) for turn in turns]:
            ended.result()


def test_a_pool_that_is_refused_stops_the_run(start: Callable[..., Run], sim: Simulator) -> None:
    run = start(2)
    sim.add_fault({"action": "pool-put", "times": 1, "per": "all", "fault": REFUSED})
    run.take_out()
    assert run.monitor.stopped == (
        "Stopped by --drain: the instances in backend pool lb/pool could not be taken out of rotation: No: !"
    )
    assert (admin_states(sim), run.drain.out) == ({}, {})


def test_others_learn_from_a_new_log_who_is_out(start: Callable[..., Run]) -> None:
    run = start(2)
    run.take_out()
    out = out_of_rotation(run.log.records)
    other = start(2, earlier=EarlierDrains(out), carried=True)
    other.drain.begin([other.members])
    assert out_of_rotation(other.log.records) == out
