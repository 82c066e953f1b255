"""ARM bodies of VM extensions."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from armsim.world.model import VM_TYPE

if TYPE_CHECKING:
    from armsim.world.model import Extension, Vm


def extension_id(vm: Vm, extension: Extension) -> str:
    """Return the ARM id of an extension."""
    return f"{vm.spec.id}/extensions/{extension.name}"


def describe_extension(vm: Vm, extension: Extension, with_view: bool = False) -> dict[str, Any]:
    """Return a whole extension; protected settings are never among it."""
    body: dict[str, Any] = {
        "name": extension.name,
        "id": extension_id(vm, extension),
        "type": f"{VM_TYPE}/extensions",
        "location": vm.spec.location,
        "properties": {**deepcopy(extension.properties), "provisioningState": extension.provisioning},
    }
    if extension.tags:
        body["tags"] = dict(extension.tags)
    if with_view:
        body["properties"]["instanceView"] = describe_status(extension)
    return body


def describe_status(extension: Extension) -> dict[str, Any]:
    """Return what the agent in the VM reports about an extension."""
    return {
        "name": extension.name,
        "type": extension.handler,
        "typeHandlerVersion": _full_version(extension),
        "statuses": [_status(extension)],
    }


def describe_handler(extension: Extension) -> dict[str, Any]:
    """Return what the agent reports about the program that runs an extension."""
    version = _full_version(extension)
    status = {
        "code": "ProvisioningState/succeeded",
        "level": "Info",
        "displayStatus": "Ready",
        "message": "Plugin enabled",
    }
    return {"type": extension.handler, "typeHandlerVersion": version, "status": status}


def _full_version(extension: Extension) -> str:
    parts = str(extension.properties["typeHandlerVersion"]).split(".")
    return ".".join([*parts, "0", "0", "0"][: max(3, len(parts))])


def _status(extension: Extension) -> dict[str, Any]:
    if extension.provisioning not in {"Succeeded", "Failed"}:
        return {"code": "ProvisioningState/transitioning", "level": "Info", "displayStatus": "Transitioning"}
    word = extension.provisioning.lower()
    status = {
        "code": f"ProvisioningState/{word}",
        "level": "Error" if extension.error else "Info",
        "displayStatus": f"Provisioning {word}",
    }
    return status | {"message": extension.error["message"] if extension.error else "Enable succeeded."}
