"""The progress line of a run on a terminal."""

from __future__ import annotations

import shutil
import sys
import time
from collections import Counter
from collections.abc import Sequence
from typing import IO, Any, NamedTuple

from azext_flexcompare.output.text import show_invisible
from azext_flexcompare.scheduler.outcome import BAD
from azext_flexcompare.times import format_duration


class Snapshot(NamedTuple):
    """The progress of a run at one moment.

    `names` are None where no instance is named, `waiting` counts the instances of this batch that wait for a slot,
    `batch` is which of how many.
    """

    activity: str
    names: Sequence[str] | None
    waiting: int
    counts: Counter[str]
    batch: tuple[int, int]


STDERR = "-"
FEW = 2  # instances that are named
INTERVAL = 0.2  # seconds between two updates of the line
ERASE = "\r\x1b[K"


class ProgressLine:
    """One line of a terminal that is updated in place."""

    def __init__(self, stream: IO[str], total: int) -> None:
        self.stream, self.total = stream, total
        self.began = time.monotonic()
        self.shown = 0.0

    def show(self, snapshot: Snapshot) -> None:
        """Update the line, unless it was updated a moment ago."""
        now = time.monotonic()
        if now - self.shown >= INTERVAL:
            self.shown = now
            line = show_invisible(progress(self.total, snapshot, now - self.began), keep="")
            self.stream.write(ERASE + line[: shutil.get_terminal_size().columns - 1])
            self.stream.flush()

    def close(self) -> None:
        """Erase the line."""
        self.stream.write(ERASE)
        self.stream.flush()


def progress(total: int, snapshot: Snapshot, seconds: float) -> str:
    """Return the progress after so many seconds in one line; a few instances are named."""
    done, batch = sum(snapshot.counts.values()), snapshot.batch
    parts = [f"{done} of {total} done", f"{sum(snapshot.counts[status] for status in BAD)} failed", _activity(snapshot)]
    parts += [f"{snapshot.waiting} waiting for a slot"] if snapshot.waiting else []
    parts += [f"batch {batch[0]} of {batch[1]}"] if batch[1] > 1 else []
    parts += [f"about {format_duration(seconds / done * (total - done))} left"] if 0 < done < total else []
    return ", ".join(parts)


def _activity(snapshot: Snapshot) -> str:
    if snapshot.names is None:
        return snapshot.activity
    few = f" ({', '.join(sorted(snapshot.names))})" if 0 < len(snapshot.names) <= FEW else ""
    return f"{len(snapshot.names)} {snapshot.activity}{few}"


def progress_on(cli_ctx: Any, events: str | None, total: int) -> list[ProgressLine]:
    """Return the progress line, where standard error is a terminal and nothing else is written there."""
    quiet = cli_ctx.only_show_errors or cli_ctx.config.getboolean("core", "disable_progress_bar", fallback=False)
    return [] if quiet or events == STDERR or not sys.stderr.isatty() else [ProgressLine(sys.stderr, total)]
