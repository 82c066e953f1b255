"""A token bucket that starts from a guess, and follows what the service says remains.

Times are seconds of any clock that only goes forward, given by the caller.
"""

from __future__ import annotations

import math
from typing import NamedTuple

SPARE = 1.0  # tokens that stay in the bucket, because the service's clock may be a little behind
NOTHING = 1e-6  # tokens that are not waited for: so short a time may not move the clock
OVERTAKING = 40.0  # answers that may arrive after a newer one


class Rate(NamedTuple):
    """How many requests may be sent at once, and how many more each second."""

    burst: float
    per_second: float

    @property
    def is_limited(self) -> bool:
        """Check whether requests are limited at all."""
        return math.isfinite(self.burst)


UNLIMITED = Rate(math.inf, 1.0)


class Bucket:
    """The tokens for one kind of request of one rate-limit group."""

    def __init__(self, rate: Rate) -> None:
        self.rate, self.tokens, self.at = rate, rate.burst, 0.0
        self.closed = 0.0  # no request before this moment

    def wait(self, now: float, count: float = 1.0) -> float:
        """Return the seconds until the next requests may be sent; as many as the bucket never holds wait for most."""
        if now < self.closed:
            return self.closed - now
        wanted = min(count, max(1.0, self.rate.burst / 2)) + SPARE
        missing = wanted - self._level(now)
        return missing / self.rate.per_second if missing > NOTHING else 0.0

    def take(self, now: float, count: float = 1.0) -> None:
        """Count requests that are sent now."""
        self.tokens, self.at = self._level(now) - count, now

    def learn(self, remaining: float | None, now: float, unanswered: int) -> None:
        """Set the tokens to what an answer says remains, less the unanswered requests, which it may not include.

        Infinity means no limit; None means that the answer does not say. Answers overtake each other, so a number that
        is only a little higher than expected changes nothing.
        """
        if remaining is None or not self.rate.is_limited:
            return
        level, said = self._level(now), remaining - unanswered
        self.tokens, self.at = (said if said < level else max(level, said - OVERTAKING)), now

    def close(self, until: float) -> None:
        """Allow no request before a moment, because the service refused one."""
        self.closed = max(self.closed, until)
        if self.rate.is_limited:
            self.tokens, self.at = SPARE + 1.0, self.closed

    def _level(self, now: float) -> float:
        # The service may say that more remains than was guessed, so the limit holds only for the refill.
        refilled = max(0.0, now - self.at) * self.rate.per_second
        return max(self.tokens, min(self.rate.burst, self.tokens + refilled))
