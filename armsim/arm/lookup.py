"""Resources by the path that names them, checked in ARM's order: subscription, group, resource."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from armsim.arm.errors import group_not_found, not_modelled, resource_not_found, subscription_not_found
from armsim.network.documents import LOAD_BALANCER, NIC, PUBLIC_IP
from armsim.world.model import SCALE_SET_TYPE, VM_TYPE

if TYPE_CHECKING:
    from armsim.arm.router import Call
    from armsim.world.model import ScaleSet, Vm


def check_subscription(call: Call) -> None:
    """Raise ARM's 404 unless the path names the subscription of this world."""
    if call.params["subscription"].lower() != call.cloud.world.subscription:
        raise subscription_not_found(call.params["subscription"])


def group_of(call: Call) -> str:
    """Return the lower-case name of the path's resource group."""
    check_subscription(call)
    name = call.params["group"]
    if name.lower() not in call.cloud.world.groups:
        raise group_not_found(name)
    return name.lower()


def vm_of(call: Call) -> Vm:
    """Return the path's VM."""
    group, name = group_of(call), call.params["vm"]
    vm = call.cloud.world.vms.get((group, name.lower()))
    if vm is None:
        raise resource_not_found(VM_TYPE, name, call.params["group"])
    return vm


def resource_of(call: Call) -> str:
    """Return the id of the resource that a path names by its provider, type and name."""
    group, kind, name = group_of(call), f"{call.params['namespace']}/{call.params['kind']}", call.params["name"]
    world = call.cloud.world
    known: dict[str, dict[tuple[str, str], Any]] = {VM_TYPE: world.vms, SCALE_SET_TYPE: world.scale_sets}
    known |= {one: world.network.documents(one) for one in (LOAD_BALANCER, NIC, PUBLIC_IP)}
    resources = next((part for one, part in known.items() if one.lower() == kind.lower()), None)
    if resources is None:
        raise not_modelled(f"resources of type {kind}")
    resource = resources.get((group, name.lower()))
    if resource is None:
        raise resource_not_found(kind, name, call.params["group"])
    return str(resource.id)


def scale_set_of(call: Call) -> ScaleSet:
    """Return the path's scale set."""
    group, name = group_of(call), call.params["set"]
    scale_set = call.cloud.world.scale_sets.get((group, name.lower()))
    if scale_set is None:
        raise resource_not_found(SCALE_SET_TYPE, name, call.params["group"])
    return scale_set
