"""When is it worth asking whether an operation has ended?

Too early costs requests, too late costs time. Until enough has ended the wait grows with the time already waited; then
an operation is first asked about when most of those before it had ended.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable

FIRST, LONGEST = 0.5, 30.0  # seconds
GROWTH = 0.4  # of the time already waited: an end is seen at most that late
MIN_SAMPLES = 8  # ends seen before they are taken for a rule
QUANTILE = 0.9  # the share that had ended by the time of the first question
MARGIN = 0.2  # seconds: what a request takes to get there
LATE_GROWTH = 0.1  # of the time already waited, for the few that take longer than most


class PollInterval:
    """What has been learned of how long the operations of a run take."""

    def __init__(self) -> None:
        self.lasted: list[float] = []
        self.typical: float | None = None
        self.next_estimate = MIN_SAMPLES  # how many ends it takes for the next reckoning

    @property
    def has_estimate(self) -> bool:
        """Say whether enough has ended to go by."""
        return self.typical is not None

    def learn(self, seconds: float, going_on: Iterable[float]) -> None:
        """Take note of an operation that took so many seconds, while others have gone on for so many each."""
        insort(self.lasted, seconds)
        if len(self.lasted) >= self.next_estimate:
            self.next_estimate = len(self.lasted) + max(1, len(self.lasted) // 20)
            self.typical = self._estimate(sorted(going_on))

    def pause(self, waited: float, seen: bool = False) -> float:
        """Say how long to wait before asking about an operation that has been under way for `waited` seconds.

        `seen` is whether it has been asked about before.
        """
        growing = min(LONGEST, max(FIRST, waited * GROWTH))
        if self.typical is None:
            return growing
        if waited < self.typical + MARGIN:
            return self.typical + MARGIN - waited
        return min(growing, max(FIRST, waited * LATE_GROWTH)) if seen else 0.0

    def _estimate(self, ages: list[float]) -> float | None:
        # Those that end first are the quick ones: whoever is as old and goes on must be counted as well.
        for place, seconds in enumerate(self.lasted, 1):
            older = len(ages) - bisect_left(ages, seconds)
            if place >= QUANTILE * (len(self.lasted) + older):
                return seconds
        return None
