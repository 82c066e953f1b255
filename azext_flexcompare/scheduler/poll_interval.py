"""The interval between polls of an operation, learned from how long others took.

A poll too early costs a request, one too late costs time. Until enough operations have ended, the interval grows with
the age of the operation. After that, an operation is first polled at the age at which most others had ended.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable

FIRST, LONGEST = 0.5, 30.0  # seconds
GROWTH = 0.4  # of the age: an end is seen at most that late
MIN_SAMPLES = 8  # operations that must have ended before there is an estimate
QUANTILE = 0.9  # the share that had ended at the age of the first poll
MARGIN = 0.2  # seconds that a request takes to arrive
LATE_GROWTH = 0.1  # of the age, for the few that take longer than most


class PollInterval:
    """What a run has learned of how long its operations take; `growth` is the interval as a share of the age."""

    def __init__(self, growth: float | None = None) -> None:
        self._growth = growth
        self.durations: list[float] = []
        self.typical: float | None = None
        self.next_estimate = MIN_SAMPLES  # how many must have ended

    @property
    def has_estimate(self) -> bool:
        """Check whether enough operations have ended."""
        return self.typical is not None

    def learn(self, seconds: float, in_progress: Iterable[float]) -> None:
        """Add an operation that took `seconds`; `in_progress` are the ages of those that have not ended."""
        insort(self.durations, seconds)
        if len(self.durations) >= self.next_estimate:
            self.next_estimate = len(self.durations) + max(1, len(self.durations) // 20)
            self.typical = self._estimate(sorted(in_progress))

    def pause(self, age: float, *, polled: bool = False) -> float:
        """Return the seconds until the next poll of an operation of that age; `polled` is whether there was one."""
        growing = min(LONGEST, max(FIRST, age * (self._growth or GROWTH)))
        if self.typical is None:
            return growing
        if age < self.typical + MARGIN:
            return self.typical + MARGIN - age
        return min(growing, max(FIRST, age * LATE_GROWTH)) if polled else 0.0

    def _estimate(self, ages: list[float]) -> float | None:
        # Those that end first are the quick ones, so those in progress that are older count as well.
        for place, seconds in enumerate(self.durations, 1):
            older = len(ages) - bisect_left(ages, seconds)
            if place >= QUANTILE * (len(self.durations) + older):
                return seconds
        return None
