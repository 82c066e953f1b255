"""What does a resource group hold, and in which state is it?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

    from armsim.arm.operations import Operation

PROVIDER = "Microsoft.Compute"
VM_TYPE = f"{PROVIDER}/virtualMachines"
SCALE_SET_TYPE = f"{PROVIDER}/virtualMachineScaleSets"


@dataclass(frozen=True)
class VmSpec:
    """What a VM is, apart from the state that it is in."""

    name: str
    group: str
    location: str
    id: str
    ordinal: int
    created: datetime
    scale_set: str | None = None
    instance: int | None = None
    zone: str | None = None
    fault_domain: int = 0
    tags: dict[str, str] = field(default_factory=dict)
    size: str = "Standard_D2s_v5"
    os_type: str = "Linux"
    os_disk_delete_option: str = "Delete"
    priority: str = "Regular"
    eviction_policy: str = "Deallocate"
    ephemeral: bool = False
    hibernation_enabled: bool = False
    maintenance_allowed: bool = True
    vm_agent: str = "Ready"
    vm_health: str | None = None
    extensions: tuple[str, ...] = ()
    latest_model: bool = True
    protect_from_scale_in: bool = False
    protect_from_scale_set_actions: bool = False

    @property
    def zones(self) -> list[str]:
        """The zones as ARM lists them."""
        return [self.zone] if self.zone else []


class VmState(NamedTuple):
    """How a VM is: replaced, never changed, when something happens.

    `power` is a key of the lifecycle's power states, `since` the time of the last change of the provisioning state.
    """

    power: str
    provisioning: str
    since: datetime
    error: dict[str, str] | None = None


@dataclass
class Vm:
    """One virtual machine."""

    spec: VmSpec
    state: VmState
    operation: Operation | None = None


@dataclass(frozen=True)
class ScaleSet:
    """One scale set; its members are found through the world."""

    name: str
    group: str
    location: str
    id: str
    ordinal: int
    created: datetime
    mode: str
    zones: list[str]
    tags: dict[str, str]
    size: str


@dataclass
class World:
    """All resources of the subscription; keys are lower-case, as names are case-insensitive."""

    subscription: str
    location: str
    groups: dict[str, str] = field(default_factory=dict)
    scale_sets: dict[tuple[str, str], ScaleSet] = field(default_factory=dict)
    vms: dict[tuple[str, str], Vm] = field(default_factory=dict)
    members: dict[str, dict[str, Vm]] = field(default_factory=dict)
    created: int = 0

    def add_vm(self, vm: Vm) -> None:
        """Put a VM into its group, and into its scale set where it has one."""
        self.created += 1
        if vm.spec.instance is None:
            self.vms[vm.spec.group.lower(), vm.spec.name.lower()] = vm
        if vm.spec.scale_set:
            self.members.setdefault(vm.spec.scale_set.lower(), {})[vm.spec.name.lower()] = vm

    def holds(self, vm: Vm) -> bool:
        """Return whether a VM still exists."""
        return self.vms.get((vm.spec.group.lower(), vm.spec.name.lower())) is vm

    def remove_vm(self, vm: Vm) -> None:
        """Take a VM out of everything."""
        self.vms.pop((vm.spec.group.lower(), vm.spec.name.lower()), None)
        if vm.spec.scale_set:
            self.members[vm.spec.scale_set.lower()].pop(vm.spec.name.lower(), None)

    def members_of(self, scale_set_id: str) -> list[Vm]:
        """Return the VMs of a scale set, in the order of their creation."""
        return list(self.members.get(scale_set_id.lower(), {}).values())
