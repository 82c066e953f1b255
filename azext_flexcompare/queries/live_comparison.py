"""`compare -g -n`: the rows of the page checked against the instances of a scale set.

The list of VMs, the model of the set and one list of locks are all that is read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from azext_flexcompare.arm.clients import azure_of
from azext_flexcompare.arm.locks import Lock, locks_of
from azext_flexcompare.instances import Instance
from azext_flexcompare.selection.choose import choose
from azext_flexcompare.selection.selection import Choice
from azext_flexcompare.table.comparison import apis, compare_rows
from azext_flexcompare.table.entries import Operation, operations


class Need(NamedTuple):
    """A condition that an instance must meet, and the reason where it does not."""

    met: Callable[[Instance], bool]
    otherwise: str


NEEDS = {
    "running": Need(lambda instance: instance.power_state == "running", "not running"),
    "allocated": Need(lambda instance: instance.power_state in ("running", "stopped"), "neither running nor stopped"),
    "spot": Need(lambda instance: (instance.resource.priority or "").lower() in ("spot", "spotplus"), "not Spot"),
    "ephemeralDisk": Need(
        lambda instance: _has_ephemeral_disk(instance.resource),
        "no ephemeral disk, which the page requires and Azure no longer does",
    ),
    "loadBalancer": Need(lambda instance: instance.scale_set.balanced, "no load balancer in the model of the set"),
}


def check_rows(
    rows: Sequence[dict[str, Any]],
    entries: Sequence[dict[str, Any]],
    instances: Sequence[Instance],
    locks: Sequence[Lock],
) -> list[dict[str, Any]]:
    """Return each row with the number of instances, to how many it applies, and why not to the others."""
    by_name = {operation.name: operation for operation in operations()}
    checked = []
    for row, api in zip(rows, entries, strict=True):
        hindrances = {one.name: _hindrance(api, by_name.get(api["azVmssFlex"]), one, locks) for one in instances}
        hindered = {name: why for name, why in hindrances.items() if why}
        why_not: dict[str, list[str]] = {}
        for name, why in hindered.items():
            why_not.setdefault(why, []).append(name)
        applies = len(instances) - len(hindered)
        checked.append({**row, "instances": len(instances), "applies": applies, "whyNot": why_not})
    return checked


def _hindrance(
    api: dict[str, Any], operation: Operation | None, instance: Instance, locks: Sequence[Lock]
) -> str | None:
    if api["support"] == "none":
        return "a Flexible set has no such operation"
    for name in api.get("needs", ()):
        if not NEEDS[name].met(instance):
            return NEEDS[name].otherwise
    held = [lock for lock in locks if lock.holds_for(instance.id)]
    levels = sorted({lock.level for lock in held if operation and lock.forbids(operation)})
    return f"locked: {levels[0]}" if levels else None


def _has_ephemeral_disk(machine: Any) -> bool:
    disk = machine.storage_profile and machine.storage_profile.os_disk
    return bool(disk and disk.diff_disk_settings)


def check_live(
    cli_ctx: Any, choice: Choice, filters: tuple[str | None, str | None, str | None]
) -> list[dict[str, Any]]:
    """Return the rows of the page, checked against the instances of a set."""
    instances = choose(cli_ctx, "compare", choice)
    locks = locks_of(azure_of(cli_ctx), instances)
    return check_rows(compare_rows(*filters), apis(*filters), instances, locks)
