"""A run of the scheduler in simulated time: a clock that jumps from event to event, and a service that answers at once.

The service does what recordings of Azure show: it asks not to poll an operation for 10 seconds after its acceptance,
and for 36 more after its first poll. A listing shows which operations have ended.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest

from azext_flexcompare.scheduler import scheduler
from azext_flexcompare.scheduler.limits import Limits
from azext_flexcompare.scheduler.list_poll import CHEAP, COSTLY, SHARED, Pace, Sightings
from azext_flexcompare.scheduler.observer import Observer
from azext_flexcompare.scheduler.outcome import Outcome
from azext_flexcompare.scheduler.poller import Acceptance, Poll
from azext_flexcompare.scheduler.service import Estimates, Service

ANSWER = 0.05  # seconds until an answer


class Clock:
    """A clock that stands still unless it is moved; it starts at some moment, as any monotonic clock does."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def goes_on(self) -> bool:
        """Move on by a second where the product asks whether it was interrupted: it was not."""
        self.now += 1
        return False


class SimulatedWorkers:
    """Threads in simulated time: every request is made at once and answered a moment later."""

    def __init__(self, clock: Clock, count: int = 32, answer: float = ANSWER) -> None:
        self.clock, self.count, self.answer, self.busy = clock, count, answer, set[Any]()
        self._answers: list[tuple[float, int, Any, object]] = []
        self._number = count_up()

    @property
    def free(self) -> int:
        return self.count - len(self.busy)

    def submit(self, key: Any, act: Callable[[], object]) -> None:
        self.busy.add(key)
        try:
            answer = act()
        except BaseException as exception:  # noqa: BLE001  (as the threads do)
            answer = exception
        heapq.heappush(self._answers, (self.clock.now + self.answer, next(self._number), key, answer))

    def collect(self, timeout: float) -> Iterator[tuple[Any, object]]:
        until = self.clock.now + max(timeout, 1e-6)
        if not (self._answers and self._answers[0][0] <= until):
            self.clock.now = until
            return
        self.clock.now = max(self.clock.now, self._answers[0][0])
        while self._answers and self._answers[0][0] <= self.clock.now:
            _, _, key, answer = heapq.heappop(self._answers)
            self.busy.discard(key)
            yield key, answer


def count_up() -> Iterator[int]:
    """Count from zero."""
    return count()


@dataclass
class SimulatedAzure:
    """A service whose operations take as long as they are said to take."""

    clock: Clock
    lengths: Sequence[float]
    hints: tuple[float | None, float | None] = (10.0, 36.0)
    page: int = 50
    shows_ends: bool = True  # whether a listing shows them
    shared: bool = False  # whether each target is a call for many instances
    ends: dict[int, float] = field(default_factory=dict)
    seen: dict[int, float] = field(default_factory=dict)
    polls: dict[int, int] = field(default_factory=dict)
    sends: int = 0
    reads: int = 0  # requests before each that is sent, which count as polls
    read_at: list[float] = field(default_factory=list)  # the moments of these, and of the polls
    listed: int = 0  # requests

    @property
    def ratio(self) -> float:
        """Return when the last end was seen, as a multiple of when it happened."""
        return (max(self.seen.values()) - Clock.now) / (max(self.ends.values()) - Clock.now)

    @property
    def requests(self) -> int:
        return self.sends + self.listed + sum(self.polls.values())

    def send(self, target: int) -> SimulatedOperation:
        self.sends += 1
        self.read_at += [self.clock.now] * self.reads
        self.ends[target] = self.clock.now + self.lengths[target]
        return SimulatedOperation(self, target)

    def poll(self, target: int) -> Poll:
        self.polls[target] = self.polls.get(target, 0) + 1
        self.read_at.append(self.clock.now)
        if self.clock.now < self.ends[target]:
            return Poll(done=False, retry_after=self.hints[1] if self.polls[target] == 1 else None)
        self.seen[target] = self.clock.now
        return Poll(done=True, took=self.lengths[target])


@dataclass
class SimulatedOperation:
    """An operation of the service."""

    azure: SimulatedAzure
    target: int

    @property
    def acceptance(self) -> Acceptance:
        return Acceptance(Poll(done=False, retry_after=self.azure.hints[0]), "url")

    def poll(self) -> Poll:
        return self.azure.poll(self.target)


@dataclass
class SimulatedListing:
    """The listing of the service."""

    azure: SimulatedAzure

    def requests(self, targets: Sequence[int]) -> int:
        return min(len(targets), -(-len(self.azure.lengths) // self.azure.page))

    def pace(self, targets: Sequence[int], among: int) -> Pace:
        if self.azure.shared:
            return SHARED
        return CHEAP if among >= 10 * self.requests(targets) else COSTLY

    def read(self, targets: Sequence[int]) -> Sightings:
        self.azure.listed += self.requests(targets)
        places = {True: list[int](), False: list[int]()}
        for place, target in enumerate(targets):
            places[self.azure.shows_ends and self.azure.ends[target] <= self.azure.clock.now].append(place)
        return Sightings(places[True], places[False])


def run_simulated(
    monkeypatch: pytest.MonkeyPatch, azure: SimulatedAzure, limits: Limits, *, growth: float | None = None
) -> list[Outcome[int]]:
    """Run the scheduler over the service in its time."""
    monkeypatch.setattr(scheduler, "time", azure.clock)
    listing, estimates = SimulatedListing(azure), Estimates(growth)
    service = Service[int](lambda _: "group", listing, estimates=estimates, reads=lambda _: azure.reads)
    workers: Any = SimulatedWorkers(azure.clock)
    run = scheduler._Scheduler[int](
        range(len(azure.lengths)), limits, Observer(), service=service, send=azure.send, workers=workers
    )
    return run.outcomes()
