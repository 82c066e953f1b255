"""The progress line of a run on a terminal."""

from __future__ import annotations

import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import IO, Any, NamedTuple

from knack.log import get_logger

from azext_flexcompare.output.text import show_invisible
from azext_flexcompare.scheduler.outcome import BAD, STATUSES
from azext_flexcompare.times import count, format_duration


class Snapshot(NamedTuple):
    """The progress of a run at one moment.

    `names` are None where no instance is named, `waiting` counts the instances of this batch that wait for a slot,
    `batch` is which of how many, `waited` how long a health gate has waited, and may.
    """

    activity: str
    names: Sequence[str] | None
    waiting: int
    counts: Counter[str]
    batch: tuple[int, int]
    waited: str = ""


STDERR = "-"
FEW = 2  # instances that are named
INTERVAL = 0.2  # seconds between two updates of the line
ERASE = "\r\x1b[K"
KEPT = "\t"  # in the output of a command


class BatchEnd(NamedTuple):
    """A batch that has ended: which of how many, its instances, its domain if it has one, and their statuses."""

    batch: tuple[int, int]
    instances: int
    domain: str
    counts: Counter[str]


class BatchTimes:
    """The times that the batches of a run took so far, for an estimate of what is left."""

    def __init__(self, now: float) -> None:
        self.began = self.latest_began = now
        self.first = self.latest = 0  # numbers of batches; 0: none was seen

    def update(self, number: int, now: float) -> None:
        """Record which batch is in operation."""
        self.first = self.first or number
        if number > self.latest:
            self.latest, self.latest_began = number, now if number > self.first else self.began

    def left(self, batches: int, now: float) -> float | None:
        """Return the seconds that are left by what earlier batches took, or None before one has ended."""
        if self.latest <= self.first:
            return None
        each = (self.latest_began - self.began) / (self.latest - self.first)
        return each * (batches - self.latest + 1) - (now - self.latest_began)


class ProgressLine:
    """One line of a terminal that is updated in place."""

    def __init__(self, stream: IO[str], total: int) -> None:
        self.stream, self.total = stream, total
        self.began = time.monotonic()
        self.times = BatchTimes(self.began)
        self.shown = 0.0

    def is_due(self) -> bool:
        """Check whether the line was last updated more than a moment ago."""
        return time.monotonic() - self.shown >= INTERVAL

    def show(self, snapshot: Snapshot) -> None:
        """Update the line, unless it was updated a moment ago."""
        now = time.monotonic()
        self.times.update(snapshot.batch[0], now)
        if now - self.shown >= INTERVAL:
            self.shown = now
            line = show_invisible(progress(self.total, snapshot, self._left(snapshot, now)), keep="")
            self.stream.write(ERASE + line[: shutil.get_terminal_size().columns - 1])
            self.stream.flush()

    def end_batch(self, end: BatchEnd) -> None:
        """Show nothing: the line shows the batch."""

    def close(self) -> None:
        """Erase the line."""
        self.stream.write(ERASE)
        self.stream.flush()

    def _left(self, snapshot: Snapshot, now: float) -> float | None:
        batches = snapshot.batch[1]
        return self.times.left(batches, now) if batches > 1 else time_left(self.total, snapshot, now - self.began)


class BatchLines:
    """A line of the log for each batch, where there is no terminal."""

    def is_due(self) -> bool:
        """Return False: nothing is shown until a batch has ended."""
        return False

    def show(self, snapshot: Snapshot) -> None:
        """Show nothing until a batch has ended."""

    def end_batch(self, end: BatchEnd) -> None:
        """Log what became of a batch, if there are several."""
        if end.batch[1] > 1:
            get_logger(__name__).warning(batch_line(end))

    def close(self) -> None:
        """Do nothing: there is nothing to remove."""


def batch_line(end: BatchEnd) -> str:
    """Return a batch that has ended in one line."""
    what = count(end.instances, "instance") + (end.domain and f", {end.domain}")
    statuses = ", ".join(f"{end.counts[status]} {status}" for status in STATUSES if end.counts[status])
    return f"Batch {end.batch[0]} of {end.batch[1]}: {what}: {statuses}"


def time_left(total: int, snapshot: Snapshot, seconds: float) -> float | None:
    """Return the seconds that are left in a run of one batch, by how many instances ended after so many seconds.

    There is no ground for that unless instances wait for a slot and at least as many have ended as are in progress.
    """
    done = sum(snapshot.counts.values())
    if not snapshot.waiting or not done or done < len(snapshot.names or ()):
        return None
    return seconds / done * (total - done)


def progress(total: int, snapshot: Snapshot, left: float | None) -> str:
    """Return the progress in one line, with the seconds that are left if known; a few instances are named."""
    done, batch = sum(snapshot.counts.values()), snapshot.batch
    parts = [f"{done} of {total} done", f"{sum(snapshot.counts[status] for status in BAD)} failed", _activity(snapshot)]
    parts += [f"{snapshot.waiting} waiting"] if snapshot.waiting else []
    parts += [f"batch {batch[0]} of {batch[1]}"] if batch[1] > 1 else []
    parts += [f"about {format_duration(left)} left"] if left is not None and left > 0 and done < total else []
    return ", ".join(parts)


def _activity(snapshot: Snapshot) -> str:
    if snapshot.names is None:
        return snapshot.activity
    few = f" ({', '.join(sorted(snapshot.names))})" if 0 < len(snapshot.names) <= FEW else ""
    waited = f" for {snapshot.waited}" if snapshot.waited else ""
    return f"{len(snapshot.names)} {snapshot.activity}{few}{waited}"


def progress_on(cli_ctx: Any, events: str | None, total: int) -> list[ProgressLine | BatchLines]:
    """Return the progress line on a terminal or else the batch lines, unless events are written to standard error."""
    quiet = cli_ctx.only_show_errors or cli_ctx.config.getboolean("core", "disable_progress_bar", fallback=False)
    if events == STDERR:
        return []
    if not sys.stderr.isatty():
        return [BatchLines()]
    return [] if quiet else [ProgressLine(sys.stderr, total)]


def write_lines() -> Callable[[str], None]:
    """Return what writes the output of a command to standard error, whole lines, in place of a progress line."""
    left = [""]

    def write(text: str) -> None:
        *whole, left[0] = (left[0] + text).split("\n")
        erase = ERASE if sys.stderr.isatty() else ""
        with suppress(OSError, ValueError):  # the terminal is gone; the run is not
            sys.stderr.write("".join(f"{erase}{show_invisible(line, KEPT)}\n" for line in whole))
            sys.stderr.flush()

    return write
