"""ARM body of a VM."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from armsim.clock import stamp
from armsim.identifiers import guid
from armsim.world.model import VM_TYPE

if TYPE_CHECKING:
    from armsim.world.model import Vm, VmSpec

_IMAGES = {
    "Linux": {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server"},
    "Windows": {"publisher": "MicrosoftWindowsServer", "offer": "WindowsServer", "sku": "2022-datacenter-g2"},
}


def describe_vm(vm: Vm) -> dict[str, Any]:
    """Return the whole VM, without its extensions and its instance view."""
    spec = vm.spec
    model = deepcopy(vm.model) if vm.model else base_model(spec)
    properties = model.pop("properties")
    if vm.state.power in {"deallocated", "hibernated"}:
        properties["storageProfile"] = _detached(properties["storageProfile"])
    properties |= {
        "provisioningState": vm.state.provisioning,
        "vmId": spec.vm_id,
        "timeCreated": stamp(spec.created),
    }
    return {
        "name": spec.name,
        "id": spec.id,
        "type": VM_TYPE,
        "location": spec.location,
        "etag": etag_of(vm),
        "properties": properties,
        **model,
    }


def _detached(profile: dict[str, Any]) -> dict[str, Any]:
    """Return the storage profile of a VM that is deallocated: as recorded, without size and type of its disk."""
    disk = {name: value for name, value in profile["osDisk"].items() if name != "diskSizeGB"}
    if "managedDisk" in disk:
        disk["managedDisk"] = {name: one for name, one in disk["managedDisk"].items() if name != "storageAccountType"}
    return {**profile, "osDisk": disk}


def etag_of(vm: Vm) -> str:
    """Return the version of a VM: a small integer in quotation marks."""
    return f'"{vm.version}"'


def base_model(spec: VmSpec) -> dict[str, Any]:
    """Return the writable part of a VM's body as its creation left it."""
    model: dict[str, Any] = {"properties": _properties(spec)}
    model["tags"] = dict(spec.tags)
    if spec.zones:
        model["zones"] = spec.zones
    return model


def in_list(vm: Vm, capital_group: bool, with_etag: bool) -> dict[str, Any]:
    """Return the VM as a list shows it: the resource group in its id and its set's possibly in capitals."""
    body = describe_vm(vm)
    if not with_etag:
        del body["etag"]
    if capital_group:
        body["id"] = _in_capitals(body["id"])
        scale_set = body["properties"].get("virtualMachineScaleSet")
        if scale_set:
            body["properties"]["virtualMachineScaleSet"] = {"id": _in_capitals(scale_set["id"])}
    return body


def _in_capitals(identifier: str) -> str:
    parts = identifier.split("/")
    return "/".join([*parts[:4], parts[4].upper(), *parts[5:]])


def _properties(spec: VmSpec) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "hardwareProfile": {"vmSize": spec.size},
        "storageProfile": _storage_profile(spec),
        "networkProfile": _network_profile(spec),
    }
    if spec.admin_username is not None:
        properties["osProfile"] = _os_profile(spec)
    if spec.scale_set:
        properties["virtualMachineScaleSet"] = {"id": spec.scale_set}
    if spec.priority == "Spot":
        properties |= {
            "priority": "Spot",
            "evictionPolicy": spec.eviction_policy,
            "billingProfile": {"maxPrice": -1},
        }
    if spec.hibernation_enabled:
        properties["additionalCapabilities"] = {"hibernationEnabled": True}
    return properties


def _storage_profile(spec: VmSpec) -> dict[str, Any]:
    disk_id = f"{_group_of(spec)}/providers/Microsoft.Compute/disks/{os_disk_name(spec)}"
    disk: dict[str, Any] = {
        "osType": spec.os_type,
        "name": os_disk_name(spec),
        "createOption": "FromImage",
        "caching": "ReadOnly" if spec.ephemeral else "ReadWrite",
        "managedDisk": {"storageAccountType": "Standard_LRS" if spec.ephemeral else "Premium_LRS", "id": disk_id},
        "deleteOption": "Delete" if spec.ephemeral else spec.os_disk_delete_option,
        "diskSizeGB": 30,
    }
    if spec.ephemeral:
        disk["diffDiskSettings"] = {"option": "Local", "placement": "CacheDisk"}
    image = {**_IMAGES[spec.os_type], "version": "latest", "exactVersion": "24.04.202601010"}
    return {"imageReference": image, "osDisk": disk, "dataDisks": []}


def _os_profile(spec: VmSpec) -> dict[str, Any]:
    """Return what a VM of a generalized image was created with."""
    profile: dict[str, Any] = {
        "computerName": computer_name(spec),
        "adminUsername": spec.admin_username,
        "secrets": [],
        "allowExtensionOperations": True,
        "requireGuestProvisionSignal": True,
    }
    if spec.os_type == "Linux":
        patches = {"patchMode": "ImageDefault", "assessmentMode": "ImageDefault"}
        profile["linuxConfiguration"] = {
            "disablePasswordAuthentication": True,
            "provisionVMAgent": True,
            "patchSettings": patches,
        }
    else:
        profile["windowsConfiguration"] = {"provisionVMAgent": True, "enableAutomaticUpdates": True}
    return profile


def _network_profile(spec: VmSpec) -> dict[str, Any]:
    return {
        "networkInterfaces": [
            {"id": nic, "properties": {"primary": number == 0, "deleteOption": "Delete"}}
            for number, nic in enumerate(nic_ids(spec))
        ]
    }


def nic_ids(spec: VmSpec) -> list[str]:
    """Return the ids of a VM's network interfaces, the primary one first."""
    group = _group_of(spec)
    if spec.nic_group:
        group = f"{group.rpartition('/')[0]}/{spec.nic_group}"
    suffixes = ("-nic", "-nic2") if spec.second_nic else ("-nic",)
    return [f"{group}/providers/Microsoft.Network/networkInterfaces/{spec.name}{suffix}" for suffix in suffixes]


def _group_of(spec: VmSpec) -> str:
    return spec.id.partition("/providers/")[0]


def os_disk_name(spec: VmSpec) -> str:
    """Return the name of a VM's OS disk."""
    return f"{spec.name}_OsDisk_1_{guid('disk', spec.id).replace('-', '')}"


def computer_name(spec: VmSpec) -> str:
    """Return the host name inside a VM: Azure makes it from the set's prefix and the name's suffix."""
    return spec.name.replace("_", "")[:15]
