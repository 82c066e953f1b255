"""ARM bodies of scale sets and their instances."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from armsim.clock import stamp
from armsim.compute.instance_view import describe_power
from armsim.identifiers import guid
from armsim.world.model import SCALE_SET_TYPE

if TYPE_CHECKING:
    from armsim.world.model import ScaleSet, Vm

_IMAGE = {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest"}
_INSTANCE_TYPE = f"{SCALE_SET_TYPE}/virtualMachines"


def describe_scale_set(scale_set: ScaleSet, capacity: int) -> dict[str, Any]:
    """Return the whole scale set."""
    body: dict[str, Any] = {
        "name": scale_set.name,
        "id": scale_set.id,
        "type": SCALE_SET_TYPE,
        "location": scale_set.location,
        "tags": scale_set.tags,
        "sku": {"name": scale_set.size, "tier": "Standard", "capacity": capacity},
        "properties": _properties(scale_set),
    }
    return body | ({"zones": scale_set.zones} if scale_set.zones else {})


def _properties(scale_set: ScaleSet) -> dict[str, Any]:
    flexible = scale_set.mode == "Flexible"
    properties: dict[str, Any] = {
        "orchestrationMode": scale_set.mode,
        "singlePlacementGroup": not flexible,
        "platformFaultDomainCount": 1 if flexible and scale_set.zones else 3 if flexible else 5,
        "provisioningState": "Succeeded",
        "uniqueId": guid("scale set", scale_set.id),
        "timeCreated": stamp(scale_set.created),
        "virtualMachineProfile": _profile(scale_set),
    }
    properties["upgradePolicy"] = {"mode": "Manual"}
    return properties | ({"constrainedMaximumCapacity": False} if flexible else {"overprovision": False})


def _profile(scale_set: ScaleSet) -> dict[str, Any]:
    return {
        "storageProfile": {
            "imageReference": _IMAGE,
            "osDisk": {"osType": "Linux", "createOption": "FromImage", "caching": "ReadWrite", "diskSizeGB": 30},
        },
        "osProfile": {"computerNamePrefix": scale_set.name, "adminUsername": "azureuser"},
    }


def flexible_item(scale_set: ScaleSet, vm: Vm) -> dict[str, Any]:
    """Return the thin list item of a Flexible instance, null zone included, as recorded in August 2024."""
    return {
        "name": vm.spec.name,
        "id": f"{scale_set.id}/virtualMachines/{vm.spec.name}",
        "type": _INSTANCE_TYPE,
        "location": vm.spec.location,
        "instanceId": vm.spec.name,
        "zones": [None],
    }


def flexible_instance(scale_set: ScaleSet, vm: Vm) -> dict[str, Any]:
    """Return what the scale set itself knows about a Flexible instance."""
    item = flexible_item(scale_set, vm)
    del item["zones"]
    protection = {
        "protectFromScaleIn": vm.spec.protect_from_scale_in,
        "protectFromScaleSetActions": vm.spec.protect_from_scale_set_actions,
    }
    item["properties"] = {
        "latestModelApplied": vm.spec.latest_model,
        "vmId": vm.spec.vm_id,
        "protectionPolicy": protection,
    }
    return item | ({"zones": vm.spec.zones} if vm.spec.zones else {})


def uniform_instance(scale_set: ScaleSet, vm: Vm) -> dict[str, Any]:
    """Return an instance of a Uniform set, which is no VM resource of its own."""
    return {
        "name": vm.spec.name,
        "id": vm.spec.id,
        "type": _INSTANCE_TYPE,
        "location": vm.spec.location,
        "instanceId": str(vm.spec.instance),
        "sku": {"name": scale_set.size, "tier": "Standard"},
        "properties": {
            "latestModelApplied": vm.spec.latest_model,
            "modelDefinitionApplied": "VirtualMachineScaleSet",
            "provisioningState": vm.state.provisioning,
            "vmId": vm.spec.vm_id,
        },
    }


def uniform_summary(vms: list[Vm]) -> dict[str, Any]:
    """Return the instance view of a whole Uniform set."""
    states = Counter(f"ProvisioningState/{vm.state.provisioning.lower()}" for vm in vms)
    states += Counter(describe_power(vm.state)["code"] for vm in vms)
    summary = [{"code": code, "count": number} for code, number in states.items()]
    status = {"code": "ProvisioningState/succeeded", "level": "Info", "displayStatus": "Provisioning succeeded"}
    return {"virtualMachine": {"statusesSummary": summary}, "statuses": [status]}
