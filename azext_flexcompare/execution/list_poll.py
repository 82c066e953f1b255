"""One listing of the scale sets in place of a poll for each operation.

The listing decides nothing: each operation that it names is polled at its own URL. An instance is named unless the
listing shows it in transition; so an operation that ended before the listing, an instance that is gone, and a listing
that shows no transitions cost a poll and never an end that is not seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.rate_limits import pages
from azext_flexcompare.arm.responses import NO_RETRY
from azext_flexcompare.instances import TRANSITIONAL_STATES, ResourceId, ScaleSet
from azext_flexcompare.planning.work import Work

VERSION = "2024-11-01"


class SetListPoll:
    """A listing of the scale sets of a run."""

    def __init__(self, azure: Azure, work: Sequence[Work]) -> None:
        self.azure = azure
        instances = [instance for each in work for instance in each.instances]
        self.sets = list(dict.fromkeys(instance.scale_set for instance in instances))
        self.pages = pages(len(instances))

    def requests(self) -> int:
        """Return the number of requests, one for each page."""
        return self.pages

    def find_ended(self, targets: Sequence[Work]) -> list[int]:
        """Return the places of the targets of which an instance is not seen in transition."""
        in_transition = self._read()
        return [
            place
            for place, each in enumerate(targets)
            if any(instance.id.lower() not in in_transition for instance in each.instances)
        ]

    def _read(self) -> set[str]:
        members, self.pages = read_members(self.azure, self.sets)
        return {
            id_.lower()
            for id_, properties in members.items()
            if str(properties.get("provisioningState")).lower() in TRANSITIONAL_STATES
        }


def read_members(azure: Azure, sets: Sequence[ScaleSet]) -> tuple[dict[ResourceId, dict[str, Any]], int]:
    """Return the properties of the instances of scale sets, by id, and the number of pages that the lists have."""
    members: dict[ResourceId, dict[str, Any]] = {}
    count = 0
    for one in sets:
        for page in azure.arm(one.subscription).each_page(_path(one), **NO_RETRY):
            members |= {ResourceId(machine["id"]): machine["properties"] for machine in page["value"]}
            count += 1
    return members, count


def _path(one: ScaleSet) -> str:
    group = f"/subscriptions/{one.subscription}/resourceGroups/{quote(one.resource_group, safe='')}"
    condition = quote("'virtualMachineScaleSet/id' eq '" + one.id.replace("'", "''") + "'")
    return f"{group}/providers/Microsoft.Compute/virtualMachines?$filter={condition}&api-version={VERSION}"
