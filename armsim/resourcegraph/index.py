"""Index of the resources that Resource Graph knows, with its delay."""

from __future__ import annotations

from collections import deque
from copy import copy
from typing import TYPE_CHECKING, Any

from armsim.compute.instance_view import describe_power
from armsim.compute.scale_set_body import describe_scale_set
from armsim.compute.vm_body import describe_vm
from armsim.identifiers import TENANT
from armsim.network.bodies import describe

if TYPE_CHECKING:
    from armsim.world.model import Vm, VmState, World

Row = dict[str, Any]


class GraphIndex:
    """The states of all VMs as Resource Graph last saw them, which may be some seconds ago."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._seen = {vm.spec.id: copy(vm) for vm in world.vms.values()}
        self._coming: deque[tuple[float, Vm, bool]] = deque()
        self._rows: dict[str, tuple[VmState, Row]] = {}

    def publish(self, moment: float, vm: Vm, *, gone: bool = False) -> None:
        """Record a change at a monotonic moment."""
        self._coming.append((moment, copy(vm), gone))

    def rows(self, moment: float) -> list[Row]:
        """Return every resource as a row, as things were at a moment."""
        self._catch_up(moment)
        world = self._world
        sets = [_row(describe_scale_set(one, len(world.members_of(one.id)))) for one in world.scale_sets.values()]
        network = world.network
        documents = (*network.nics.values(), *network.load_balancers.values(), *network.public_ips.values())
        return (
            [self._vm_row(vm) for vm in self._seen.values()]
            + sets
            + [_row(describe(one, network)) for one in documents]
        )

    def _catch_up(self, moment: float) -> None:
        while self._coming and self._coming[0][0] <= moment:
            _, vm, gone = self._coming.popleft()
            if gone:
                self._seen.pop(vm.spec.id, None)
            else:
                self._seen[vm.spec.id] = vm

    def _vm_row(self, vm: Vm) -> Row:
        cached = self._rows.get(vm.spec.id)
        if cached is None or cached[0] is not vm.state:
            row = _row(describe_vm(vm))
            power = {"level": "Info", **describe_power(vm.state)}
            row["properties"]["extended"] = {"instanceView": {"powerState": power}}
            cached = self._rows[vm.spec.id] = vm.state, row
        return cached[1]


COLUMNS = (
    "id", "name", "type", "tenantId", "kind", "location", "resourceGroup", "subscriptionId", "managedBy", "sku",
    "plan", "properties", "tags", "identity", "zones", "extendedLocation",
)  # fmt: skip
"""The columns of the table `resources`, in its documented order."""


def _row(body: dict[str, Any]) -> Row:
    parts = body["id"].split("/")
    row = {**body, "type": body["type"].lower(), "tenantId": TENANT}
    row |= {"subscriptionId": parts[2], "resourceGroup": parts[4].lower(), "kind": "", "managedBy": ""}
    return {column: row.get(column) for column in COLUMNS}
