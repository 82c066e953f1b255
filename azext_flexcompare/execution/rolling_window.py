"""The rolling window of `--max-unavailable`: instances begin one by one, as soon as the budget of their set allows it.

Each has a turn of its own (see `turn.py`). Its beginning and its end run in threads, so that a hook or a health gate
delays no other instance.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

from knack.log import get_logger

from azext_flexcompare.execution.availability import Member, View, WindowPlan, describe, read_availability
from azext_flexcompare.execution.hooks import AFTER, BEFORE
from azext_flexcompare.execution.turn import Batch, Rollout, begin_turn, end_turn
from azext_flexcompare.instances import Instance, ResourceId
from azext_flexcompare.joblog import records
from azext_flexcompare.output.messages import first_names
from azext_flexcompare.planning.work import Work
from azext_flexcompare.scheduler.outcome import UNFINISHED, Outcome, Status
from azext_flexcompare.scheduler.window import Window
from azext_flexcompare.scheduler.workers import Workers
from azext_flexcompare.times import count

TICK = 0.1  # seconds between checks while only turns are left
THREADS = 128  # turns that begin or end at once, at most
VIEW_AGE, SOONEST_VIEW = 5.0, 1.0  # seconds after which the sets are listed again, for each page, and for a last time
OLDEST_VIEW = 15.0  # seconds after which a list allows nothing more, for each page
PATIENCE = 600.0  # seconds that an operation of another client on an unavailable instance is waited for


class Task(NamedTuple):
    """What a thread does: the beginning or the end of an instance's turn, or a list of the sets (`id` is empty)."""

    what: str
    id: ResourceId = ResourceId("")


LIST = Task("list")


class RollingWindow:
    """The window of a run, over the instances of one batch after the other: of all, or of one domain."""

    def __init__(self, rollout: Rollout, plan: WindowPlan, batches: Sequence[Batch]) -> None:
        self.rollout, self.plan, self.batch = rollout, plan, batches[0]
        self.view = plan.view
        self.window = Window({one.scale_set.id: one.allowed for one in plan.budgets})
        self.window.see(plan.view.down, plan.view.began)
        self.instances = {one.id: one for batch in batches for one in batch.instances}
        self.workers: Workers[Task] = Workers(min(THREADS, len(self.instances)) + 1)
        self.ready: set[ResourceId] = set()
        self.changed: dict[ResourceId, Outcome[Instance]] = {}
        self.asked = self.blocked = False  # whether one asked to begin since the latest step, and one was refused
        self.listed = plan.view.began
        self.waiting_since: float | None = None

    @contextmanager
    def over(self, batch: Batch) -> Iterator[None]:
        """Open the window over a batch; the turns that an earlier run did not end are ended first."""
        self.batch = batch
        with self.workers:
            self.rollout.monitor.turns = self
            for one in [] if self.rollout.over else _open_turns(self.rollout, batch):
                self._begin(one.target)
                self._end(one)
            yield
            self.rollout.monitor.turns = None

    def admit(self, work: Work) -> bool:
        """Check whether the call for an instance may be sent; its turn begins as soon as it may."""
        (instance,) = work.instances
        if instance.id not in self.window.turns and self._may_begin(work, instance):
            self._begin(instance)
            if _has_beginning(self.rollout):
                one = self.batch._replace(instances=[self.instances[instance.id]], work=[work], ended=(), alone=True)
                self.workers.submit(Task("begin", instance.id), partial(begin_turn, self.rollout, one))
            else:
                self.ready.add(instance.id)
        admitted = instance.id in self.ready
        self.asked, self.blocked = True, self.blocked or not admitted
        return admitted

    def settled(self, outcomes: Iterable[Outcome[Instance]]) -> None:
        """End the turns of instances that have their outcome."""
        for one in outcomes:
            if one.target.id in self.window.turns and one.status not in UNFINISHED:
                self._end(one)

    def step(self) -> None:
        """Collect what the threads have done, list the sets again where that is due, and stop where all is used up."""
        for task, answer in self.workers.collect(0):
            self._collect(task, answer)
        if self.asked and not self.rollout.over:
            self._list_again()
        if self.blocked and not self.rollout.over:
            self._check_exhausted()
        self.asked = self.blocked = False

    def finish(self, outcomes: Sequence[Outcome[Instance]]) -> list[Outcome[Instance]]:
        """Wait for the turns that have not ended, and return the outcomes with what these found out."""
        while any(task != LIST for task in self.workers.busy):
            self.rollout.monitor.show("not healthy yet", [one.name for one in self._ending()])
            time.sleep(TICK)
            self.step()
        return [self.changed.get(one.target.id, one) for one in outcomes]

    def _ending(self) -> list[Instance]:
        return [self.instances[task.id] for task in self.workers.busy if task.what == "end"]

    def _may_begin(self, work: Work, instance: Instance) -> bool:
        if work.sent:
            return True
        fresh = time.monotonic() - self.view.began < OLDEST_VIEW * self.view.requests
        return fresh and self.window.may_begin(instance.scale_set.id, instance.id)

    def _begin(self, instance: Instance) -> None:
        self.window.begin(instance.scale_set.id, instance.id, time.monotonic())

    def _end(self, outcome: Outcome[Instance]) -> None:
        id_ = outcome.target.id
        self.ready.discard(id_)
        if not _has_end(self.rollout):
            self._close(outcome)
            return
        one = self.batch._replace(instances=[self.instances[id_]], work=[], ended=(), alone=True)
        self.workers.submit(Task("end", id_), partial(end_turn, self.rollout, one, [outcome]))

    def _close(self, outcome: Outcome[Instance]) -> None:
        """End a turn: the instance is available if it succeeded and was so before, or the operation starts it."""
        before = self.instances[outcome.target.id]
        starts = self.rollout.monitor.operation.powerState == "running" or before.power_state == "running"
        available = outcome.status == Status.SUCCEEDED and starts
        set_id = outcome.target.scale_set.id
        self.window.end(set_id, outcome.target.id, time.monotonic(), available=available)

    def _collect(self, task: Task, answer: object) -> None:
        if isinstance(answer, View):
            self.view = answer
            self.window.see(answer.down, answer.began)
        elif task == LIST:
            self._not_listed(answer)
        elif isinstance(answer, BaseException):
            self.rollout.monitor.stop(f"Stopped by an error at {self.instances[task.id].name}: {answer}")
        elif task.what == "begin":
            self.ready.add(task.id)
        elif isinstance(answer, list):
            self._ended(*answer)

    def _not_listed(self, error: object) -> None:
        why = f"The instances could not be listed for --max-unavailable: {error}"
        get_logger(__name__).warning(why)
        if time.monotonic() - self.view.began > PATIENCE:
            self.rollout.monitor.stop(f"Stopped. {why}")

    def _ended(self, outcome: Outcome[Instance]) -> None:
        monitor = self.rollout.monitor
        self.changed[outcome.target.id] = outcome
        if not self.rollout.over:  # a turn that a stopped run has broken off is ended by a run that resumes it
            monitor.write(records.record("turn", state="ended", batch=self.batch.number, instance=outcome.target.id))
            self._close(outcome)

    def _list_again(self) -> None:
        now, requests = time.monotonic(), self.view.requests
        soon = SOONEST_VIEW if not self.window.turns else VIEW_AGE
        if LIST not in self.workers.busy and now - self.listed >= soon * requests:
            self.listed = now
            sets = [one.scale_set for one in self.plan.budgets]
            command = self.rollout.monitor.operation.name
            list_them = partial(read_availability, self.rollout.azure, command, sets, self.plan.gates)
            self.workers.submit(LIST, list_them)

    def _check_exhausted(self) -> None:
        """Stop the run where nothing can begin any more, since what is unavailable is in no turn."""
        if not self.window.is_settled() or any(task != LIST for task in self.workers.busy):
            self.waiting_since = None
            return
        now = time.monotonic()
        self.waiting_since = self.waiting_since or now
        full = [one for one in self.plan.budgets if len(self.view.down[one.scale_set.id]) >= one.allowed]
        down = [member for one in full for member in self.view.down[one.scale_set.id].values()]
        moving = any(one.in_transition for one in down) and now - self.waiting_since < PATIENCE
        if down and not moving:
            self.rollout.monitor.stop(_exhausted(self.plan, [one.scale_set.id for one in full], down))


def _exhausted(plan: WindowPlan, full: Sequence[ResourceId], down: Sequence[Member]) -> str:
    budgets = [f"{one.allowed} of {one.scale_set.name}" for one in plan.budgets if one.scale_set.id in full]
    unavailable = f"{count(len(down), 'instance')} {'is' if len(down) == 1 else 'are'} unavailable"
    names = first_names([describe(one) for one in down])
    return f"Stopped by --max-unavailable, {', '.join(budgets)}: {unavailable}: {names}."


def _has_beginning(rollout: Rollout) -> bool:
    """Check whether anything comes before a request."""
    return bool(rollout.hooks.commands.get(BEFORE)) or rollout.drain.plan.acts


def _has_end(rollout: Rollout) -> bool:
    """Check whether anything follows an outcome before a turn is over."""
    return rollout.policy.gate is not None or bool(rollout.hooks.commands.get(AFTER)) or rollout.drain.plan.acts


def _open_turns(rollout: Rollout, batch: Batch) -> list[Outcome[Instance]]:
    """Return the outcomes of an earlier run whose instances' turns did not end."""
    ended = rollout.hooks.earlier.turns
    return [one for one in batch.ended if one.target.id not in ended] if _has_end(rollout) else []
