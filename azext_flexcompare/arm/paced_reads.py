"""Reads of lists side by side, no faster than the limits of each subscription allow."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from typing import Any, Generic, NamedTuple, TypeVar

from azext_flexcompare.arm.rate_limits import CONNECTIONS, READS
from azext_flexcompare.arm.responses import remaining
from azext_flexcompare.scheduler.rate_limiter import Bucket, Rate
from azext_flexcompare.scheduler.workers import Workers

SHORTEST = 0.001  # seconds to wait: less may be no time at all for a clock
TICK = 0.25  # seconds at most until an interruption is noticed
T = TypeVar("T")
U = TypeVar("U")
Turns = Generator[None, None, U]  # a read that makes one request a turn


class ReadBudget:
    """The reads that one subscription still takes; several threads share them."""

    def __init__(self, rate: Rate = READS.rate) -> None:
        self._lock, self._bucket, self._unanswered = threading.Lock(), Bucket(rate), 0

    @contextmanager
    def reading(self) -> Iterator[Callable[[Any], None]]:
        """Wait until a request may be sent; yield what learns from its answer."""
        while wait := self._take():
            time.sleep(max(wait, SHORTEST))
        try:
            yield self._learn
        finally:
            with self._lock:
                self._unanswered -= 1

    def _take(self) -> float:
        """Count a request, or return the seconds to wait first."""
        with self._lock:
            wait = self._bucket.wait(time.monotonic())
            if not wait:
                self._bucket.take(time.monotonic())
                self._unanswered += 1
            return wait

    def _learn(self, answer: Any) -> None:
        with self._lock:
            response = getattr(answer, "http_response", answer)  # the SDK's hooks get more than the answer
            self._bucket.learn(remaining(response.headers), time.monotonic(), self._unanswered)


@cache
def read_budget(subscription: str) -> ReadBudget:
    """Return the budget of a subscription; regions are not known before its lists have been read."""
    del subscription
    return ReadBudget()


def read_all(read: Callable[[T], U], items: Sequence[T]) -> list[U]:
    """Return what reading each item returns, in their order, as many at once as there are connections.

    Raises what the first of them raises, and then begins with no further one.
    """
    return read_in_turns(partial(_in_one_turn, read), items)


def read_in_turns(begin: Callable[[T], Turns[U]], items: Sequence[T]) -> list[U]:
    """Return what reading each item returns, in their order, as many requests at once as there are connections.

    The reads take turns, a request each, so that no long one is left for the end. Raises what the first item raises,
    and then begins with no further one.
    """
    if len(items) <= 1:
        return [finish(begin(one)) for one in items]
    with Workers[int](min(CONNECTIONS, len(items))) as workers:
        return _Reads([begin(one) for one in items], workers).results()


def finish(turns: Turns[U]) -> U:
    """Make the requests of a read one after the other, and return what it returns."""
    results: list[U] = []

    def collect() -> Turns[None]:
        results.append((yield from turns))

    for _ in collect():
        pass
    return results[0]


def _in_one_turn(read: Callable[[T], U], item: T) -> Turns[U]:
    yield from ()
    return read(item)


class _Result(NamedTuple):
    """What a read returned, which may be anything."""

    value: Any


class _Reads(Generic[U]):
    """Reads that take turns, each a request long."""

    def __init__(self, reads: Sequence[Turns[U]], workers: Workers[int]) -> None:
        self.reads, self.workers = reads, workers
        self.waiting = deque(range(len(reads)))
        self.found: dict[int, U] = {}
        self.failed: dict[int, BaseException] = {}

    def results(self) -> list[U]:
        """Return the results in order; raises what the first read raises."""
        while self._goes_on():
            while self.waiting and self.workers.free:
                place = self.waiting.popleft()
                self.workers.submit(place, partial(_make_request, self.reads[place]))
            for place, answer in self.workers.collect(TICK):
                self._take(place, answer)
        if self.failed:
            raise self.failed[min(self.failed)]
        return [self.found[place] for place in range(len(self.reads))]

    def _goes_on(self) -> bool:
        """Check whether a read is left that comes before the first one that failed."""
        first = min(self.failed, default=len(self.reads))
        self.waiting = deque(place for place in self.waiting if place < first) if self.failed else self.waiting
        return bool(self.waiting) or any(place < first for place in self.workers.busy)

    def _take(self, place: int, answer: object) -> None:
        if isinstance(answer, BaseException):
            self.failed[place] = answer
        elif isinstance(answer, _Result):
            self.found[place] = answer.value
        else:
            self.waiting.append(place)


def _make_request(turns: Turns[Any]) -> _Result | None:
    try:
        next(turns)
    except StopIteration as end:
        return _Result(end.value)
    return None
