"""What do targets share on their way, and how far has each come?"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

from azext_flexcompare.scheduler.poll_interval import PollInterval
from azext_flexcompare.scheduler.poller import OutcomeCheck, Poll, Poller
from azext_flexcompare.scheduler.rate_limiter import UNLIMITED, Bucket, Rate

T = TypeVar("T")


class Limits(NamedTuple):
    """How a run is held: targets in flight at once, seconds for each, threads, whether ends are waited for, and paces.

    The paces are guesses until the service says better; they hold for each lane by itself.
    """

    parallel: int | None = None
    timeout: float | None = None
    workers: int = 32
    wait: bool = True
    sends: Rate = UNLIMITED
    looks: Rate = UNLIMITED


class Estimates:
    """What runs over one service learn from each other: what it takes in each lane, and how long operations last."""

    def __init__(self) -> None:
        self.poll_interval = PollInterval()
        self.buckets: dict[Hashable, tuple[Bucket, Bucket]] = {}

    def of_group(self, group: Hashable, limits: Limits) -> tuple[Bucket, Bucket]:
        """Give the buckets for sending and for looking in a lane."""
        return self.buckets.setdefault(group, (Bucket(limits.sends), Bucket(limits.looks)))


@dataclass(eq=False)
class RateLimitGroup(Generic[T]):
    """The targets that share limits, and what is known of these."""

    sends: Bucket
    looks: Bucket
    waiting: deque[TargetState[T]] = field(default_factory=deque)


@dataclass(eq=False)
class TargetState(Generic[T]):
    """One target on its way."""

    target: T
    index: int
    group: RateLimitGroup[T]
    began: float = 0.0
    started: datetime | None = None
    poller: Poller | OutcomeCheck | None = None
    url: str | None = None
    latest: Poll = Poll(done=False)  # noqa: RUF009  (it cannot be changed)
    due: float = 0.0  # when it is looked at next
    looked: bool = False
    unanswered: str = ""  # why the latest look brought no answer
    tries: int = 0
    sendings: int = 0
    outcome_check: OutcomeCheck | None = None  # the flight, where it is one that finds out what became of a request
