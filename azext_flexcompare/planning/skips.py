"""Which instances get no call, and why?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from azext_flexcompare.instances import Instance
from azext_flexcompare.scheduler.outcome import Outcome, Status
from azext_flexcompare.table.entries import Operation


def planned(
    instances: Iterable[Instance], hindrances: Mapping[str, str], batches: Mapping[str, int]
) -> list[Outcome[Instance]]:
    """Say of each instance that it would be acted on (--dry-run), and by its id in which batch, and what hinders it."""
    return [
        Outcome(one, Status.PLANNED, reason=hindrances.get(one.id), batch=batches.get(one.id, 1)) for one in instances
    ]


def skipped(instances: Iterable[Instance], reasons: Mapping[str, str]) -> list[Outcome[Instance]]:
    """Say of each instance that has a reason, by its id, that it was skipped, and why."""
    return [
        Outcome(instance, Status.SKIPPED, reason=reasons[instance.id], batch=None)
        for instance in instances
        if instance.id in reasons
    ]


def satisfied(operation: Operation, instances: Iterable[Instance]) -> dict[str, str]:
    """Find the instances that are already where the operation leads, with the reason to skip them, by id."""
    if operation.powerState is None:
        return {}
    there = [instance for instance in instances if instance.power_state == operation.powerState]
    return {instance.id: f"It is {operation.powerState} already." for instance in there}
