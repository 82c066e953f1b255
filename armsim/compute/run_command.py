"""Run command in a VM: a simulated guest knows a few shell commands and runs nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from armsim.arm.errors import ArmError
from armsim.arm.lookup import vm_of
from armsim.arm.operations import accepted
from armsim.arm.router import Call, Router
from armsim.compute.lifecycle import WRITES
from armsim.compute.progress import VM_PATH, begin, read_object
from armsim.compute.vm_body import computer_name

if TYPE_CHECKING:
    from armsim.messages import Response
    from armsim.world.model import Vm

routes = Router()

_COMMANDS = {
    "Linux": {"RunShellScript", "ifconfig"},
    "Windows": {
        "RunPowerShellScript", "DisableNLA", "DisableWindowsUpdate", "EnableAdminAccount", "EnableEMS",
        "EnableRemotePS", "EnableWindowsUpdate", "IPConfig", "RDPSettings", "ResetRDPCert", "SetRDPPort",
    },
}  # fmt: skip
"""The documented commands."""
_SCRIPT = "/var/lib/waagent/run-command/download/0/script.sh"
_SCRIPTED = {"runshellscript", "runpowershellscript"}
_MEMBERS = {"commandId", "script", "parameters"}
_EXIT = re.compile(r"exit (\d{1,3})")
_NOT_FOUND = 127
_ECHO = re.compile(r"""(?:echo|write-output|write-host)\s+(['"]?)(.*?)\1\s*(>&2)?""", re.IGNORECASE)


@routes.route(f"POST {VM_PATH}/runCommand", "runCommand", bucket="UpdateVM", long=True)
def run_command(call: Call) -> Response:
    """Run a script in a VM; the operation returns its output."""
    vm = vm_of(call)
    body = _read(call, vm)
    action = WRITES["runCommand"]
    action.check(vm)
    operation = begin(call, vm, action, words=_FAILURE)
    value = _statuses(vm, *_run(vm, body))
    if call.fault and call.fault.kind == "output":
        value = call.fault.extra["value"]
    operation.output = {"value": value}
    return accepted(call, operation)


_FAILURE = {
    "code": "VMExtensionProvisioningError",
    "message": "VM has reported a failure when processing extension 'RunCommand'.",
}


def _read(call: Call, vm: Vm) -> dict[str, Any]:
    body = read_object(call)
    unknown = sorted(set(body) - _MEMBERS)
    if unknown:
        message = f"Could not find member '{unknown[0]}' on object of type 'RunCommandInput'."
        raise ArmError(400, "InvalidRequestContent", message)
    command = body.get("commandId")
    if not command:
        raise ArmError(400, "InvalidParameter", "Required parameter 'commandId' is missing (null).")
    known = {name.lower() for name in _COMMANDS[vm.spec.os_type]}
    if str(command).lower() not in known:
        message = f"The run command '{command}' is not available for the OS type '{vm.spec.os_type}'."
        raise ArmError(400, "InvalidParameter", message)
    if not all(isinstance(line, str) for line in body.get("script") or []):
        raise ArmError(400, "InvalidParameter", "The value of parameter script is invalid.")
    return body


def _run(vm: Vm, body: dict[str, Any]) -> tuple[str, str]:
    """Return what a script writes to its two outputs."""
    scripted = body["commandId"].lower() in _SCRIPTED
    output, errors, _ = run_script(vm, "\n".join(body.get("script") or []) if scripted else "", body.get("parameters"))
    return output, errors


def run_script(vm: Vm, script: str, parameters: list[dict[str, str]] | None) -> tuple[str, str, int]:
    """Return what a script writes to its two outputs, and its exit code: that of `exit` or of its last command."""
    output: list[str] = []
    errors: list[str] = []
    code = 0
    for number, line in enumerate(script.splitlines(), 1):
        text = _fill_in(line.strip(), parameters or [])
        match, ended, code = _ECHO.fullmatch(text), _EXIT.fullmatch(text), 0
        if ended:
            return "\n".join(output), "\n".join(errors), int(ended[1])
        if match:
            (errors if match[3] else output).append(match[2])
        elif text == "hostname":
            output.append(computer_name(vm.spec))
        elif text.startswith("no-such-"):
            errors.append(_not_found(vm, text.split()[0], number))
            code = _NOT_FOUND
    return "\n".join(output), "\n".join(errors), code


def _not_found(vm: Vm, command: str, line: int) -> str:
    """Return the complaint of a shell about a command that there is not, which does not fail the operation."""
    if vm.spec.os_type == "Windows":
        return f"{command} : The term '{command}' is not recognized as the name of a cmdlet, function, or script file."
    return f"{_SCRIPT}: {line}: {_SCRIPT}: {command}: not found"


def _fill_in(line: str, parameters: list[dict[str, str]]) -> str:
    """Replace the parameters in a line by their values, by name and by position."""
    line = line.replace("$0", _SCRIPT)
    for number, parameter in enumerate(parameters, 1):
        value = parameter.get("value", "")
        line = line.replace(f"${parameter.get('name')}", value).replace(f"${number}", value)
    return line


def _statuses(vm: Vm, output: str, errors: str) -> list[dict[str, str]]:
    """Return the outputs as the agent of each system reports them: one status on Linux, two on Windows."""
    if vm.spec.os_type == "Linux":
        message = f"Enable succeeded: \n[stdout]\n{output}\n\n[stderr]\n{errors}\n"
        return [_status("ProvisioningState/succeeded", message)]
    parts = (("StdOut", output), ("StdErr", errors))
    return [_status(f"ComponentStatus/{name}/succeeded", text) for name, text in parts]


def _status(code: str, message: str) -> dict[str, str]:
    return {"code": code, "level": "Info", "displayStatus": "Provisioning succeeded", "message": message}
