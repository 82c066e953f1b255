"""Routes of VM extensions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from armsim.arm.errors import ArmError, resource_not_found
from armsim.arm.lookup import group_of, vm_of
from armsim.arm.operations import accepted
from armsim.arm.router import Call, Router
from armsim.compute.extension_body import describe_extension
from armsim.compute.guest import is_silent
from armsim.compute.instance_view import wants_view
from armsim.compute.lifecycle import WRITES
from armsim.compute.progress import VM_PATH, begin, read_object
from armsim.messages import Response
from armsim.world.model import VM_TYPE, Extension

if TYPE_CHECKING:
    from armsim.world.model import Vm

routes = Router()

_ONE = f"{VM_PATH}/extensions/{{extension}}"

_KINDS: dict[str, type] = {
    "publisher": str,
    "type": str,
    "typeHandlerVersion": str,
    "autoUpgradeMinorVersion": bool,
    "enableAutomaticUpgrade": bool,
    "suppressFailures": bool,
    "forceUpdateTag": str,
    "settings": dict,
    "protectedSettings": dict,
    "protectedSettingsFromKeyVault": dict,
    "provisionAfterExtensions": list,
}
"""The writable properties of an extension, Compute 2024-03-01."""
_OWNED = {"provisioningState", "instanceView"}
_SECRET = {"protectedSettings", "protectedSettingsFromKeyVault"}
_NEEDED = ("publisher", "type", "typeHandlerVersion")
_MEMBERS = {"name", "id", "type", "location", "tags", "properties"}
_VERSION = re.compile(r"\d+(\.\d+)*")


@routes.route(f"GET {VM_PATH}/extensions", "extensions", query=("$expand",), bucket="LowCostGet")
def list_extensions(call: Call) -> Response:
    """List the extensions of a VM."""
    vm, with_view = vm_of(call), wants_view(call.request.query, "an extension")
    items = [describe_extension(vm, extension, with_view) for extension in vm.extensions.values()]
    return Response(200, {"value": items})


@routes.route(f"GET {_ONE}", "extension", query=("$expand",), bucket="LowCostGet")
def get_extension(call: Call) -> Response:
    """Return one extension."""
    vm = vm_of(call)
    return Response(
        200, describe_extension(vm, _extension_of(call, vm), wants_view(call.request.query, "an extension"))
    )


@routes.route(f"PUT {_ONE}", "extension-put", bucket="UpdateVM", long=True)
def put_extension(call: Call) -> Response:
    """Install an extension, or run it again with other settings."""
    vm = vm_of(call)
    properties = _read(call)
    for name in _NEEDED:
        if not properties.get(name):
            raise ArmError(400, "InvalidParameter", f"Required parameter '{name}' is missing (null).")
    old = vm.extensions.get(call.params["extension"].lower())
    if old:
        _check_same(old, properties)
    _check_only(vm, call.params["extension"], properties)
    WRITES["extension-put"].check(vm)
    extension = old or Extension(call.params["extension"], {}, call.cloud.utc())
    extension.properties = {"autoUpgradeMinorVersion": False, **properties}
    return _apply(call, vm, extension, "Updating" if old else "Creating", status=200 if old else 201)


@routes.route(f"PATCH {_ONE}", "extension-update", bucket="UpdateVM", long=True)
def update_extension(call: Call) -> Response:
    """Change some properties of an extension."""
    vm = vm_of(call)
    extension = _extension_of(call, vm)
    properties = {**extension.properties, **_read(call)}
    _check_same(extension, properties)
    WRITES["extension-update"].check(vm)
    extension.properties = properties
    return _apply(call, vm, extension, "Updating", status=200)


@routes.route(f"DELETE {_ONE}", "extension-delete", bucket="UpdateVM", long=True)
def delete_extension(call: Call) -> Response:
    """Uninstall an extension; 204 where there is none."""
    vm, name = vm_of(call), call.params["extension"].lower()
    extension = vm.extensions.get(name)
    if extension is None:
        return Response(204)
    action = WRITES["extension-delete"]
    action.check(vm)
    extension.provisioning = "Deleting"

    def at_end(due: float, error: dict[str, str] | None) -> None:
        if error:
            _finish(call, extension, due, error)
        else:
            vm.extensions.pop(name, None)

    return accepted(call, begin(call, vm, action, at_end=at_end, words=_failure(extension)))


def _apply(call: Call, vm: Vm, extension: Extension, meanwhile: str, status: int) -> Response:
    tags = (call.request.json() or {}).get("tags")
    extension.tags = extension.tags if tags is None else tags
    extension.provisioning, extension.error = meanwhile, None
    vm.extensions[extension.name.lower()] = extension
    silent = is_silent(vm)
    words = _silence(vm) if silent else _failure(extension)

    def at_end(due: float, error: dict[str, str] | None) -> None:
        _finish(call, extension, due, error)

    operation = begin(call, vm, WRITES[call.action], at_end=at_end, words=words, fails=silent)
    return accepted(call, operation, status, describe_extension(vm, extension))


def _finish(call: Call, extension: Extension, due: float, error: dict[str, str] | None) -> None:
    extension.provisioning = "Failed" if error else "Succeeded"
    extension.error, extension.since = error, call.cloud.at(due)


def _failure(extension: Extension) -> dict[str, str]:
    message = (
        f"VM has reported a failure when processing extension '{extension.name}' "
        f"(publisher '{extension.properties['publisher']}' and type '{extension.properties['type']}'). "
        'Error message: "Enable failed: the command terminated with exit status=1". More information on '
        "troubleshooting is available at https://aka.ms/VMExtensionTroubleshoot. "
    )
    return {"code": "VMExtensionProvisioningError", "message": message}


def _silence(vm: Vm) -> dict[str, str]:
    message = (
        f"VM '{vm.spec.name}' has not reported status for VM agent or extensions. Verify that the OS is up and "
        "healthy, the VM has a running VM agent, and that it can establish outbound connections to Azure storage. "
        f"Please refer to https://aka.ms/vmextension{vm.spec.os_type.lower()}troubleshoot for additional VM agent "
        "troubleshooting information."
    )
    return {"code": "VMAgentStatusCommunicationError", "message": message}


def _read(call: Call) -> dict[str, Any]:
    """Return the public properties of the body."""
    body = read_object(call)
    properties = body.get("properties")
    if not isinstance(properties, dict):
        raise ArmError(400, "InvalidParameter", "Required parameter 'properties' is missing (null).")
    for kind, part, known in (
        ("VirtualMachineExtension", body, _MEMBERS),
        ("Properties", properties, {*_KINDS, *_OWNED}),
    ):
        unknown = sorted(set(part) - known)
        if unknown:
            message = f"Could not find member '{unknown[0]}' on object of type '{kind}'."
            raise ArmError(400, "InvalidRequestContent", message)
    _check_kinds(properties)
    return {key: value for key, value in properties.items() if key not in _SECRET | _OWNED and value is not None}


def _check_kinds(properties: dict[str, Any]) -> None:
    for name, kind in _KINDS.items():
        value = properties.get(name)
        if value is not None and not isinstance(value, kind):
            raise ArmError(400, "InvalidParameter", f"The value of parameter {name} is invalid.")
    version = properties.get("typeHandlerVersion")
    if version and not _VERSION.fullmatch(version):
        raise ArmError(400, "InvalidParameter", "The value of parameter typeHandlerVersion is invalid.")


def _check_same(old: Extension, properties: dict[str, Any]) -> None:
    for name in ("publisher", "type"):
        if properties[name].lower() != old.properties[name].lower():
            message = f"Changing property '{name}' is not allowed."
            raise ArmError(409, "PropertyChangeNotAllowed", message)


def _check_only(vm: Vm, name: str, properties: dict[str, Any]) -> None:
    """Raise the provider's 400 where another extension has the same publisher and type."""
    handler = f"{properties['publisher']}.{properties['type']}"
    for other in vm.extensions.values():
        if other.handler.lower() == handler.lower() and other.name.lower() != name.lower():
            message = (
                f"Multiple VMExtensions per handler not supported for OS type '{vm.spec.os_type}'. "
                f"VMExtension '{other.name}' with handler '{handler}' already added or specified in input."
            )
            raise ArmError(400, "BadRequest", message)


def _extension_of(call: Call, vm: Vm) -> Extension:
    extension = vm.extensions.get(call.params["extension"].lower())
    if extension is None:
        kind = f"{VM_TYPE}/{vm.spec.name}/extensions"
        raise resource_not_found(kind, call.params["extension"], group_of(call))
    return extension
