"""Queue of the events that are due later."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count

Event = Callable[[float], None]


class EventQueue:
    """Events in order of time; none runs before `run` is called."""

    def __init__(self) -> None:
        self._queue: list[tuple[float, int, Event]] = []
        self._order = count()

    def add(self, due: float, event: Event) -> None:
        """Add an event; it is called with the time at which it was due."""
        heapq.heappush(self._queue, (due, next(self._order), event))

    def run(self, now: float) -> None:
        """Run the events that are due by now, in order."""
        while self._queue and self._queue[0][0] <= now:
            due, _, event = heapq.heappop(self._queue)
            event(due)
