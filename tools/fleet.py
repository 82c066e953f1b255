"""The cost of operations on fleets, by the arithmetic of `--dry-run`: the tables of docs/performance.md."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import Any, NamedTuple

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.rate_limits import ACTIONS, CHANGES, LIMITS, pages
from azext_flexcompare.instances import Instance, ResourceId, ScaleSet
from azext_flexcompare.planning.cost import cost_lines, estimate_cost, least_seconds
from azext_flexcompare.planning.engines import ENGINES, preparer_of
from azext_flexcompare.table.entries import Operation, operations
from azext_flexcompare.times import format_duration

OPERATION = "start"  # every engine has it
LARGEST_SET = 1000
SIZES = (100, 1000, 10_000, 100_000)
SPREADS = tuple(product((1, 10), (1, 10)))  # subscriptions, and regions in each
PRINCIPALS = (1, 2, 10)

Row = tuple[Any, ...]


class Fleet(NamedTuple):
    """VMs in full scale sets, distributed evenly over subscriptions and the regions in each."""

    vms: int
    subscriptions: int
    regions: int

    @property
    def sets(self) -> int:
        """Count the scale sets."""
        return -(-self.vms // LARGEST_SET)

    def instances(self) -> list[Instance]:
        """List the VMs."""
        places = list(product(range(self.subscriptions), range(self.regions)))
        return [instance for one in range(self.sets) for instance in self._members(one, *places[one % len(places)])]

    def _members(self, one: int, subscription: int, region: int) -> list[Instance]:
        home = ScaleSet(f"subscription-{subscription}", "rg", f"set-{one}", ResourceId(f"set-{one}"))
        size = min(LARGEST_SET, self.vms)
        names = (f"{home.name}-{number}" for number in range(size))
        where = f"region-{region}"
        return [
            Instance(
                ResourceId(name),
                name,
                home,
                None,
                fault_domain=None,
                power_state=None,
                tags={},
                provisioning_state=None,
                size=None,
                location=where,
                resource=None,
            )
            for name in names
        ]


def _reads(_: Instance) -> bool:
    return True  # the instances are chosen by their set


def dry_run() -> str:
    """Format what `--dry-run` prints for one full scale set, as a block of Markdown."""
    operation, instances = _operation(), Fleet(LARGEST_SET, 1, 1).instances()
    calls = {engine: _calls(engine, operation, instances) for engine in ENGINES}
    lines = cost_lines(operation, calls, reads=_reads)
    command = f"$ az vmss-flex {OPERATION} -g rg -n flex --dry-run -o none"
    return "\n".join(f"    {line}" for line in [command, *(f"WARNING: {line}" for line in lines)]) + "\n"


def limits() -> Iterator[Row]:
    """List the rate limits, each with its source."""
    for one in LIMITS:
        yield one.what, one.whose, f"{one.rate.burst:,}", f"{one.rate.per_second:.3g}", one.source


def principals() -> Iterator[Row]:
    """List the time of a call to each VM of one subscription and region, for numbers of principals."""
    for vms in (*SIZES[:2], 2000, 5000, *SIZES[2:]):
        shared = [least_seconds(CHANGES.rate, -(-vms // count)) for count in PRINCIPALS]
        compute = least_seconds(ACTIONS.rate, vms)
        yield f"{vms:,}", *(format_duration(max(one, compute)) for one in shared)


@cache
def fleets() -> list[Row]:
    """List the cost of fleets with each engine, in no more regions than they have scale sets."""
    there = (Fleet(vms, *spread) for vms in SIZES for spread in SPREADS)
    return [_fleet(one) for one in there if one.sets >= one.subscriptions * one.regions]


def _fleet(fleet: Fleet) -> Row:
    operation, instances = _operation(), fleet.instances()
    costs = [estimate_cost(one, operation, _calls(one, operation, instances), reads=_reads) for one in ENGINES]
    costed = (text for one in costs for text in (f"{one.calls:,} + {one.polls:,}", format_duration(one.seconds)))
    listed = fleet.sets * pages(min(LARGEST_SET, fleet.vms))
    return f"{fleet.vms:,}", fleet.sets, fleet.subscriptions, fleet.regions, f"{listed:,}", *costed


def _operation() -> Operation:
    return next(one for one in operations() if one.name == OPERATION)


def _calls(engine: str, operation: Operation, instances: list[Instance]) -> list[list[Instance]]:
    prepare = preparer_of(engine, operation, {}, Azure(_no_client, _no_client))
    return [each.instances for each in prepare(instances)]


def _no_client(_: str | None) -> Any:
    raise AssertionError("Nothing is sent.")
