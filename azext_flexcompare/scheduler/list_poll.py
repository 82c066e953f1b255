"""One listing of all targets in place of a poll of each, as long as that takes fewer requests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Generic, Protocol, TypeVar

from azext_flexcompare.scheduler.poll_interval import PollInterval
from azext_flexcompare.scheduler.state import TargetState

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)

INTERVAL = 1.0  # seconds between listings at first
GROWTH = 0.2  # of the time since the first target was sent: the interval later on
TARGETS_PER_REQUEST = 4  # in progress for each request of a listing; with fewer, polls are quicker


class ListPoll(Protocol[T_contra]):
    """A listing that may be wrong: each target that it finds is polled, and only the poll decides."""

    def requests(self) -> int:
        """Return how many requests a listing takes."""

    def find_ended(self, targets: Sequence[T_contra]) -> list[int]:
        """Return the places, in the given list, of the targets that may have ended."""


class ListSchedule(Generic[T]):
    """The times of the listings of a run, and the targets that the latest one is about."""

    def __init__(self, list_poll: ListPoll[T] | None, poll_interval: PollInterval) -> None:
        self._list_poll, self._poll_interval = list_poll, poll_interval
        self._next = 0.0
        self._listed: list[TargetState[T]] = []

    def start(self, now: float) -> None:
        """Schedule the first listing, when a target is sent."""
        self._next = self._next or now + INTERVAL

    def replaces_polls(self, in_progress: int) -> bool:
        """Check whether a listing takes fewer requests than polls of the targets in progress."""
        # Once it is known how long operations take, polling each at the right moment is cheaper.
        if self._list_poll is None or self._poll_interval.has_estimate:
            return False
        return in_progress >= TARGETS_PER_REQUEST * self._list_poll.requests()

    def wait(self, now: float) -> float:
        """Return the seconds until the next listing."""
        return self._next - now

    def requests(self) -> int:
        """Return how many requests the next listing takes."""
        return self._list_poll.requests() if self._list_poll else 0

    def listing(self, in_progress: Iterable[TargetState[T]]) -> Callable[[], object]:
        """Return the call that lists the targets in progress."""
        assert self._list_poll is not None  # noqa: S101
        self._listed = [state for state in in_progress if state.poller]
        return partial(self._list_poll.find_ended, [state.target for state in self._listed])

    def found(self, answer: object, age: float, now: float) -> list[TargetState[T]]:
        """Return the targets that a listing found; `age` is the time since the first in progress was sent."""
        self._next = now + max(INTERVAL, age * GROWTH)
        if not isinstance(answer, list):
            self._list_poll = None  # a listing that fails is not repeated, and each target is polled
            return []
        return [self._listed[place] for place in answer]
