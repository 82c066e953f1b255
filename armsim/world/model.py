"""Resources of a subscription and their states."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from armsim.identifiers import guid
from armsim.network.documents import Network
from armsim.world.locks import Lock, is_within

if TYPE_CHECKING:
    from datetime import datetime

    from armsim.arm.operation_store import Operation

PROVIDER = "Microsoft.Compute"
VM_TYPE = f"{PROVIDER}/virtualMachines"
SCALE_SET_TYPE = f"{PROVIDER}/virtualMachineScaleSets"

HEALTH_PUBLISHER = "Microsoft.ManagedServices"
HEALTH_EXTENSIONS = {"Linux": "ApplicationHealthLinux", "Windows": "ApplicationHealthWindows"}
"""The Application Health extension of each system."""
_HEALTH_HANDLERS = {f"{HEALTH_PUBLISHER}.{name}".lower() for name in HEALTH_EXTENSIONS.values()}


STALE = "stale"
"""Instead of a number of seconds: the last report stays, with its old time, until the guest reports again."""


@dataclass(frozen=True)
class VmSpec:
    """The properties of a VM, without its state."""

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
    vm_health: str = "healthy"
    agent_ready_after: float | str | None = STALE
    healthy_after: float | str | None = STALE
    latest_model: bool = True
    protect_from_scale_in: bool = False
    protect_from_scale_set_actions: bool = False
    admin_username: str | None = "azureuser"
    nic_group: str | None = None
    second_nic: bool = False
    public_address: bool = False
    generation: int = 0

    @property
    def vm_id(self) -> str:
        """The unique id, another one for each VM of the same name."""
        return guid("vm", self.id, self.generation) if self.generation else guid("vm", self.id)

    @property
    def zones(self) -> list[str]:
        """The zones as ARM lists them."""
        return [self.zone] if self.zone else []


class VmState(NamedTuple):
    """The state of a VM, which is replaced, never changed.

    `power` is a key of the lifecycle's power states, `since` the time of the last change of the provisioning state.
    """

    power: str
    provisioning: str
    since: datetime
    error: dict[str, str] | None = None


NOT_READY, UNRESPONSIVE = "Not Ready", "Unresponsive"
"""What an agent reports, or is reported about it, when it is not Ready."""


class Report(NamedTuple):
    """The last report of the agent or the application, and its time."""

    word: str
    since: datetime


@dataclass
class Extension:
    """One VM extension: its public properties (protected settings are dropped on arrival) and how it is."""

    name: str
    properties: dict[str, Any]
    since: datetime
    provisioning: str = "Succeeded"
    error: dict[str, str] | None = None
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def handler(self) -> str:
        """The full name of what it runs: publisher and type."""
        return f"{self.properties['publisher']}.{self.properties['type']}"

    @property
    def reports_health(self) -> bool:
        """Whether it reports application health."""
        return self.handler.lower() in _HEALTH_HANDLERS


@dataclass
class RunCommand:
    """One managed run command: its public properties (secrets are dropped on arrival) and how its script ended."""

    name: str
    properties: dict[str, Any]
    since: datetime
    provisioning: str = "Succeeded"
    view: dict[str, Any] = field(default_factory=dict)


@dataclass
class Vm:
    """One virtual machine; `model` is its writable body after a first write, None before.

    `agent` and `health` are the reports of the guest, `boots` counts its boots and stops, `version` is the etag,
    `removed` tells that another client removed the VM in the middle of an operation.
    """

    spec: VmSpec
    state: VmState
    agent: Report | None
    health: Report | None
    operation: Operation | None = None
    model: dict[str, Any] | None = None
    boots: int = 0
    version: int = 2
    removed: bool = False
    extensions: dict[str, Extension] = field(default_factory=dict)
    run_commands: dict[str, RunCommand] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The ARM id."""
        return self.spec.id

    @property
    def location(self) -> str:
        """The region."""
        return self.spec.location

    @property
    def busy(self) -> bool:
        """Whether an operation runs."""
        return self.operation is not None and self.operation.status == "InProgress"


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
    locations: dict[str, str] = field(default_factory=dict)
    scale_sets: dict[tuple[str, str], ScaleSet] = field(default_factory=dict)
    vms: dict[tuple[str, str], Vm] = field(default_factory=dict)
    members: dict[str, dict[str, Vm]] = field(default_factory=dict)
    locks: dict[tuple[str, str], Lock] = field(default_factory=dict)
    network: Network = field(default_factory=Network)
    services: dict[tuple[str, str], str] = field(default_factory=dict)
    created: int = 0
    ordinals: int = 0

    def next_ordinal(self) -> int:
        """Return the number of a new network resource, which orders lists."""
        self.ordinals += 1
        return self.ordinals

    def group_id(self, group: str) -> str:
        """Return the ARM id of a resource group."""
        return f"/subscriptions/{self.subscription}/resourceGroups/{group}"

    def add_lock(self, lock: Lock) -> None:
        """Add a lock."""
        self.locks[lock.scope.lower(), lock.name.lower()] = lock

    def add_vm(self, vm: Vm) -> None:
        """Add a VM to its group, and to its scale set where it has one."""
        self.created += 1
        if vm.spec.instance is None:
            self.vms[vm.spec.group.lower(), vm.spec.name.lower()] = vm
        if vm.spec.scale_set:
            self.members.setdefault(vm.spec.scale_set.lower(), {})[vm.spec.name.lower()] = vm

    def holds(self, vm: Vm) -> bool:
        """Return whether a VM still exists."""
        return self.vms.get((vm.spec.group.lower(), vm.spec.name.lower())) is vm

    def remove_vm(self, vm: Vm) -> None:
        """Remove a VM with its locks and NICs."""
        self.network.release(vm.spec.id)
        for key in [key for key in self.locks if is_within(key[0], vm.spec.id)]:
            del self.locks[key]
        self.vms.pop((vm.spec.group.lower(), vm.spec.name.lower()), None)
        if vm.spec.scale_set:
            self.members[vm.spec.scale_set.lower()].pop(vm.spec.name.lower(), None)

    def members_of(self, scale_set_id: str) -> list[Vm]:
        """Return the VMs of a scale set, in the order of their creation."""
        return list(self.members.get(scale_set_id.lower(), {}).values())
