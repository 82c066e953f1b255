"""PATCH and PUT of a VM."""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from armsim.arm.errors import ArmError, not_modelled
from armsim.arm.lookup import group_of, vm_of
from armsim.arm.operations import accepted
from armsim.arm.router import Call, Router
from armsim.compute.conditions import check_condition
from armsim.compute.lifecycle import WRITES
from armsim.compute.progress import VM_PATH, begin, read_object
from armsim.compute.vm_body import base_model, etag_of
from armsim.compute.vm_routes import describe_whole
from armsim.messages import Response

if TYPE_CHECKING:
    from armsim.world.model import Vm, VmSpec

routes = Router()

Model = dict[str, Any]

_READ_ONLY = {"id", "name", "type", "etag", "resources", "managedBy", "location", "extendedLocation"}
_WRITABLE = {"tags", "zones", "plan", "identity"}
_OWNED = {"provisioningState", "vmId", "timeCreated", "instanceView"}
_SECTIONS = {
    "hardwareProfile", "scheduledEventsPolicy", "storageProfile", "additionalCapabilities", "osProfile",
    "networkProfile", "securityProfile", "diagnosticsProfile", "availabilitySet", "virtualMachineScaleSet",
    "proximityPlacementGroup", "priority", "evictionPolicy", "billingProfile", "host", "hostGroup", "licenseType",
    "extensionsTimeBudget", "platformFaultDomain", "scheduledEventsProfile", "userData", "capacityReservation",
    "applicationProfile",
}  # fmt: skip
"""The writable properties of a VM, Compute 2024-03-01."""

_KEPT = ("hardwareProfile", "storageProfile", "osProfile", "networkProfile", "virtualMachineScaleSet")
"""What a PUT that says nothing about it leaves as it is: a VM has it for life."""

_FIXED = (
    "osProfile.computerName", "osProfile.adminUsername", "storageProfile.osDisk.osType", "storageProfile.osDisk.name",
    "storageProfile.imageReference.publisher", "storageProfile.imageReference.offer",
    "storageProfile.imageReference.sku", "priority",
)  # fmt: skip
"""What no write changes."""

_SIZE = re.compile(r"(Standard|Basic|Internal)_\w+", re.IGNORECASE)


@routes.route(f"PATCH {VM_PATH}", "vm-update", bucket="UpdateVM", long=True)
def update_vm(call: Call) -> Response:
    """Merge a body into the VM; tags are replaced as a whole."""
    vm = vm_of(call)
    body = read_object(call)
    _check_members(body)
    before = model_of(vm)
    after = merged(before, _writable(body))
    if "tags" in body:
        after["tags"] = body["tags"] or {}
    return _write(call, vm, before, after)


@routes.route(f"PUT {VM_PATH}", "vm-put", bucket="UpdateVM", long=True)
def replace_vm(call: Call) -> Response:
    """Replace the VM: a property that the body leaves out is gone, apart from those that a VM has for life."""
    if (group_of(call), call.params["vm"].lower()) not in call.cloud.world.vms:
        raise not_modelled("the creation of a virtual machine")
    vm = vm_of(call)
    body = read_object(call)
    _check_members(body)
    _check_location(vm, body)
    before = model_of(vm)
    after = _writable(body)
    after.setdefault("properties", {})
    for section in _KEPT:
        if section in before["properties"]:
            kept = before["properties"][section]
            after["properties"][section] = merged(kept, after["properties"].get(section) or {})
    if "zones" in before:
        after.setdefault("zones", before["zones"])
    return _write(call, vm, before, after)


def model_of(vm: Vm) -> Model:
    """Return a copy of the writable part of a VM's body."""
    return deepcopy(vm.model) if vm.model else base_model(vm.spec)


def merged(old: Any, new: Any) -> Any:
    """Return what a merge patch makes of a value: objects are merged, null removes, anything else replaces."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return deepcopy(new)
    result = {**old, **{key: merged(old.get(key), value) for key, value in new.items()}}
    return {key: value for key, value in result.items() if value is not None}


def _writable(body: Model) -> Model:
    writable = {key: deepcopy(value) for key, value in body.items() if key in _WRITABLE and value is not None}
    properties = body.get("properties") or {}
    writable["properties"] = {key: deepcopy(value) for key, value in properties.items() if key not in _OWNED}
    return writable


def _write(call: Call, vm: Vm, before: Model, after: Model) -> Response:
    check_condition(call, etag_of(vm))
    _check_change(vm, before, after)
    size = after["properties"]["hardwareProfile"].get("vmSize")
    resized = vm.state.power == "running" and size.lower() != vm.spec.size.lower()
    action = WRITES[call.action].variant({"resize": resized})
    action.check(vm)
    vm.model = after
    vm.version += 1
    vm.spec = _spec_of(vm.spec, after)
    operation = begin(call, vm, action)
    answer = accepted(call, operation, 200, describe_whole(vm))
    return answer._replace(headers={"ETag": etag_of(vm), **answer.headers})


def _spec_of(spec: VmSpec, model: Model) -> VmSpec:
    """Return what a VM is, as a new body has it."""
    properties = model["properties"]
    return replace(
        spec,
        tags=model.get("tags") or {},
        size=properties["hardwareProfile"]["vmSize"],
        eviction_policy=properties.get("evictionPolicy", spec.eviction_policy),
        hibernation_enabled=(properties.get("additionalCapabilities") or {}).get("hibernationEnabled", False),
        os_disk_delete_option=properties["storageProfile"]["osDisk"].get("deleteOption", "Detach"),
    )


def _check_members(body: Model) -> None:
    properties = body.get("properties") or {}
    known = (("VirtualMachine", body, _READ_ONLY | _WRITABLE | {"properties"}),)
    if not isinstance(properties, dict):
        raise _invalid("properties", "an object")
    for kind, part, names in (*known, ("Properties", properties, _OWNED | _SECTIONS)):
        unknown = sorted(set(part) - names)
        if unknown:
            message = f"Could not find member '{unknown[0]}' on object of type '{kind}'."
            raise ArmError(400, "InvalidRequestContent", message)
    _check_kinds(body, properties)


def _check_kinds(body: Model, properties: Model) -> None:
    tags = body.get("tags")
    if tags is not None and not (isinstance(tags, dict) and all(isinstance(value, str) for value in tags.values())):
        raise _invalid("tags", "an object of strings")
    for section in properties:
        if section.endswith("Profile") and not isinstance(properties[section], dict | None):
            raise _invalid(section, "an object")


def _invalid(name: str, wanted: str) -> ArmError:
    return ArmError(400, "InvalidParameter", f"The value of parameter {name} is invalid: {wanted} is needed.")


def _check_location(vm: Vm, body: Model) -> None:
    location = body.get("location")
    if not location:
        raise ArmError(400, "LocationRequired", "The location property is required for this definition.")
    if location.replace(" ", "").lower() != vm.spec.location.lower():
        message = (
            f"The resource '{vm.spec.name}' already exists in location '{vm.spec.location}' in resource group "
            f"'{vm.spec.group}'. A resource with the same name cannot be created in location '{location}'. "
            "Please select a new resource name."
        )
        raise ArmError(409, "InvalidResourceLocation", message)


def _check_change(vm: Vm, before: Model, after: Model) -> None:
    for path in _FIXED:
        old, new = _at(before, path), _at(after, path)
        if old != new and (old is None or str(old).lower() != str(new).lower()):
            raise ArmError(409, "PropertyChangeNotAllowed", f"Changing property '{path}' is not allowed.")
    if before.get("zones") != after.get("zones"):
        message = f"The zones of the resource '{vm.spec.id}' cannot be modified once it is created."
        raise ArmError(409, "ResourceAvailabilityZonesCannotBeModified", message)
    if _lower(before, "virtualMachineScaleSet.id") != _lower(after, "virtualMachineScaleSet.id"):
        raise not_modelled("a change of a virtual machine's scale set")
    size = _at(after, "hardwareProfile.vmSize")
    if not (isinstance(size, str) and _SIZE.fullmatch(size)):
        message = f"The value {size} provided for the VM size is not valid."
        raise ArmError(400, "InvalidParameter", message)


def _at(model: Model, path: str) -> Any:
    value: Any = model["properties"]
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _lower(model: Model, path: str) -> str:
    return str(_at(model, path) or "").lower()
