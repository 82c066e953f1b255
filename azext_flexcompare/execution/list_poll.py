"""Which of many operations may have ended, by one listing of the set instead of a question about each?

What the list says decides nothing: whoever it names is asked about at the operation's own URL. An instance is named
unless the list shows it updating; so one that ended before the listing, one that is gone, and a list that shows nothing
of the kind cost a question and never an end unseen.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.rate_limits import pages
from azext_flexcompare.arm.responses import NO_RETRY
from azext_flexcompare.instances import TRANSITIONAL_STATES, ScaleSet
from azext_flexcompare.planning.work import Work

VERSION = "2024-11-01"


class SetListPoll:
    """A listing of the sets of a run."""

    def __init__(self, azure: Azure, work: Sequence[Work]) -> None:
        self.azure = azure
        instances = [instance for each in work for instance in each.instances]
        self.sets = list(dict.fromkeys(instance.scale_set for instance in instances))
        self.pages = pages(len(instances))

    def requests(self) -> int:
        """Say how many pages there are."""
        return self.pages

    def find_ended(self, targets: Sequence[Work]) -> list[int]:
        """Name the targets one of whose instances is not seen updating."""
        going_on = self._read()
        return [
            place
            for place, each in enumerate(targets)
            if any(instance.id.lower() not in going_on for instance in each.instances)
        ]

    def _read(self) -> set[str]:
        count, going_on = 0, set()
        for one in self.sets:
            path: str | None = _path(one)
            while path:
                page = self.azure.arm(one.subscription).get(path, **NO_RETRY)
                for machine in page["value"]:
                    if str(machine["properties"].get("provisioningState")).lower() in TRANSITIONAL_STATES:
                        going_on.add(machine["id"].lower())
                path, count = page.get("nextLink"), count + 1
        self.pages = count
        return going_on


def _path(one: ScaleSet) -> str:
    group = f"/subscriptions/{one.subscription}/resourceGroups/{quote(one.resource_group, safe='')}"
    condition = quote("'virtualMachineScaleSet/id' eq '" + one.id.replace("'", "''") + "'")
    return f"{group}/providers/Microsoft.Compute/virtualMachines?$filter={condition}&api-version={VERSION}"
