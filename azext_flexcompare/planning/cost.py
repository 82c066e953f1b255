"""What would it take, by each engine: how many requests, and how long at least by the limits of Azure?

Pure arithmetic on calls that are prepared and not sent. A limit is a bucket of requests that fills up again. Each
subscription and region has buckets of its own, so the busiest of them decides. What the operation itself takes comes on
top.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from azext_flexcompare.arm.rate_limits import ACTIONS, CHANGES, LISTS, POLLS, READS, Limit, pages, rate_limit_key
from azext_flexcompare.instances import Instance
from azext_flexcompare.scheduler.rate_limiter import Rate
from azext_flexcompare.table.entries import Operation
from azext_flexcompare.times import count, format_duration

Calls = Sequence[Sequence[Instance]]  # each call as the instances that it is for


class EngineLimits(NamedTuple):
    """The limits that count an engine's calls, its looks at them, and the pages that it lists when they have ended."""

    calls: tuple[Limit, ...]
    looks: tuple[Limit, ...]
    pages: tuple[Limit, ...] = ()


# A look at bulk operations is a POST. Whether they count for compute as well is not documented.
ENGINE_LIMITS = {
    "vm": EngineLimits((CHANGES, ACTIONS), (READS, POLLS)),
    "set": EngineLimits((CHANGES, ACTIONS), (READS, POLLS), (READS, LISTS)),
    "bulk": EngineLimits((CHANGES,), (CHANGES,)),
}


OTHER_LIMITS = EngineLimits((CHANGES,), (READS,))  # such as locks, which are no resources of compute


class CostEstimate(NamedTuple):
    """What an engine sends, how often it looks at least, and how many seconds the limits demand at least."""

    engine: str
    evidence: str
    calls: int
    looks: int
    seconds: float

    @property
    def requests(self) -> int:
        """Count the requests, at least."""
        return self.calls + self.looks


def least_seconds(rate: Rate, requests: int) -> float:
    """Say in how many seconds at least a bucket that is full at first lets so many requests through."""
    return max(0.0, (requests - rate.burst) / rate.per_second)


def estimate_cost(engine: str, operation: Operation, calls: Calls, wait: bool = True) -> CostEstimate:
    """Reckon what calls take; without `wait` nobody asks whether they have ended."""
    way = ENGINE_LIMITS[engine] if operation.call else OTHER_LIMITS
    asked = wait and operation.is_long
    places: dict[tuple[str, str], Counter[Limit]] = {}
    looks = 0
    for call in calls:
        listed = pages(len(call)) if asked and way.pages else 0
        counted = places.setdefault(rate_limit_key(call[0]), Counter())
        counted.update(way.calls + way.looks * asked + way.pages * listed)
        looks += asked + listed
    busy = (least_seconds(limit.rate, count) for counted in places.values() for limit, count in counted.items())
    seconds = max(busy, default=0.0)
    return CostEstimate(engine, _evidence(engine, operation), len(calls), looks, seconds)


def cheapest(costs: Iterable[CostEstimate]) -> CostEstimate:
    """Choose what takes the fewest requests, of equals the quickest, and of these the first."""
    return min(costs, key=lambda one: (one.requests, one.seconds))


def cost_lines(operation: Operation, ways: Mapping[str, Calls], wait: bool = True) -> list[str]:
    """Say in a line for each engine what its calls would take, then which is cheaper and what is not reckoned."""
    costs = [estimate_cost(engine, operation, calls, wait) for engine, calls in ways.items() if calls]
    if not costs:
        return []
    best = cheapest(costs)
    choice = [f"Cheapest: --engine {best.engine}, {count(best.requests, 'request')}."] if len(costs) > 1 else []
    return [*map(_line, costs), *choice, "Times are what the limits demand; the operation's own comes on top."]


def _line(one: CostEstimate) -> str:
    looks = f"at least {count(one.looks, 'look')}," if one.looks else "no looks, at least"
    doubt = "" if one.evidence == "recorded" else f" ({one.evidence})"
    return f"--engine {one.engine}: {count(one.calls, 'call')}, {looks} {format_duration(one.seconds)}{doubt}"


def _evidence(engine: str, operation: Operation) -> str:
    way = (operation.engines or {}).get(engine, {})
    return str(way.get("evidence", operation.evidence))
