"""Token buckets of the rate limits; their sizes are data in limits.json.

Those of ARM are the ones of 2024 (burst, then a rate a second), those of the compute provider as on its throttling
page of May 2024. All rates in the file are a minute's.
"""

from __future__ import annotations

import json
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from armsim.settings import Settings


class Policy(NamedTuple):
    """One kind of bucket; `per` tells what has one of its own, `refill` is in tokens a second.

    A `charged` one is drawn on for every item of an answer.
    """

    name: str
    per: str
    refill: float
    capacity: float
    charged: bool = False


class Claim(NamedTuple):
    """One token of the bucket of an owner."""

    policy: Policy
    owner: tuple[str, ...]


class Shortage(NamedTuple):
    """The first claim that was not met, and the whole seconds until all of them can be."""

    claim: Claim
    seconds: int


def _policy(name: str, per: str, entry: dict[str, Any], times: int = 1) -> Policy:
    charged = entry.get("charged", False)
    return Policy(name, per, entry["refill"] * times / 60, entry["capacity"] * times, charged=charged)


_DATA = json.loads(Path(__file__).with_name("limits.json").read_text())

ARM = {
    kind: (_policy(kind, "principal", entry), _policy(f"global-{kind}", "subscription", entry, _DATA["everywhere"]))
    for kind, entry in _DATA["arm"].items()
}
"""The policies of ARM itself by kind of request: of one principal, and of all of them together."""
POLICIES = {name: _policy(name, entry["per"], entry) for name, entry in _DATA["policies"].items()}
BUCKETS: dict[str, list[Policy]] = {name: [POLICIES[one] for one in names] for name, names in _DATA["buckets"].items()}
"""The policies that the `bucket` of a route stands for."""

_KINDS = {"GET": "reads", "HEAD": "reads", "DELETE": "deletes"}
_ENOUGH = 1 - 1e-6


def kind_of(method: str) -> str:
    """Return what ARM takes a request for: reads, writes or deletes."""
    return _KINDS.get(method, "writes")


class Throttle:
    """Every bucket in use; all are full at first, and again when their sizes change."""

    def __init__(self) -> None:
        self._levels: dict[Claim, tuple[float, float]] = {}
        self._scale = (False, 1.0, 1.0)

    def follow(self, settings: Settings) -> None:
        """Apply the settings; refill every bucket where they changed."""
        scale = settings.limits, settings.limits_capacity, settings.limits_refill
        if scale != self._scale:
            self._levels.clear()
            self._scale = scale

    def draw(self, claims: Iterable[Claim], now: float, cost: int = 1) -> Shortage | None:
        """Remove a token from each bucket, or none where one of them is empty."""
        claims = list(claims)
        levels = [self._level(claim, now) for claim in claims]
        short = [(claim, level) for claim, level in zip(claims, levels, strict=True) if level < _ENOUGH]
        if short:
            waits = [(1 - level) / self._refill(claim) for claim, level in short]
            return Shortage(short[0][0], max(1, ceil(max(waits) - 1e-6)))
        for claim, level in zip(claims, levels, strict=True):
            self._levels[claim] = max(0.0, level - (cost if claim.policy.charged else 1)), now
        return None

    def left(self, claim: Claim, now: float) -> int:
        """Return how many tokens a bucket has now."""
        return int(self._level(claim, now) + 1e-6)

    def capacity(self, policy: Policy) -> int:
        """Return how many tokens a bucket can hold."""
        return max(1, int(policy.capacity * self._scale[1]))

    def _level(self, claim: Claim, now: float) -> float:
        capacity = self.capacity(claim.policy)
        known = self._levels.get(claim)
        if known is None:
            return capacity
        level, since = known
        return min(capacity, level + (now - since) * self._refill(claim))

    def _refill(self, claim: Claim) -> float:
        return claim.policy.refill * self._scale[2]
