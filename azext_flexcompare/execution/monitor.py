"""Who counts, records and stops a run that acts?"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Protocol

from azure.cli.core.azclierror import FileOperationError

from azext_flexcompare.instances import Instance
from azext_flexcompare.joblog import records
from azext_flexcompare.joblog.records import Record
from azext_flexcompare.output.masking import Masker
from azext_flexcompare.output.progress import Snapshot
from azext_flexcompare.planning.batches import Amount
from azext_flexcompare.planning.work import Work, alike
from azext_flexcompare.scheduler.observer import Observer
from azext_flexcompare.scheduler.outcome import BAD, Error, Outcome
from azext_flexcompare.table.entries import Operation

TICK = 0.1  # seconds between looks for an interruption while nothing is under way


class Recorder(Protocol):
    """Someone who follows a run, record by record; a run that a vital one cannot follow is stopped."""

    required: bool

    def write(self, written: Iterable[Record]) -> None:
        """Take records; raises OSError where they cannot be kept."""

    def sync(self) -> None:
        """See to it that what was written stays."""

    def close(self) -> None:
        """Let go."""


class Display(Protocol):
    """Someone who watches how far a run is."""

    def show(self, snapshot: Snapshot) -> None:
        """See how far it is."""

    def close(self) -> None:
        """See no more."""


class GateMonitor(Observer[Instance]):
    """Shows for whose health a run waits."""

    def __init__(self, monitor: Monitor) -> None:
        super().__init__(monitor.interrupted)
        self.monitor = monitor

    def on_turn(self, in_progress: Collection[Instance], waiting: int) -> None:
        """Show who is not known to be healthy yet."""
        self.monitor.show("not healthy yet", [one.name for one in in_progress], waiting)


class Monitor(Observer[Work]):
    """Tells followers every step, stops the run where it must, and knows why."""

    def __init__(
        self,
        operation: Operation,
        interrupted: Callable[[], bool],
        mask: Masker = str,
        max_errors: Amount | None = None,
        total: int = 0,
        errors: int = 0,
    ) -> None:
        super().__init__(interrupted)
        self.operation, self.mask, self.errors = operation, mask, errors
        self.recorders: list[Recorder] = []
        self.displays: list[Display] = []
        self.most = None if max_errors is None else max(Fraction(1), max_errors.of(total))
        self.ended_as: Counter[str] = Counter()
        self.batch = (1, 1)
        self.stopped: str | None = None
        self.ill = False  # whether the gate of health stopped it
        self.unseen: str | None = None  # what an interruption kept from being seen, besides outcomes
        self.refusals: list[float] = []  # seconds that the service asked for, where it refused a request as too many

    def stop_reason(self) -> str | None:
        """Say why nothing more is to be sent, if so."""
        return self.stopped

    def stop(self, reason: str) -> None:
        """Have nothing more sent; the first reason stays."""
        if self.stopped is None:
            self.stopped = reason
            self.tell(records.record("stopped", reason=reason))

    def may_be_active(self, target: Work) -> bool:
        """Say whether an earlier run sent it, or may have."""
        return target.sent

    def before_send(self, targets: Sequence[Work]) -> bool:
        """Write down who is sent next, and have it on the disk before."""
        sent = [one for work in targets if work.sends for one in work.instances]
        self.tell(*(records.intent(one.id) for one in sent))
        self.sync()
        return self.stopped is None or all(work.sent for work in targets)

    def on_accepted(self, target: Work, url: str | None, result_url: str | None) -> None:
        """Write down that the service took a call, and where its operation can be looked at."""
        self.tell(*(records.accepted(one.id, url, result_url) for one in target.instances))

    def on_throttled(self, target: Work, seconds: float | None) -> None:
        """Write down that the service refused a request for want of rate."""
        self.refusals.append(seconds or 0)
        self.tell(*(records.record("throttled", id=one.id, seconds=seconds) for one in target.instances))

    def on_outcome(self, outcome: Outcome[Work]) -> None:
        """Count and write down what became of an instance, unless that is still to be settled."""
        if outcome.target.settle is alike:
            self.settled(alike(outcome))

    def finished(self, one: Outcome[Instance]) -> Outcome[Instance]:
        """Put the number of its batch on an outcome, and a mask over secrets that the service repeats."""
        error = one.error and Error(one.error.code, self.mask(one.error.message))
        return replace(one, batch=self.batch[0], error=error)

    def settled(self, outcomes: Iterable[Outcome[Instance]]) -> None:
        """Count and write down what became of instances, and stop once too many have failed."""
        found = [self.finished(one) for one in outcomes]
        self.tell(*(records.outcome(self.operation, one) for one in found))
        self.ended_as.update(one.status for one in found)
        self.errors += sum(one.status in BAD for one in found)
        self.check_error_limit()

    def check_error_limit(self) -> None:
        """Stop if too many have failed."""
        if self.most is not None and self.errors >= self.most:
            failed = f"{self.errors} instance{'s have' if self.errors != 1 else ' has'} failed"
            self.stop(f"Stopped by --max-errors: {failed}.")

    def on_turn(self, in_progress: Collection[Work], waiting: int) -> None:
        """Keep what was written, and show the numbers, and the names of the last few."""
        self.sync()
        if self.displays:
            self.show("in flight", [one.name for work in in_progress for one in work.instances], waiting)

    def show(self, doing: str, names: Sequence[str] | None = None, waiting: int = 0) -> None:
        """Show what the run is at, with whom, and how many wait for a slot."""
        for display in self.displays:
            display.show(Snapshot(doing, names, waiting, self.ended_as, self.batch))

    def tell(self, *found: Record) -> None:
        """Tell the followers; one that cannot keep it is told no more."""
        self._each(lambda recorder: recorder.write(found))

    def sync(self) -> None:
        """Have what was told reach the disk."""
        self._each(lambda recorder: recorder.sync())

    def require_recording(self) -> None:
        """Refuse to begin where what has been told so far could not be kept."""
        self.sync()
        if self.stopped:
            raise FileOperationError(self.stopped, recommendation="Nothing was sent; name a file that can be written.")

    def close(self) -> None:
        """Let everybody go who follows or watches."""
        for recorder in self.recorders:
            recorder.close()
        for display in self.displays:
            display.close()

    def pause(self, seconds: float) -> None:
        """Wait, unless the run is interrupted or stopped."""
        end = time.monotonic() + seconds
        while not (self.interrupted() or self.stopped) and (left := end - time.monotonic()) > 0:
            time.sleep(min(TICK, left))
            self.sync()
            self.show(f"resting for {left:.0f} s")

    def _each(self, do: Callable[[Recorder], None]) -> None:
        for recorder in list(self.recorders):
            try:
                do(recorder)
            except OSError as error:  # noqa: PERF203  (each has its own)
                self._lose(recorder, error)

    def _lose(self, recorder: Recorder, error: OSError) -> None:
        self.recorders.remove(recorder)
        if recorder.required:
            self.stop(f"The job log could not be written: {error.strerror or error}.")
