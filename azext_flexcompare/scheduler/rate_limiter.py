"""When may the next request go, so that the service takes it?

A token bucket that begins with a guess and then believes what the service says is left; times are seconds of any clock
that only goes forward, given by the caller.
"""

from __future__ import annotations

import math
from typing import NamedTuple

SPARE = 1.0  # tokens left in the bucket: the service's clock may be a little behind ours
OVERTAKING = 40.0  # answers that may be older than one that came before them


class Rate(NamedTuple):
    """How many requests may go at once, and how many more each second."""

    burst: float
    per_second: float

    @property
    def is_limited(self) -> bool:
        """Check whether requests are limited at all."""
        return math.isfinite(self.burst)


UNLIMITED = Rate(math.inf, 1.0)


class Bucket:
    """The tokens for one kind of request in one place."""

    def __init__(self, rate: Rate) -> None:
        self.rate, self.tokens, self.at = rate, rate.burst, 0.0
        self.closed = 0.0  # nothing before this moment

    def wait(self, now: float) -> float:
        """Say how many seconds from now the next request may go; 0 is at once."""
        if now < self.closed:
            return self.closed - now
        return max(0.0, (1.0 + SPARE - self._level(now)) / self.rate.per_second)

    def take(self, now: float) -> None:
        """Count a request that goes now."""
        self.tokens, self.at = self._level(now) - 1.0, now

    def learn(self, left: float | None, now: float, under_way: int) -> None:
        """Believe what an answer says is left, less the requests that it has not counted yet.

        Infinity is that there is no limit, None that the answer says nothing. Answers overtake each other, so that a
        little more than was reckoned is no news.
        """
        if left is None or not self.rate.is_limited:
            return
        level, said = self._level(now), left - under_way
        self.tokens, self.at = (said if said < level else max(level, said - OVERTAKING)), now

    def close(self, until: float) -> None:
        """Let nothing through before a moment: the service refused one for want of tokens."""
        self.closed = max(self.closed, until)
        if self.rate.is_limited:
            self.tokens, self.at = SPARE + 1.0, self.closed

    def _level(self, now: float) -> float:
        # What the service says is left may be more than was guessed, so only what is refilled has a limit.
        refilled = max(0.0, now - self.at) * self.rate.per_second
        return max(self.tokens, min(self.rate.burst, self.tokens + refilled))
