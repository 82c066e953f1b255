"""Which instances get no call, and why?"""

from __future__ import annotations

from collections.abc import Iterable

from azext_flexcompare.outcome import Outcome, Status
from azext_flexcompare.selection import Instance
from azext_flexcompare.table import Operation


def planned(instances: Iterable[Instance]) -> list[Outcome[Instance]]:
    """Say of each instance that it would be acted on (--dry-run)."""
    return [Outcome(instance, Status.PLANNED) for instance in instances]


def skipped(operation: Operation, instances: Iterable[Instance]) -> dict[str, Outcome[Instance]]:
    """Find, by id, the instances that are already where the operation leads (--skip-satisfied)."""
    if operation.powerState is None:
        return {}
    reason = f"It is {operation.powerState} already."
    return {
        instance.id: Outcome(instance, Status.SKIPPED, reason=reason)
        for instance in instances
        if instance.power_state == operation.powerState
    }
