"""Clock of the simulated cloud."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone


class Clock:
    """Time that passes by itself and can be moved forward, so that a test need not wait."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic() + self._ahead

    def utc(self) -> datetime:
        """Return the date and time."""
        return datetime.now(timezone.utc) + timedelta(seconds=self._ahead)

    def advance(self, seconds: float) -> None:
        """Advance the clock by some seconds."""
        if seconds < 0:
            raise ValueError(f"time cannot go back by {-seconds} seconds")
        self._ahead += seconds


def stamp(moment: datetime) -> str:
    """Return a moment as the compute provider writes it (seven decimals in recordings, six here)."""
    return moment.isoformat(timespec="microseconds")
