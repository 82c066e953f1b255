"""Reads of lists side by side, no faster than the limits of each subscription allow."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

from azext_flexcompare.arm.rate_limits import CONNECTIONS, READS
from azext_flexcompare.arm.responses import remaining
from azext_flexcompare.scheduler.rate_limiter import Bucket

SHORTEST = 0.001  # seconds to wait: less may be no time at all for a clock
T = TypeVar("T")
U = TypeVar("U")


class ReadBudget:
    """The reads that one subscription still takes; several threads share them."""

    def __init__(self) -> None:
        self._lock, self._bucket, self._unanswered = threading.Lock(), Bucket(READS.rate), 0

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
            self._bucket.learn(remaining(answer.http_response.headers), time.monotonic(), self._unanswered)


@cache
def read_budget(subscription: str) -> ReadBudget:
    """Return the budget of a subscription; regions are not known before its lists have been read."""
    del subscription
    return ReadBudget()


def read_all(read: Callable[[T], U], items: Sequence[T]) -> list[U]:
    """Return what reading each item returns, in their order, as many at once as there are connections.

    Raises what the first of them raises, and then begins with no further one.
    """
    if len(items) <= 1:
        return [read(one) for one in items]
    pool = ThreadPoolExecutor(min(CONNECTIONS, len(items)))
    try:
        return list(pool.map(read, items))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
