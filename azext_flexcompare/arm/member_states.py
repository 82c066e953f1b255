"""The states of instances, read without the SDK's models: the lists of scale sets, or instances by themselves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import quote

from azure.core.exceptions import HttpResponseError

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.rate_limits import pages
from azext_flexcompare.arm.responses import NO_RETRY
from azext_flexcompare.instances import TRANSITIONAL_STATES, Instance, ResourceId, ScaleSet

VERSION = "2024-11-01"
READERS = 8  # instances that are read at once
_PAGES: dict[ResourceId, int] = {}  # of the list of each scale set, as it was last read


class MemberState(NamedTuple):
    """The state of an instance: its provisioning state, and the times at which it reached it."""

    id: ResourceId
    provisioning_state: str
    times: tuple[str, ...] = ()
    vm_id: str | None = None

    @property
    def is_in_transition(self) -> bool:
        """Check whether an operation on the instance is in progress."""
        return self.provisioning_state.lower() in TRANSITIONAL_STATES


States = dict[ResourceId, MemberState]


def list_pages(scale_set: ScaleSet, instances: int) -> int:
    """Return how many pages the list of a scale set has, at least as many as for so many instances."""
    return max(_PAGES.get(scale_set.id, 1), pages(instances) if scale_set.id not in _PAGES else 1)


def note_pages(scale_set: ScaleSet, count: int) -> None:
    """Keep how many pages the list of a scale set has."""
    _PAGES[scale_set.id] = max(1, count)


def each_page_of_states(azure: Azure, scale_set: ScaleSet, *, view: bool = False) -> Iterator[States]:
    """Read the list of a scale set page by page; times are known only with the instance `view`."""
    count = 0
    for page in azure.arm(scale_set.subscription).each_page(_path(scale_set, view), **NO_RETRY):
        count += 1
        yield {state.id: state for state in map(_state, page["value"])}
    note_pages(scale_set, count)


def list_states(azure: Azure, scale_set: ScaleSet, wanted: Collection[ResourceId]) -> States:
    """List the states of the wanted instances of a scale set, as far as they exist."""
    found: States = {}
    left = set(wanted)
    for page in each_page_of_states(azure, scale_set, view=True):
        found |= {id_: state for id_, state in page.items() if id_ in left}
        left -= page.keys()
        if not left:
            break
    return found


def read_states(azure: Azure, instances: Sequence[Instance]) -> States:
    """Read the states of instances, each by itself, as far as they exist."""
    return {state.id: state for state in side_by_side(lambda one: _read(azure, one), instances) if state}


def side_by_side(read: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    """Return what reading each of a few items returns, in their order; several are read at once."""
    if len(items) <= 1:
        return [read(one) for one in items]
    with ThreadPoolExecutor(min(READERS, len(items))) as pool:
        return list(pool.map(read, items))


def _read(azure: Azure, instance: Instance) -> MemberState | None:
    path = f"{instance.id}?$expand=instanceView&api-version={VERSION}"
    try:
        return _state(azure.arm(instance.subscription).get(path, **NO_RETRY))
    except HttpResponseError as error:
        if error.status_code != HTTPStatus.NOT_FOUND:
            raise
        return None


def _state(machine: dict[str, Any]) -> MemberState:
    properties = machine["properties"]
    statuses = (properties.get("instanceView") or {}).get("statuses") or ()
    times = [one["time"] for one in statuses if one["code"].startswith("ProvisioningState/") and one.get("time")]
    state = str(properties.get("provisioningState"))
    return MemberState(ResourceId(machine["id"]), state, tuple(times), properties.get("vmId"))


def _path(one: ScaleSet, view: bool) -> str:
    group = f"/subscriptions/{one.subscription}/resourceGroups/{quote(one.resource_group, safe='')}"
    condition = quote("'virtualMachineScaleSet/id' eq '" + one.id.replace("'", "''") + "'")
    expand = "&$expand=instanceView" if view else ""
    return f"{group}/providers/Microsoft.Compute/virtualMachines?$filter={condition}{expand}&api-version={VERSION}"
