"""Which instances get no call, and why?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from azext_flexcompare.outcome import Outcome, Status
from azext_flexcompare.selection import Instance
from azext_flexcompare.table import Operation


def planned(instances: Iterable[Instance], hindrances: Mapping[str, str]) -> list[Outcome[Instance]]:
    """Say of each instance that it would be acted on (--dry-run), and by its id what would hinder that."""
    return [Outcome(instance, Status.PLANNED, reason=hindrances.get(instance.id)) for instance in instances]


def skipped(instances: Iterable[Instance], reasons: Mapping[str, str]) -> list[Outcome[Instance]]:
    """Say of each instance that has a reason, by its id, that it was skipped, and why."""
    return [
        Outcome(instance, Status.SKIPPED, reason=reasons[instance.id])
        for instance in instances
        if instance.id in reasons
    ]


def satisfied(operation: Operation, instances: Iterable[Instance]) -> dict[str, str]:
    """Find the instances that are already where the operation leads, with the reason to skip them, by id."""
    if operation.powerState is None:
        return {}
    there = [instance for instance in instances if instance.power_state == operation.powerState]
    return {instance.id: f"It is {operation.powerState} already." for instance in there}
