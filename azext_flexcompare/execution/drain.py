"""Instances out of rotation while they are operated on: taken out before their turn, and put back after it.

A batch is one write for each backend pool. Each write is in the job log before it is sent, so that the log of a run
that was killed names everybody whom it has taken out.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.execution.drain_targets import Target
from azext_flexcompare.execution.monitor import TICK, Monitor
from azext_flexcompare.execution.pool_write import PoolWrite, TakeOut, put_backs, write_pool
from azext_flexcompare.instances import Instance, ResourceId, last_name
from azext_flexcompare.joblog.drains import ENDED, Drained, drain_record
from azext_flexcompare.output.exit_status import RunEnd
from azext_flexcompare.planning.work import Work
from azext_flexcompare.scheduler.observer import Observer
from azext_flexcompare.scheduler.outcome import Outcome, Status

UNTOUCHED = (Status.SKIPPED, Status.NOT_STARTED)


class EarlierDrains(NamedTuple):
    """Whom earlier runs of a log left out of rotation, and the statuses that it has of its instances.

    An instance whose health gate has not passed has no status there.
    """

    out: Sequence[Drained] = ()
    statuses: Mapping[ResourceId, str] = MappingProxyType({})


NO_DRAINS = EarlierDrains()


class DrainPlan(NamedTuple):
    """Which pools instances leave, for how many seconds before they are operated on, and who returns.

    `acts` is whether the run takes out and puts back; one that does not only knows who is out. With `carried` the log
    of the run does not have yet who is out.
    """

    targets: Sequence[Target] = ()
    seconds: float = 0
    undrain_failed: bool = False
    gated: bool = False
    earlier: EarlierDrains = NO_DRAINS
    acts: bool = False
    timeout: float = 0
    carried: bool = False


class _Watch(Observer[PoolWrite]):
    """An observer that shows what a run waits for."""

    def __init__(self, monitor: Monitor, activity: str) -> None:
        super().__init__(monitor.interrupted)
        self.monitor, self.activity = monitor, activity

    def on_turn(self, in_progress: Collection[PoolWrite], waiting: int) -> None:
        """Show the pool that is written; the turns of a window have threads of their own, and are shown elsewhere."""
        if threading.current_thread() is not threading.main_thread():
            return
        self.monitor.show(self.activity, [last_name(one.pool_id) for one in in_progress], waiting)


class Drain:
    """What a run has taken out of rotation; `healthy` are the instances that have passed the health gate.

    Turns may begin and end in several threads. One write is in progress at a time; the next one is for all that wait.
    """

    def __init__(self, azure: Azure, monitor: Monitor, plan: DrainPlan) -> None:
        self.azure, self.monitor, self.plan = azure, monitor, plan
        self.out = {one.key: one for one in plan.earlier.out}
        self.healthy: set[ResourceId] = set()
        self.failed = False
        self.lock, self.writing = threading.Lock(), threading.Lock()
        self.leaving: set[ResourceId] = set()
        self.returning: dict[tuple[str, str], Drained] = {}

    def begin(self, turns: Iterable[Collection[Instance]]) -> None:
        """Return those to rotation that an earlier run left out, unless their turn comes in this run."""
        if self.plan.carried:
            self._carry_over()
        later = {one.id for turn in turns for one in turn}
        statuses = self.plan.earlier.statuses
        self._put_back(
            0,
            [
                one
                for one in list(self.out.values())
                if one.instance not in later and self._returns(one.instance, statuses.get(one.instance), gated=False)
            ],
        )

    def take_out(self, batch: int, work: Iterable[Work]) -> None:
        """Take those out of rotation to whom something is sent, and wait; stop the run where that fails."""
        wanted = {one.id for each in work if each.sends for one in each.instances}
        with self.lock:
            self.leaving |= wanted
        with self.writing:
            with self.lock:
                leaving, self.leaving = self.leaving, set()
            self._take_out(batch, leaving)
        if any(one.instance in wanted for one in list(self.out.values())):
            self._wait()

    def _take_out(self, batch: int, leaving: Collection[ResourceId]) -> None:
        for target in self.plan.targets:
            addresses = target.addresses_of(leaving)
            if not addresses or self._is_over():
                continue
            write = TakeOut(self.azure, target.pool["id"], self.monitor, wanted=addresses, batch=batch)
            outcome = write_pool(write, self.plan.timeout, _Watch(self.monitor, "taking out of rotation"))
            self.out |= {one.key: one for one in write.changes}
            self._stop_at(outcome, target.name, "could not be taken out of rotation")

    def put_back(self, batch: int, instances: Iterable[Instance], outcomes: Iterable[Outcome[Instance]]) -> None:
        """Return those of a batch to rotation that passed the health gate, and those that were not operated on."""
        members = {one.id for one in instances}
        statuses = {one.target.id: one.status for one in outcomes if one.target.id in members}
        returning = [
            one
            for one in list(self.out.values())
            if one.instance in statuses and self._returns(one.instance, statuses[one.instance], self.plan.gated)
        ]
        self._put_back(batch, returning)

    def run_end(self, run_end: RunEnd) -> RunEnd:
        """Return how a run ended, with those that are out of rotation."""
        left = list(dict.fromkeys(one.instance for one in self.out.values()))
        return run_end._replace(out_of_rotation=left, not_put_back=self.failed)

    def _returns(self, instance: ResourceId, status: str | None, gated: bool) -> bool:
        if status is None or status in UNTOUCHED:
            return status is not None
        if status == Status.SUCCEEDED:
            return not gated or instance in self.healthy or self.plan.undrain_failed
        return status == Status.FAILED and self.plan.undrain_failed

    def _put_back(self, batch: int, returning: Sequence[Drained]) -> None:
        if not self.plan.acts or self.monitor.interrupted():
            return
        with self.lock:
            self.returning |= {one.key: one for one in returning}
        with self.writing:
            with self.lock:
                all_of_them, self.returning = self.returning, {}
            self._write_back(batch, all_of_them.values())

    def _write_back(self, batch: int, returning: Iterable[Drained]) -> None:
        for write in put_backs(self.azure, self.monitor, returning, batch=batch):
            outcome = write_pool(write, self.plan.timeout, _Watch(self.monitor, "putting back into rotation"))
            if outcome.status == Status.SUCCEEDED:
                for one in write.drained:
                    self.out.pop(one.key, None)
            self.failed |= self._stop_at(outcome, last_name(write.pool_id), "could not be put back")

    def _stop_at(self, outcome: Outcome[PoolWrite], pool: str, what: str) -> bool:
        """Stop the run where a write did not succeed, and return whether it did not."""
        if outcome.status == Status.SUCCEEDED or self.monitor.interrupted():
            return False
        why = ": ".join(outcome.error or (outcome.status,))
        self.monitor.stop(f"Stopped by --drain: the instances in backend pool {pool} {what}: {why}")
        return True

    def _wait(self) -> None:
        end = time.monotonic() + self.plan.seconds
        while not self._is_over() and (left := end - time.monotonic()) > 0:
            time.sleep(min(TICK, left))
            self.monitor.sync()
            self.monitor.show(f"out of rotation, begins in {left:.0f} s")

    def _is_over(self) -> bool:
        return self.monitor.interrupted() or self.monitor.stop_reason() is not None

    def _carry_over(self) -> None:
        for one in self.out.values():
            self.monitor.write(drain_record(ENDED, 0, [one]))
        self.monitor.sync()
