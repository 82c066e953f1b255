"""The time axis of a run: times as positions from 0 to 100, and ticks at round times.

A pause between the interruption of a run and its resumption takes a small fixed share of the axis, however long it was.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
PAUSE_SHARE = 3.0  # of 100
MAX_TICKS = 5
MIN_DISTANCE = 9.0  # of 100, so that labels do not overlap
MINUTE, DAY = 60, 86400
STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, MINUTE, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, DAY)


class Tick(NamedTuple):
    """A position on the axis, and the label of its time."""

    position: float
    label: str


class Timeline:
    """An axis from the start of a run to its end; its pauses are in the order of time."""

    def __init__(self, started: datetime, ended: datetime, pauses: Sequence[tuple[datetime, datetime]] = ()) -> None:
        self._pauses = [(_seconds(start), _seconds(end)) for start, end in pauses]
        starts = [_seconds(started), *(end for _, end in self._pauses)]
        ends = [*(start for start, _ in self._pauses), _seconds(ended)]
        self._pieces = list(zip(starts, ends, strict=True))
        self._active = max(sum(end - start for start, end in self._pieces), 0.001)
        self._share = min(PAUSE_SHARE, 50 / len(pauses)) if pauses else 0.0

    def position(self, time: datetime) -> float:
        """Return the position of a time; a time outside the run has the position of the nearer end."""
        return self._position(_seconds(time))

    def pauses(self) -> list[tuple[float, float]]:
        """Return the positions of the start and the end of each pause."""
        return [(self._position(start), self._position(end)) for start, end in self._pauses]

    def ticks(self) -> list[Tick]:
        """Choose a few round times in UTC whose labels do not overlap."""
        step = _step(self._active)
        found: list[Tick] = []
        for start, end in self._pieces:
            for index in range(math.ceil(start / step), math.floor(end / step) + 1):
                position = self._position(index * step)
                if not found or position - found[-1].position >= MIN_DISTANCE:
                    found.append(Tick(position, _label(index * step, step)))
        return found

    def _position(self, seconds: float) -> float:
        active = sum(max(0.0, min(seconds, end) - start) for start, end in self._pieces)
        paused = sum(min(1.0, max(0.0, (seconds - start) / (end - start))) for start, end in self._pauses)
        scale = (100 - self._share * len(self._pauses)) / self._active
        return round(min(100.0, active * scale + paused * self._share), 2)


def _seconds(time: datetime) -> float:
    return (time - EPOCH).total_seconds()


def _step(span: float) -> float:
    found = next((step for step in STEPS if span / step <= MAX_TICKS), None)
    return found or DAY * math.ceil(span / DAY / MAX_TICKS)


def _label(seconds: float, step: float) -> str:
    time = EPOCH + timedelta(seconds=seconds)
    if step >= DAY:
        return time.date().isoformat()
    if step >= MINUTE:
        return time.strftime("%H:%M")
    return time.strftime("%H:%M:%S") + (f".{time.microsecond // 100000}" if step < 1 else "")
