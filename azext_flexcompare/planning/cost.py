"""The cost of a run by each engine: how many requests, and how long they take at least by the rate limits of Azure.

Pure arithmetic on calls that are prepared and not sent. A rate limit is a bucket of requests that fills up again. Each
subscription and region has buckets of its own, so the busiest of them decides. The time that the operation itself takes
is not included.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from azext_flexcompare.arm.rate_limits import ACTIONS, CHANGES, LISTS, POLLS, READS, Limit, pages, rate_limit_key
from azext_flexcompare.instances import Instance
from azext_flexcompare.scheduler.rate_limiter import Rate
from azext_flexcompare.table.entries import Operation
from azext_flexcompare.times import count, format_duration

Calls = Sequence[Sequence[Instance]]  # each call as the instances that it is for
ReadsPolicy = Callable[[Instance], bool]  # whether the protection policy of an instance is read before its call


class EngineLimits(NamedTuple):
    """The rate limits that count the calls of an engine, its polls, and the pages that it lists afterwards."""

    calls: tuple[Limit, ...]
    polls: tuple[Limit, ...]
    pages: tuple[Limit, ...] = ()


# A poll of bulk operations is a POST. It is not documented whether they count for compute as well.
ENGINE_LIMITS = {
    "vm": EngineLimits((CHANGES, ACTIONS), (READS, POLLS)),
    "set": EngineLimits((CHANGES, ACTIONS), (READS, POLLS), (READS, LISTS)),
    "bulk": EngineLimits((CHANGES,), (CHANGES,)),
}


OTHER_LIMITS = EngineLimits((CHANGES,), (READS,))  # such as locks, which are not resources of compute


class CostEstimate(NamedTuple):
    """The calls of an engine, the minimum of its polls, and the minimum of seconds by the rate limits."""

    engine: str
    evidence: str
    calls: int
    polls: int
    seconds: float
    policies: int = 0  # that are read before anything is sent

    @property
    def requests(self) -> int:
        """Return the minimum of requests."""
        return self.calls + self.polls + self.policies


def least_seconds(rate: Rate, requests: int) -> float:
    """Return the minimum of seconds in which a bucket that is full at first takes so many requests."""
    return max(0.0, (requests - rate.burst) / rate.per_second)


def estimate_cost(
    engine: str, operation: Operation, calls: Calls, wait: bool = True, reads: ReadsPolicy = lambda _: False
) -> CostEstimate:
    """Return the cost of calls; without `wait` they are not polled. `reads` is whether an instance's policy is read."""
    limits = ENGINE_LIMITS[engine] if operation.call else OTHER_LIMITS
    polled = wait and operation.is_long
    places: dict[tuple[str, str], Counter[Limit]] = {}
    polls = policies = 0
    for call in calls:
        listed = pages(len(call)) if polled and limits.pages else 0
        counted = places.setdefault(rate_limit_key(call[0]), Counter())
        read = sum(map(reads, call))
        counted.update(limits.calls + limits.polls * polled + limits.pages * listed + (READS,) * read)
        polls, policies = polls + polled + listed, policies + read
    busy = (least_seconds(limit.rate, count) for counted in places.values() for limit, count in counted.items())
    seconds = max(busy, default=0.0)
    evidence = _evidence(engine, operation)
    return CostEstimate(engine, evidence, calls=len(calls), polls=polls, seconds=seconds, policies=policies)


def cheapest(costs: Iterable[CostEstimate]) -> CostEstimate:
    """Return the estimate with the fewest requests, of equals the quickest, and of these the first."""
    return min(costs, key=lambda one: (one.requests, one.seconds))


def cost_lines(
    operation: Operation,
    calls_by_engine: Mapping[str, Calls],
    wait: bool = True,
    reads: ReadsPolicy = lambda _: False,
) -> list[str]:
    """Return a line for the cost of each engine, then the cheapest, and what the times do not include."""
    given = {engine: calls for engine, calls in calls_by_engine.items() if calls}
    costs = [estimate_cost(engine, operation, calls, wait, reads=reads) for engine, calls in given.items()]
    if not costs:
        return []
    best = cheapest(costs)
    choice = [f"Cheapest: --engine {best.engine}, {count(best.requests, 'request')}."] if len(costs) > 1 else []
    read = max(one.policies for one in costs)
    policies = [f"The protection policy of {count(read, 'instance')} is read too."] if read else []
    return [
        *map(_line, costs),
        *choice,
        *policies,
        "Minimum times by the rate limits; the operation itself takes longer.",
    ]


def _line(one: CostEstimate) -> str:
    polls = f"at least {count(one.polls, 'poll')}," if one.polls else "no polls, at least"
    evidence = "" if one.evidence == "recorded" else f" ({one.evidence})"
    return f"--engine {one.engine}: {count(one.calls, 'call')}, {polls} {format_duration(one.seconds)}{evidence}"


def _evidence(engine: str, operation: Operation) -> str:
    entry = (operation.engines or {}).get(engine, {})
    return str(entry.get("evidence", operation.evidence))
