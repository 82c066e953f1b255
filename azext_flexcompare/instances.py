"""Scale sets, instances, and the state that an instance shows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from azext_flexcompare.scheduler.outcome import Error


class ResourceId(str):
    """The id of a resource, which compares without regard to case: Azure does not always spell it the same."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        """Check whether another text is the same id."""
        return isinstance(other, str) and self.lower() == other.lower()

    def __ne__(self, other: object) -> bool:
        """Check whether another text is not the same id."""
        return not self == other

    def __hash__(self) -> int:
        """Return the hash of the id in lower case."""
        return hash(self.lower())


# Reasons why an instance is not there to act on.
GONE = "It no longer exists."
REPLACED = "Another machine has its name now."
DELETING = "It is being deleted."
DEALLOCATED = "Another client deallocated it meanwhile."


class ScaleSet(NamedTuple):
    """A Flexible scale set; `balanced` is whether its model names a load balancer."""

    subscription: str
    resource_group: str
    name: str
    id: ResourceId
    balanced: bool = False


class Instance(NamedTuple):
    """An instance as it was when it was read; `vm_id` tells it from another machine of the same name."""

    id: ResourceId
    name: str
    scale_set: ScaleSet
    zone: str | None
    fault_domain: int | None
    power_state: str | None
    tags: dict[str, str]
    provisioning_state: str | None
    size: str | None
    location: str
    resource: Any
    vm_id: str | None = None

    @property
    def subscription(self) -> str:
        """Return the subscription of the set."""
        return self.scale_set.subscription

    @property
    def resource_group(self) -> str:
        """Return the resource group of the set, as the set spells it."""
        return self.scale_set.resource_group


def is_replaced(known: str | None, found: str | None) -> bool:
    """Check whether the machine that was found is another one than the known one; an unknown id tells nothing."""
    return bool(known and found) and str(known).lower() != str(found).lower()


def scale_set_view_id(instance: Instance) -> str:
    """Return the id under which `az vmss list-instances` lists an instance."""
    return f"{instance.scale_set.id}/virtualMachines/{instance.name}"


def priority_of(instance: Instance) -> str:
    """Return `spot` or `regular`; Azure leaves the priority of a regular VM out."""
    resource = instance.resource
    found = (resource.get("properties") or {}).get("priority") if isinstance(resource, dict) else None
    found = found or getattr(resource, "priority", None)
    return "spot" if (found or "").lower() in ("spot", "low") else "regular"


def is_in_power_state(instance: Instance, power_state: str | None) -> bool:
    """Check whether an instance is in a power state; a hibernated one is deallocated as well."""
    return power_state in (instance.power_state, "deallocated" if instance.power_state == HIBERNATED else None)


def is_unhealthy(instance: Instance) -> bool:
    """Check whether provisioning Failed, or the instance runs without a Ready agent or with an unhealthy application.

    The guest of an instance that does not run reports nothing, which is no fault.
    """
    if (instance.provisioning_state or "").lower() == "failed":
        return True
    view = instance.resource and instance.resource.instance_view
    if instance.power_state != "running" or view is None:
        return False
    agent = (view.vm_agent.statuses if view.vm_agent else None) or ()
    ready = any((status.display_status or "").lower() == "ready" for status in agent)
    health = view.vm_health.status if view.vm_health else None
    return not ready or (health is not None and (health.code or "").lower() != "healthstate/healthy")


def is_deleting(instance: Instance) -> bool:
    """Check whether an instance is being deleted."""
    return (instance.provisioning_state or "").lower() == "deleting"


def why_absent(known: Instance, found: Instance | None) -> str | None:
    """Return why an instance, as it was found under its name, is not there to act on, or None."""
    if found is None:
        return GONE
    if is_replaced(known.vm_id, found.vm_id):
        return REPLACED
    return DELETING if is_deleting(found) else None


def was_deallocated(before: Instance, after: Instance) -> bool:
    """Check whether an instance that was allocated is no longer, or is about to be no longer."""
    return before.power_state not in (None, *NOT_ALLOCATED) and after.power_state in NOT_ALLOCATED


def last_name(resource_id: str) -> str:
    """Return the name at the end of a resource id; a name is returned as it is."""
    return resource_id.rstrip("/").rsplit("/", 1)[-1]


def describe(sets: Iterable[ScaleSet]) -> str:
    """Format the names of scale sets for a sentence, with their resource groups where these differ."""
    found = list({one.id.lower(): one for one in sets}.values())
    several = len({one.resource_group.lower() for one in found}) > 1
    names = [f"{one.name} ({one.resource_group})" if several else one.name for one in found]
    if len(names) == 1:
        return f"scale set {names[0]}"
    if len(names) <= NAMED:
        return f"the scale sets {', '.join(names)}"
    return f"{len(names)} scale sets, {', '.join(names[:NAMED])} and {len(names) - NAMED} more"


NAMED = 20  # scale sets in a sentence
HIBERNATED = "hibernated"
NOT_ALLOCATED = ("deallocated", "deallocating", HIBERNATED)
TRANSITIONAL_STATES = ("creating", "updating", "deleting")


def provisioning_times(instance: Instance) -> list[str]:
    """List the times at which its provisioning reached its state, by the clock of the service.

    In recorded traffic they move with powerOff, start, restart, redeploy, deallocate, eviction, a PUT of the VM, and a
    PUT or DELETE of an extension, and there is none during an operation. No recording shows that they move with
    runCommand, reimage, reapply, performMaintenance or a PATCH of the VM.
    """
    known = getattr(instance.resource, "provisioned", None)  # of a list, whose models are not made for this
    if known is not None:
        return list(known)
    return [str(status.time) for status in _statuses(instance, "ProvisioningState/") if status.time]


def is_in_transition(instance: Instance) -> bool:
    """Check whether an operation on an instance is in progress."""
    return (instance.provisioning_state or "").lower() in TRANSITIONAL_STATES


def provisioning_error(instance: Instance | None) -> Error | None:
    """Return the error of an instance that is Failed."""
    if instance is None or instance.provisioning_state != "Failed":
        return None
    failed = next(iter(_statuses(instance, "ProvisioningState/failed")), None)
    code = failed.code.split("/")[-1] if failed else "Failed"
    return Error(code, " ".join(str((failed and failed.message) or "Its provisioningState is Failed.").split()))


def describe_state(instance: Instance | None) -> str:
    """Describe the state of an instance that does not show that the operation has succeeded."""
    if instance is None:
        return "It is no longer in the set."
    state = f"It is {instance.power_state}, its provisioningState {instance.provisioning_state}"
    return f"{state}; it does not show that the operation succeeded."


def _statuses(instance: Instance, prefix: str) -> list[Any]:
    view = instance.resource and instance.resource.instance_view
    return [status for status in (view.statuses if view else None) or () if (status.code or "").startswith(prefix)]


def by_set(instances: list[Instance]) -> dict[ScaleSet, list[Instance]]:
    """Return the instances of each set, in their order."""
    groups: dict[ScaleSet, list[Instance]] = {}
    for instance in instances:
        groups.setdefault(instance.scale_set, []).append(instance)
    return groups
