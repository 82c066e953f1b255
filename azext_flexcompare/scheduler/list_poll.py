"""One listing of all targets in place of polls: where it takes fewer requests, or polls are not allowed yet.

A service may ask not to poll an operation for longer than the operation takes. The targets themselves may be read
meanwhile, and one that shows its end is polled at once. The reads grow rarer with the age of the operations, so that
an end is noticed late by a share of what the operation took.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from typing import Generic, NamedTuple, Protocol, TypeVar

from azext_flexcompare.scheduler.poll_interval import MARGIN, PollInterval
from azext_flexcompare.scheduler.poller import Throttled, Unanswered
from azext_flexcompare.scheduler.state import TargetState

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)

INTERVAL = 1.0  # seconds between listings at first, where they replace polls
GROWTH = 0.2  # of the time since the first target was sent: the interval later on
TARGETS_PER_REQUEST = 4  # in progress for each request of a listing; with fewer, polls are quicker
SHORTEST = 0.5  # seconds between listings of targets that may not be polled yet
NEAR = 0.1  # of the age: a poll that is allowed so soon needs no listing before it
RECHECK = 0.25  # seconds until a listing that was not worth its requests is considered again
MOST_FAILURES = 3  # listings in a row without an answer, after which there are no more
MOST_REQUESTS = 100  # of a listing at once


class Pace(NamedTuple):
    """When targets that may not be polled yet are listed first, and how much rarer with their age.

    The first listing is `first` seconds after the operation began, or after a `share` of the wait that the service
    asks for, whichever is sooner. One that is `costly` is made only while nothing else is to be sent.
    """

    first: float
    share: float
    growth: float
    costly: bool = False


CHEAP = Pace(3.0, 0.3, 0.2)  # a listing takes few requests for its targets
COSTLY = Pace(8.5, 0.85, 0.3, costly=True)  # it takes nearly as many as polls would
SHARED = Pace(0.5, 0.3, 0.1)  # each operation is about many instances, of which one is read


class Sightings(NamedTuple):
    """The places of the targets that show their end, and of those that show that they are in progress."""

    ended: Sequence[int]
    busy: Sequence[int] = ()


class ListPoll(Protocol[T_contra]):
    """A listing that may be wrong: each target that it finds is polled, and only the poll decides."""

    def requests(self, targets: Sequence[T_contra]) -> int:
        """Return how many requests a listing of these targets takes."""

    def pace(self, targets: Sequence[T_contra], among: int) -> Pace:
        """Return when to list these targets, where their requests are for so many."""

    def read(self, targets: Sequence[T_contra]) -> Sightings:
        """List targets; raises Throttled or Unanswered where that may be repeated."""


class ListSchedule(Generic[T]):
    """The times of the listings of a run, and the targets that the latest one is about."""

    def __init__(self, list_poll: ListPoll[T] | None, poll_interval: PollInterval, targets: Sequence[T] = ()) -> None:
        self._list_poll, self._poll_interval = list_poll, poll_interval
        self._total = len(targets)
        self._requests = list_poll.requests(targets) if list_poll else 0
        self._next = math.inf
        self._listed: list[TargetState[T]] = []
        self._growth, self._shortest = GROWTH, INTERVAL
        self._failures = 0

    def start(self, now: float) -> None:
        """Schedule the first listing in place of polls, when a target is sent."""
        if self._list_poll and math.isinf(self._next):
            self._next = now + INTERVAL

    def hinted(self, state: TargetState[T]) -> None:
        """Schedule the first listing of a target that the service asks not to poll yet."""
        if self._list_poll and state.hint:
            self._next = min(self._next, state.began + self._first(state, self._soonest(state)))

    def replaces_polls(self, in_progress: int) -> bool:
        """Check whether a listing takes fewer requests than polls of the targets in progress."""
        # Once it is known how long operations take, polling each at the right moment is cheaper.
        if self._list_poll is None or self._poll_interval.has_estimate:
            return False
        return in_progress >= TARGETS_PER_REQUEST * self._requests

    def wait(self, now: float) -> float:
        """Return the seconds until the next listing."""
        return self._next - now

    def due(
        self, in_progress: Collection[TargetState[T]], now: float, *, unsent: int, full: bool
    ) -> list[TargetState[T]]:
        """Return the targets to list now, and schedule the next listing where there are none.

        `unsent` is how many targets are still to be sent, `full` whether they wait for the end of another one.
        """
        polled = [state for state in in_progress if state.poller and not state.outcome_check]
        if self._list_poll is None or not polled:
            self._next = now + RECHECK if self._list_poll else math.inf
            return []
        if self.replaces_polls(len(in_progress)) and any(state.hinted <= now for state in polled):
            self._growth, self._shortest = GROWTH, INTERVAL
            return polled
        waiting = [state for state in polled if _waits(state, now)]
        ripe = [state for state in waiting if now >= state.began + self._first(state, self._soonest(state))]
        pace = self._pace(ripe, self._list_poll, unsent)
        if pace.costly:
            ripe = [state for state in ripe if now >= state.began + self._first(state, pace)]
        if ripe and (full or not unsent or not pace.costly) and self._takes(ripe) <= MOST_REQUESTS:
            self._growth, self._shortest = pace.growth, SHORTEST
            return ripe
        later = [state.began + self._first(state, pace) for state in waiting]
        # Where none waits, listings may come to replace polls once more targets are in progress.
        self._next = max(now + RECHECK, min(later, default=now + INTERVAL))
        return []

    def _pace(self, ripe: list[TargetState[T]], list_poll: ListPoll[T], unsent: int) -> Pace:
        if not ripe:
            return CHEAP
        # Towards the end of a run few are left, whose listings are few requests for all that was sent.
        return list_poll.pace([state.target for state in ripe], len(ripe) if unsent else self._total)

    def _takes(self, states: Iterable[TargetState[T]]) -> int:
        return self._list_poll.requests([state.target for state in states]) if self._list_poll else 0

    def _soonest(self, state: TargetState[T]) -> Pace:
        """Return when a target may be listed first: with many others the listing may turn out to be cheap."""
        assert self._list_poll is not None  # noqa: S101
        return SHARED if self._list_poll.pace([state.target], 1) == SHARED else CHEAP

    def _first(self, state: TargetState[T], pace: Pace) -> float:
        """Return the age of a target at its first listing."""
        typical = self._poll_interval.typical
        return min(pace.first, pace.share * state.hint) if typical is None else typical + MARGIN

    def take_reads(self, states: Sequence[TargetState[T]], now: float) -> bool:
        """Count the requests of a listing in each rate-limit group; False, and later, where one has too few left."""
        counts = {
            group: self._takes(state for state in states if state.group is group)
            for group in Counter(state.group for state in states)
        }
        wait = max(group.polls.wait(now, count) for group, count in counts.items())
        if wait:
            self._next = now + wait
            return False
        for group, count in counts.items():
            group.polls.take(now, count)
        return True

    def listing(self, states: Iterable[TargetState[T]]) -> Callable[[], object]:
        """Return the call that lists targets."""
        assert self._list_poll is not None  # noqa: S101
        self._listed = list(states)
        return partial(self._list_poll.read, [state.target for state in self._listed])

    def found(self, answer: object, age: float, now: float) -> tuple[list[TargetState[T]], list[TargetState[T]]]:
        """Return the listed targets to poll, and those in progress; `age` is the median of those in progress."""
        self._next = now + max(self._shortest, age * self._growth)
        if not isinstance(answer, Sightings):
            self._fail(answer, now)
            return [], []
        self._failures = 0
        ended, busy = ({self._listed[place].index for place in places} for places in answer)
        self._requests = self._takes(self._listed)
        return (
            [one for one in self._listed if one.index in ended or (one.index not in busy and one.hinted <= now)],
            [one for one in self._listed if one.index in busy],
        )

    def _fail(self, answer: object, now: float) -> None:
        """Schedule the next listing after one that failed; there is none after a refusal that will not change."""
        self._failures += 1
        if isinstance(answer, Throttled):
            self._next = max(self._next, now + (answer.after or 0.0))
        elif not isinstance(answer, Unanswered) or self._failures >= MOST_FAILURES:
            self._list_poll, self._next = None, math.inf  # each target is polled


def _waits(state: TargetState[T], now: float) -> bool:
    """Check whether a target is not to be polled soon, or only after it was listed again."""
    is_put_off = bool(state.hint) and state.due > state.hinted
    return is_put_off or state.hinted > now + NEAR * (now - state.began)
