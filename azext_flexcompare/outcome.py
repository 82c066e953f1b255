"""What became of one instance, and what does a whole run exit with?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any, Generic, NamedTuple, TypeVar

from azext_flexcompare.failure import Error

T = TypeVar("T")


class Status:
    """The words for what became of an instance; the list of them is closed."""

    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    TIMED_OUT = "TimedOut"
    SKIPPED = "Skipped"
    ACCEPTED = "Accepted"
    PLANNED = "Planned"
    NOT_STARTED = "NotStarted"
    INTERRUPTED = "Interrupted"


BAD = (Status.FAILED, Status.TIMED_OUT)
UNFINISHED = (Status.NOT_STARTED, Status.INTERRUPTED)


class Exit(IntEnum):
    """The exit statuses of an operation; 1, 2 and 3 are the Azure CLI's own."""

    WELL = 0
    SOME_FAILED = 4
    STOPPED = 5
    INTERRUPTED = 130


@dataclass(frozen=True)  # a NamedTuple cannot be generic in Python 3.10
class Outcome(Generic[T]):
    """What became of one target; times are UTC, durations seconds."""

    target: T
    status: str
    error: Error | None = None
    reason: str | None = None
    started: datetime | None = None
    finished: datetime | None = None
    seconds: float | None = None
    url: str | None = None
    result: Any = None
    batch: int | None = 1


class Ending(NamedTuple):
    """How a run ended as a whole: why it was stopped, if it was, whether for want of health, and how it was throttled.

    `waits` are the seconds that the service asked for each time it refused a request because there were too many;
    `unseen` is what an interruption kept from being seen, besides the outcomes.
    """

    stopped: str | None = None
    ill: bool = False
    waits: Sequence[float] = ()
    unseen: str | None = None


NO_ENDING = Ending()


def exit_status(statuses: Iterable[str], ending: Ending = NO_ENDING) -> Exit:
    """Choose the exit status of a run from the statuses of its instances and how it ended as a whole."""
    seen = set(statuses)
    if ending.unseen or Status.INTERRUPTED in seen or (Status.NOT_STARTED in seen and not ending.stopped):
        return Exit.INTERRUPTED
    if Status.NOT_STARTED in seen or ending.ill:
        return Exit.STOPPED
    return Exit.SOME_FAILED if seen & set(BAD) else Exit.WELL
