"""The service that a run sends to: its rate-limit groups, its cheaper ways to poll, and what earlier runs learned."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from azext_flexcompare.scheduler.limits import Limits
from azext_flexcompare.scheduler.list_poll import ListPoll
from azext_flexcompare.scheduler.poll_interval import PollInterval
from azext_flexcompare.scheduler.poller import ResolveUnknown
from azext_flexcompare.scheduler.rate_limiter import Bucket

T = TypeVar("T")


class Estimates:
    """What runs over one service learn from each other: the requests it takes, and how long operations take."""

    def __init__(self, growth: float | None = None) -> None:
        self.poll_interval = PollInterval(growth)
        self._buckets: dict[Hashable, tuple[Bucket, Bucket]] = {}

    def buckets(self, key: Hashable, limits: Limits) -> tuple[Bucket, Bucket]:
        """Return the buckets for sends and for polls of a rate-limit group."""
        return self._buckets.setdefault(key, (Bucket(limits.sends), Bucket(limits.polls)))


@dataclass(frozen=True)
class Service(Generic[T]):
    """The service that the targets of a run are sent to."""

    rate_limit_key: Callable[[T], Hashable]  # equal for targets that share the service's rate limits
    list_poll: ListPoll[T] | None = None
    resolve_unknown: ResolveUnknown[T] | None = None
    estimates: Estimates = field(default_factory=Estimates)
    admit: Callable[[T], bool] | None = None  # whether a target may be sent now; None: each may
    reads: Callable[[T], int] | None = None  # requests before the one that is sent, which count as polls do; None: none
