"""VMs that disappear, or are replaced under their name, without a request."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from armsim.compute.lifecycle import GONE
from armsim.compute.vm_body import nic_id
from armsim.network.build import add_nic
from armsim.truth import find_vm
from armsim.world.model import Vm, VmState

if TYPE_CHECKING:
    from armsim.cloud import Cloud


def remove_vm(cloud: Cloud, name: str) -> Vm:
    """Remove a VM at once, and return it; raises KeyError where there is none of the name."""
    vm = find_vm(cloud, name)
    if vm is None:
        raise KeyError(name)
    cloud.of(vm.spec.id).change(vm, GONE, GONE)
    return vm


def replace_vm(cloud: Cloud, name: str) -> None:
    """Put another running machine in the place of a VM."""
    old = remove_vm(cloud, name)
    spec = replace(old.spec, created=cloud.utc())
    vm = Vm(spec, VmState("running", "Succeeded", spec.created), old.agent, old.health, extensions=dict(old.extensions))
    home = cloud.of(spec.id)
    home.world.add_vm(vm)
    add_nic(home.world, vm, nic_id(spec))
    home.graph.publish(home.now, vm)
