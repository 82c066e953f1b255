"""The state of a run: how far each target has come, and the rate-limit groups that targets share."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from azext_flexcompare.scheduler.poller import OutcomeCheck, Poll, Poller
from azext_flexcompare.scheduler.rate_limiter import Bucket

T = TypeVar("T")


@dataclass(eq=False)
class RateLimitGroup(Generic[T]):
    """The targets that share the service's rate limits, and what is known of these."""

    sends: Bucket
    polls: Bucket
    waiting: deque[TargetState[T]] = field(default_factory=deque)


@dataclass(eq=False)
class TargetState(Generic[T]):
    """How far one target has come."""

    target: T
    index: int
    group: RateLimitGroup[T]
    began: float = 0.0  # seconds of the monotonic clock
    started: datetime | None = None
    poller: Poller | OutcomeCheck | None = None  # None: not accepted yet, or ended
    url: str | None = None
    latest: Poll = Poll(done=False)  # noqa: RUF009  (it cannot be changed)
    due: float = 0.0  # when it is polled next
    polled: bool = False
    unanswered: str = ""  # why the latest poll brought no answer
    throttled: int = 0  # requests refused in a row
    not_accepted: int = 0  # times that it was sent, and never accepted
    outcome_check: OutcomeCheck | None = None  # the poller, where it checks what became of a request
