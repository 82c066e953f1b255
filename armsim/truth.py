"""Ground truth about VMs, whatever clients have seen."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from armsim.compute.bulk import STARTING
from armsim.compute.lifecycle import ACTIONS, BATCHES, WRITES
from armsim.network.rotation import describe_backends

if TYPE_CHECKING:
    from armsim.cloud import Cloud
    from armsim.traffic import Meter
    from armsim.world.model import Vm

_COUNTED = (*ACTIONS, *WRITES, *BATCHES, *STARTING, "manualupgrade", "instance-put", "lock-put", "lock-delete")


def find_vm(cloud: Cloud, name: str) -> Vm | None:
    """Return the VM of a name, in whichever subscription and resource group it is."""
    worlds = [one.world for one in cloud.subscriptions()]
    found = (world.vms.get((group, name.lower())) for world in worlds for group in world.groups)
    return next((vm for vm in found if vm is not None), None)


def describe_truth(cloud: Cloud, name: str) -> dict[str, Any] | None:
    """Return the state of a VM, how many requests of each action were accepted, and the operation that runs."""
    vm = find_vm(cloud, name)
    if vm is None:
        return None
    return {
        "name": vm.spec.name,
        "id": vm.spec.id,
        "scaleSet": vm.spec.scale_set,
        "vmId": vm.spec.vm_id,
        "zone": vm.spec.zone,
        "faultDomain": vm.spec.fault_domain,
        "powerState": vm.state.power,
        "provisioningState": vm.state.provisioning,
        "error": vm.state.error,
        "operation": vm.operation.action if vm.operation and vm.busy else None,
        "accepted": accepted_of(cloud, vm.spec.id),
    }


def accepted_of(cloud: Cloud, identifier: str) -> dict[str, int]:
    """Return how many requests of each action were accepted for a VM, which may be gone by now."""
    counts = {action: cloud.accepted[identifier, action] for action in _COUNTED}
    return {action: times for action, times in counts.items() if times}


def count_accepted(cloud: Cloud) -> Counter[tuple[str, str]]:
    """Return how many requests were accepted, by the name of their VM and their action."""
    counts: Counter[tuple[str, str]] = Counter()
    for (identifier, action), times in cloud.accepted.items():
        counts[identifier.rpartition("/")[2], action] += times
    return counts


def describe_changes(cloud: Cloud) -> dict[str, Any]:
    """Return what was accepted and what ran when, for clients in other processes."""
    accepted = [{"id": vm, "action": action, "times": times} for (vm, action), times in cloud.accepted.items() if times]
    return {
        "accepted": accepted,
        "intervals": [one._asdict() for one in cloud.intervals.read()],
        "rotation": [one._asdict() for one in cloud.rotation.read()],
    }


def list_backends(cloud: Cloud) -> list[dict[str, Any]]:
    """Return each member of each backend pool, as the load balancer treats it now."""
    return [one for each in cloud.subscriptions() for one in describe_backends(each.world)]


def count_traffic(cloud: Cloud, meter: Meter) -> dict[str, Any]:
    """Return what the clients sent since the last reset, in numbers."""
    return {
        "requests": len(cloud.log),
        "throttled": dict(cloud.log.throttled),
        "tokenRequests": cloud.log.tokens,
        "connections": meter.connections,
        "peakInFlight": meter.peak,
    }


def describe_state(cloud: Cloud) -> dict[str, Any]:
    """Return the truth about everything at once."""
    worlds = [one.world for one in cloud.subscriptions()]
    vms = {vm.spec.id: describe_truth(cloud, vm.spec.name) for world in worlds for vm in world.vms.values()}
    return {
        "vms": vms,
        "operations": len(cloud.operations.operations),
        "running": cloud.operations.running,
        "peak": cloud.operations.peak,
        "bulk": cloud.bulk.describe(),
        "services": [
            {"scaleSet": scale_set, "service": service, "state": state}
            for world in worlds
            for (scale_set, service), state in world.services.items()
        ],
    }
