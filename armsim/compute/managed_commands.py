"""Routes of managed run commands: resources of a VM, each with its script and how that ended."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from armsim.arm.errors import ArmError, resource_not_found
from armsim.arm.lookup import group_of, vm_of
from armsim.arm.operations import accepted
from armsim.arm.router import Call, Router
from armsim.clock import stamp
from armsim.compute.instance_view import wants_view
from armsim.compute.lifecycle import WRITES
from armsim.compute.progress import VM_PATH, begin, read_object
from armsim.compute.run_command import run_script
from armsim.messages import Response
from armsim.world.model import VM_TYPE, RunCommand

if TYPE_CHECKING:
    from armsim.world.model import Vm

routes = Router()

_ONE = f"{VM_PATH}/runCommands/{{command}}"
_KINDS: dict[str, type] = {
    "source": dict,
    "parameters": list,
    "protectedParameters": list,
    "asyncExecution": bool,
    "runAsUser": str,
    "runAsPassword": str,
    "timeoutInSeconds": int,
    "outputBlobUri": str,
    "errorBlobUri": str,
    "treatFailureAsDeploymentFailure": bool,
}
"""The writable properties of a run command, Compute 2024-11-01."""
_OWNED = {"provisioningState", "instanceView"}
_SECRET = {"protectedParameters", "runAsPassword"}
_SOURCES = ("script", "scriptUri", "commandId")


@routes.route(f"GET {VM_PATH}/runCommands", "run-commands", query=("$expand",), bucket="LowCostGet")
def list_commands(call: Call) -> Response:
    """List the run commands of a VM."""
    vm, with_view = vm_of(call), wants_view(call.request.query, "a run command")
    return Response(200, {"value": [_describe(vm, one, with_view) for one in vm.run_commands.values()]})


@routes.route(f"GET {_ONE}", "run-command", query=("$expand",), bucket="LowCostGet")
def get_command(call: Call) -> Response:
    """Return one run command."""
    vm = vm_of(call)
    return Response(200, _describe(vm, _command_of(call, vm), wants_view(call.request.query, "a run command")))


@routes.route(f"PUT {_ONE}", "run-command-put", bucket="UpdateVM", long=True)
def put_command(call: Call) -> Response:
    """Run a script: the operation ends with it, or once it has begun if it is asynchronous."""
    vm = vm_of(call)
    given = _read(call)
    WRITES["run-command-put"].check(vm)
    old = vm.run_commands.get(call.params["command"].lower())
    command = old or RunCommand(call.params["command"], {}, call.cloud.utc())
    command.properties = {name: value for name, value in given.items() if name not in _SECRET}
    command.provisioning, command.since = "Updating" if old else "Creating", call.cloud.utc()
    command.view = {"executionState": "Running", "exitCode": 0, "output": "", "error": ""}
    command.view["startTime"] = stamp(command.since)
    vm.run_commands[command.name.lower()] = command
    output, errors, code = _outcome(call, vm, given)
    strict = bool(code and given.get("treatFailureAsDeploymentFailure"))

    def at_end(due: float, error: dict[str, str] | None) -> None:
        command.provisioning = "Failed" if error else "Succeeded"
        if not error or strict:
            state = "Failed" if code else "Succeeded"
            ended = {} if given.get("asyncExecution") else {"executionState": state, "exitCode": code}
            command.view |= {**ended, "output": output, "error": errors}
            command.view |= {"endTime": stamp(call.cloud.at(due))} if ended else {}

    operation = begin(call, vm, WRITES["run-command-put"], at_end=at_end, words=_FAILURE, fails=strict)
    return accepted(call, operation, 200 if old else 201, _describe(vm, command, False))


@routes.route(f"DELETE {_ONE}", "run-command-delete", bucket="UpdateVM", long=True)
def delete_command(call: Call) -> Response:
    """Delete a run command; 204 where there is none."""
    vm, name = vm_of(call), call.params["command"].lower()
    command = vm.run_commands.get(name)
    if command is None:
        return Response(204)
    WRITES["run-command-delete"].check(vm)
    command.provisioning = "Deleting"

    def at_end(_: float, error: dict[str, str] | None) -> None:
        if error:
            command.provisioning = "Failed"
        else:
            vm.run_commands.pop(name, None)

    return accepted(call, begin(call, vm, WRITES["run-command-delete"], at_end=at_end, words=_FAILURE))


_FAILURE = {
    "code": "VMExtensionProvisioningError",
    "message": "VM has reported a failure when processing extension 'RunCommandHandlerLinux'.",
}


def _outcome(call: Call, vm: Vm, given: dict[str, Any]) -> tuple[str, str, int]:
    """Return what a script writes to its two outputs, and its exit code."""
    if call.fault and call.fault.kind == "output":
        value = call.fault.extra["value"]
        return value.get("output", ""), value.get("error", ""), value.get("exitCode", 0)
    parameters = [*(given.get("parameters") or []), *(given.get("protectedParameters") or [])]
    return run_script(vm, str(given["source"].get("script") or ""), parameters)


def _describe(vm: Vm, command: RunCommand, with_view: bool) -> dict[str, Any]:
    body: dict[str, Any] = {
        "name": command.name,
        "id": f"{vm.spec.id}/runCommands/{command.name}",
        "type": f"{VM_TYPE}/runCommands",
        "location": vm.spec.location,
        "properties": {**deepcopy(command.properties), "provisioningState": command.provisioning},
    }
    if with_view:
        body["properties"]["instanceView"] = dict(command.view)
    return body


def _read(call: Call) -> dict[str, Any]:
    body = read_object(call)
    properties = body.get("properties")
    if not body.get("location"):
        raise ArmError(400, "LocationRequired", "The location property is required for this definition.")
    if not isinstance(properties, dict):
        raise ArmError(400, "InvalidParameter", "Required parameter 'properties' is missing (null).")
    unknown = sorted(set(properties) - {*_KINDS, *_OWNED})
    if unknown:
        message = f"Could not find member '{unknown[0]}' on object of type 'RunCommandProperties'."
        raise ArmError(400, "InvalidRequestContent", message)
    for name, kind in _KINDS.items():
        if properties.get(name) is not None and not isinstance(properties[name], kind):
            raise ArmError(400, "InvalidParameter", f"The value of parameter {name} is invalid.")
    source = properties.get("source") or {}
    if sum(bool(source.get(name)) for name in _SOURCES) != 1:
        raise ArmError(400, "InvalidParameter", "Exactly one of script, scriptUri and commandId must be specified.")
    return {name: value for name, value in properties.items() if name not in _OWNED and value is not None}


def _command_of(call: Call, vm: Vm) -> RunCommand:
    command = vm.run_commands.get(call.params["command"].lower())
    if command is None:
        kind = f"{VM_TYPE}/{vm.spec.name}/runCommands"
        raise resource_not_found(kind, call.params["command"], group_of(call))
    return command
