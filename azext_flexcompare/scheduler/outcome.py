"""The outcome of one target: status, error, times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar


class Error(NamedTuple):
    """The code and message of the service, or of this extension where the service was not reached."""

    code: str
    message: str


T = TypeVar("T")


class Status:
    """The status of an outcome; the list is closed."""

    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    TIMED_OUT = "TimedOut"
    SKIPPED = "Skipped"
    ACCEPTED = "Accepted"
    PLANNED = "Planned"
    NOT_STARTED = "NotStarted"
    INTERRUPTED = "Interrupted"


STATUSES = tuple(value for name, value in vars(Status).items() if name.isupper())  # in the order above


BAD = (Status.FAILED, Status.TIMED_OUT)


UNFINISHED = (Status.NOT_STARTED, Status.INTERRUPTED)


@dataclass(frozen=True, slots=True)  # a NamedTuple cannot be generic in Python 3.10
class Outcome(Generic[T]):
    """The outcome of one target; times are UTC, durations seconds."""

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
    began: datetime | None = None  # by the service's own clock
    queued: bool = False  # whether the service may still begin with it
