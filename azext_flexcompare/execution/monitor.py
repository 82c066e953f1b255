"""The observer of a run that acts: it counts outcomes, writes records, and stops the run where it must."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from typing import Protocol

from azure.cli.core.azclierror import FileOperationError

from azext_flexcompare.execution.health_gate import Subject
from azext_flexcompare.instances import Instance, ResourceId
from azext_flexcompare.joblog import records
from azext_flexcompare.joblog.records import Record
from azext_flexcompare.output.exit_status import RunEnd
from azext_flexcompare.output.progress import BatchEnd, Snapshot
from azext_flexcompare.planning.batches import Amount
from azext_flexcompare.planning.work import Work, share_outcome
from azext_flexcompare.scheduler.observer import Observer
from azext_flexcompare.scheduler.outcome import BAD, Error, Outcome
from azext_flexcompare.table.entries import Operation
from azext_flexcompare.times import count, format_duration

TICK = 0.1  # seconds between checks for an interruption while nothing is in progress


class Recorder(Protocol):
    """A writer of the records of a run; a run stops where a required one cannot write."""

    required: bool

    def write(self, written: Iterable[Record]) -> None:
        """Write records; raises OSError where they cannot be kept."""

    def sync(self) -> None:
        """Flush what was written to the disk."""

    def close(self) -> None:
        """Close the file."""


class Display(Protocol):
    """A view of the progress of a run."""

    def show(self, snapshot: Snapshot) -> None:
        """Show the progress."""

    def is_due(self) -> bool:
        """Check whether the progress is shown again now."""

    def end_batch(self, end: BatchEnd) -> None:
        """Show what became of a batch."""

    def close(self) -> None:
        """Remove the view."""


class GateMonitor(Observer[Subject]):
    """An observer that shows which instances a health gate waits for, since when, and how long it may.

    A run that is stopped interrupts it too.
    """

    def __init__(self, monitor: Monitor, timeout: int, *, shows: bool = True) -> None:
        super().__init__(lambda: monitor.interrupted() or monitor.stop_reason() is not None)
        self.monitor, self.timeout, self.began, self.shows = monitor, timeout, time.monotonic(), shows

    def on_turn(self, in_progress: Collection[Subject], waiting: int) -> None:
        """Show the instances that are not known to be healthy yet."""
        if not self.shows:
            return
        waited = f"{format_duration(time.monotonic() - self.began)} of at most {format_duration(self.timeout)}"
        self.monitor.show("not healthy yet", [one.name for one in in_progress], waiting, waited=waited)


class TurnKeeper(Protocol):
    """What ends the turns of instances one by one."""

    def settled(self, outcomes: Iterable[Outcome[Instance]]) -> None:
        """Take the outcomes of instances."""

    def step(self) -> None:
        """Do what is due; called several times a second."""


class Monitor(Observer[Work]):
    """The observer of a run: it writes a record of each step, and knows whether and why the run is stopped."""

    def __init__(
        self,
        operation: Operation,
        interrupted: Callable[[], bool],
        finish: Callable[[Outcome[Instance]], Outcome[Instance]] = lambda outcome: outcome,
        *,
        max_errors: Amount | None = None,
        total: int = 0,
        errors: int = 0,
        log_output: bool = False,
        now: Callable[[Instance], datetime | None] = lambda _: None,
    ) -> None:
        super().__init__(interrupted)
        self.operation, self.finish, self.errors = operation, finish, errors
        self.log_output, self.now = log_output, now
        self.recorders: list[Recorder] = []
        self.lock = threading.RLock()  # the thread that writes a backend pool records it
        self.displays: list[Display] = []
        self.error_limit = None if max_errors is None else max(Fraction(1), max_errors.of(total))
        self.counts: Counter[str] = Counter()
        self.batch = (1, 1)
        self.stopped: str | None = None
        self.alarm: Callable[[], str | None] = lambda: None  # why the run is to be stopped from outside
        self.gate_failed = self.end_failed = False  # whether a gate, or what follows it, stopped the run
        self.not_seen: str | None = None
        self.throttle_waits: list[float] = []
        self.turns: TurnKeeper | None = None
        self.found: list[Outcome[Instance] | Work] = []  # of the calls that have ended, in that order
        self.asked: dict[int, Work] = {}  # calls of an earlier run whose instance has been asked
        self.shares = False  # whether a call tells of the ends of its instances one by one
        self.ended_early: set[ResourceId] = set()  # instances that ended before the call that they share

    def run_end(self, stopped: str | None = None) -> RunEnd:
        """Return how the run ended as a whole; `stopped` is why not everything was planned."""
        return RunEnd(self.stopped or stopped, self.gate_failed or self.end_failed, self.throttle_waits, self.not_seen)

    def stop_reason(self) -> str | None:
        """Return why nothing more is sent, or None."""
        if self.stopped is None and (reason := self.alarm()):
            self.stop(reason)
        return self.stopped

    def stop(self, reason: str) -> None:
        """Stop sending; the first reason stays."""
        with self.lock:
            if self.stopped is not None:
                return
            self.stopped = reason
            self.write(records.record("stopped", reason=reason))

    def may_be_active(self, target: Work) -> bool:
        """Check whether an earlier run sent the call, or may have."""
        return target.sent

    def before_send(self, targets: Sequence[Work]) -> bool:
        """Write to the disk which instances are sent next; return whether they may be sent.

        The first turn of a call that an earlier run made only asks the instance: its record stays the earlier one.
        """
        self.shares |= any(work.ended is not None for work in targets)
        sent = [(one, work) for work in targets if work.sends and not self._asks(work) for one in work.instances]
        self.write(*(records.intent(one.id, self.now(one), work.extension) for one, work in sent))
        self.sync()
        return self.stop_reason() is None or all(work.sent for work in targets)

    def _asks(self, work: Work) -> bool:
        if not work.sent or id(work) in self.asked:
            return False
        self.asked[id(work)] = work
        return True

    def on_accepted(self, target: Work, url: str | None, result_url: str | None) -> None:
        """Write that the service accepted a call, and the URLs of its operation and its result."""
        known = target.operations() if target.operations else {}
        self.write(*(records.accepted(one.id, url, result_url, **known.get(one.id, {})) for one in target.instances))

    def on_throttled(self, target: Work, seconds: float | None, *, sent: bool) -> None:
        """Write that the service throttled a request."""
        self.throttle_waits.append(seconds or 0)
        self.write(*(records.throttled(one.id, seconds, sent=sent) for one in target.instances))

    def on_postponed(self, target: Work, error: Error | None, *, sent: bool) -> None:
        """Write why a request was not accepted, and is sent again later."""
        code = error.code if error else None
        self.write(*(records.postponed(one.id, code, sent=sent) for one in target.instances))

    def on_outcome(self, outcome: Outcome[Work]) -> None:
        """Count and write the outcomes of a call as it ends, and keep them, with the calls that take its place."""
        found = outcome.target.settle(outcome) if outcome.target.settle else share_outcome(outcome)
        self.settle(one for one in found if not isinstance(one, Work))
        self.found += found

    def take_found(self) -> tuple[list[Outcome[Instance]], list[Work]]:
        """Return the outcomes of the calls that have ended since the last time, and the calls that take their place."""
        found, self.found = self.found, []
        done = [self.complete(one) for one in found if not isinstance(one, Work)]
        return done, [one for one in found if isinstance(one, Work)]

    def complete(self, outcome: Outcome[Instance]) -> Outcome[Instance]:
        """Return an outcome with the number of its batch, and without secrets that the service repeats."""
        return replace(self.finish(outcome), batch=self.batch[0])

    def outcome_record(self, outcome: Outcome[Instance]) -> Record:
        """Return the record of an outcome, with the output of a script only if it is wanted there."""
        return records.outcome(self.operation, outcome, with_output=self.log_output)

    def settle(self, outcomes: Iterable[Outcome[Instance]]) -> None:
        """Count and write outcomes, and stop the run once the error limit is reached."""
        completed = [self.complete(one) for one in outcomes if one.target.id not in self.ended_early]
        self.write(*(self.outcome_record(one) for one in completed))
        self.counts.update(one.status for one in completed)
        self.errors += sum(one.status in BAD for one in completed)
        self.check_error_limit()
        if self.turns:
            self.turns.settled(completed)

    def check_error_limit(self) -> None:
        """Stop the run if as many instances have failed as --max-errors allows."""
        if self.error_limit is not None and self.errors >= self.error_limit:
            verb = "has" if self.errors == 1 else "have"
            self.stop(f"Stopped by --max-errors: {count(self.errors, 'instance')} {verb} failed.")

    def on_turn(self, in_progress: Collection[Work], waiting: int) -> None:
        """Flush the records, and show the counts and the names of the last few instances."""
        for work in in_progress if self.shares else ():
            if work.ended and (found := work.ended()):
                early = [one for one in found if one.target.id not in self.ended_early]
                self.settle(early)
                self.ended_early |= {one.target.id for one in early}
        self.sync()
        if self.turns:
            self.turns.step()
        if any(display.is_due() for display in self.displays):
            self.show("in progress", [one.name for work in in_progress for one in work.instances], waiting)

    def show(self, activity: str, names: Sequence[str] | None = None, waiting: int = 0, waited: str = "") -> None:
        """Show what the run is doing with which instances, how many wait for a slot, and how long a gate has waited."""
        snapshot = Snapshot(activity, names, waiting, self.counts, batch=self.batch, waited=waited)
        self._each_display(lambda display: display.show(snapshot))

    def end_batch(self, outcomes: Sequence[Outcome[Instance]], domain: str) -> None:
        """Show what became of the batch."""
        counts = Counter(one.status for one in outcomes)
        end = BatchEnd(self.batch, len(outcomes), domain, counts)
        self._each_display(lambda display: display.end_batch(end))

    def write(self, *found: Record) -> None:
        """Write records; a recorder that fails is written to no more."""
        with self.lock:
            self._each(lambda recorder: recorder.write(found))

    def sync(self) -> None:
        """Flush the records to the disk."""
        with self.lock:
            self._each(lambda recorder: recorder.sync())

    def require_recording(self) -> None:
        """Raise FileOperationError where the records so far could not be written."""
        self.sync()
        if self.stopped:
            raise FileOperationError(
                self.stopped, recommendation="Nothing was sent. Name a file that you can write with --job-log."
            )

    def close(self) -> None:
        """Close all recorders and displays."""
        for recorder in self.recorders:
            recorder.close()
        self._each_display(lambda display: display.close())

    def pause(self, seconds: float, then: str | None = "next batch") -> None:
        """Wait, unless the run is interrupted or stopped."""
        end = time.monotonic() + seconds
        while not (self.interrupted() or self.stop_reason()) and (left := end - time.monotonic()) > 0:
            time.sleep(min(TICK, left))
            self.sync()
            if then:
                self.show(f"{then} in {left:.0f} s")

    def _each(self, do: Callable[[Recorder], None]) -> None:
        with self.lock:
            for recorder in list(self.recorders):
                try:
                    do(recorder)
                except OSError as error:  # noqa: PERF203  (each has its own)
                    self._remove(recorder, error)

    def _each_display(self, do: Callable[[Display], None]) -> None:
        for display in list(self.displays):
            try:
                do(display)
            except (OSError, ValueError):  # noqa: PERF203  (the terminal is gone; the run is not)
                self.displays.remove(display)

    def _remove(self, recorder: Recorder, error: OSError) -> None:
        self.recorders.remove(recorder)
        if recorder.required:
            self.stop(f"The job log could not be written: {error.strerror or error}.")
