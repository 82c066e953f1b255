"""Where on a line of time, from 0 to 100, is a moment, and which moments are worth a tick?

A pause, in which nothing was looked at, takes a fixed small place, however long it was.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
PAUSE = 3.0  # of 100
MOST_TICKS = 5
DAY = 86400
STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, DAY)


class Tick(NamedTuple):
    """A moment with its place and its label."""

    place: float
    label: str


class Timeline:
    """A line from the beginning to the end of a run; its pauses follow each other."""

    def __init__(self, began: datetime, ended: datetime, pauses: Sequence[tuple[datetime, datetime]] = ()) -> None:
        self._pauses = [(_seconds(start), _seconds(end)) for start, end in pauses]
        starts = [_seconds(began), *(end for _, end in self._pauses)]
        ends = [*(start for start, _ in self._pauses), _seconds(ended)]
        self._pieces = list(zip(starts, ends, strict=True))
        self._active = max(sum(end - start for start, end in self._pieces), 0.001)
        self._share = min(PAUSE, 50 / len(pauses)) if pauses else 0.0

    def place(self, moment: datetime) -> float:
        """Say where a moment is; what lies outside the run is at its nearer end."""
        return self._place(_seconds(moment))

    def pauses(self) -> list[tuple[float, float]]:
        """Say where the pauses begin and end."""
        return [(self._place(start), self._place(end)) for start, end in self._pauses]

    def ticks(self) -> list[Tick]:
        """Choose round moments in UTC, a handful."""
        step = _step(self._active)
        found = [
            index * step
            for start, end in self._pieces
            for index in range(math.ceil(start / step), math.floor(end / step) + 1)
        ]
        return [Tick(self._place(seconds), _label(seconds, step)) for seconds in found]

    def _place(self, seconds: float) -> float:
        active = sum(max(0.0, min(seconds, end) - start) for start, end in self._pieces)
        paused = sum(min(1.0, max(0.0, (seconds - start) / (end - start))) for start, end in self._pauses)
        scale = (100 - self._share * len(self._pauses)) / self._active
        return round(min(100.0, active * scale + paused * self._share), 2)


def _seconds(moment: datetime) -> float:
    return (moment - EPOCH).total_seconds()


def _step(span: float) -> float:
    found = next((step for step in STEPS if span / step <= MOST_TICKS), None)
    return found or DAY * math.ceil(span / DAY / MOST_TICKS)


def _label(seconds: float, step: float) -> str:
    moment = EPOCH + timedelta(seconds=seconds)
    if step >= DAY:
        return moment.date().isoformat()
    if step >= STEPS[9]:
        return moment.strftime("%H:%M")
    return moment.strftime("%H:%M:%S") + (f".{moment.microsecond // 100000}" if step < 1 else "")
