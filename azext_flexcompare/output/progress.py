"""Who counts, records and stops a run that acts?"""

from __future__ import annotations

import shutil
import sys
import time
from collections import Counter
from collections.abc import Sequence
from typing import IO, Any, NamedTuple

from azext_flexcompare.scheduler.outcome import BAD


class Snapshot(NamedTuple):
    """What a run is at, with whom, who waits and who has ended.

    `names` are None where nobody is to be named, `waiting` are those of this batch, `batch` is which of how many.
    """

    doing: str
    names: Sequence[str] | None
    waiting: int
    ended: Counter[str]
    batch: tuple[int, int]


STDERR = "-"


FEW = 2  # instances that are named


EVERY = 0.2  # seconds between two states of the line


ERASE = "\r\x1b[K"


class ProgressLine:
    """One line of a terminal that is written over and over."""

    def __init__(self, stream: IO[str], total: int) -> None:
        self.stream, self.total = stream, total
        self.began = time.monotonic()
        self.shown = 0.0

    def show(self, snapshot: Snapshot) -> None:
        """Write the line anew, unless that was done a moment ago."""
        now = time.monotonic()
        if now - self.shown >= EVERY:
            self.shown = now
            line = progress(self.total, snapshot, now - self.began)
            self.stream.write(ERASE + line[: shutil.get_terminal_size().columns - 1])
            self.stream.flush()

    def close(self) -> None:
        """Wipe the line away."""
        self.stream.write(ERASE)
        self.stream.flush()


def progress(total: int, snapshot: Snapshot, seconds: float) -> str:
    """Say in one line how far a run is after so many seconds, and with whom it is busy where these are few."""
    done, batch = sum(snapshot.ended.values()), snapshot.batch
    parts = [f"{done} of {total} done", f"{sum(snapshot.ended[status] for status in BAD)} failed", _doing(snapshot)]
    parts += [f"{snapshot.waiting} waiting for a slot"] if snapshot.waiting else []
    parts += [f"batch {batch[0]} of {batch[1]}"] if batch[1] > 1 else []
    parts += [f"about {_span(seconds / done * (total - done))} left"] if 0 < done < total else []
    return ", ".join(parts)


def _doing(snapshot: Snapshot) -> str:
    if snapshot.names is None:
        return snapshot.doing
    few = f" ({', '.join(sorted(snapshot.names))})" if 0 < len(snapshot.names) <= FEW else ""
    return f"{len(snapshot.names)} {snapshot.doing}{few}"


def progress_on(cli_ctx: Any, events: str | None, total: int) -> list[ProgressLine]:
    """Give the line, where there is a terminal that shows it and nothing else is written there."""
    quiet = cli_ctx.only_show_errors or cli_ctx.config.getboolean("core", "disable_progress_bar", fallback=False)
    return [] if quiet or events == STDERR or not sys.stderr.isatty() else [ProgressLine(sys.stderr, total)]


def _span(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
