"""ARM body of an instance view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from armsim.arm.errors import not_modelled
from armsim.clock import stamp
from armsim.compute.extension_body import describe_handler, describe_status
from armsim.compute.lifecycle import POWER_STATES
from armsim.compute.vm_body import computer_name, os_disk_name
from armsim.world.model import NOT_READY, UNRESPONSIVE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from armsim.world.model import Report, Vm, VmState

_SYSTEMS = {"Linux": ("ubuntu", "24.04"), "Windows": ("Windows Server 2022 Datacenter", "10.0.20348.2655")}
_AGENT = "2.11.1.12"
_MESSAGES = {
    "Ready": "Guest Agent is running",
    NOT_READY: "VM status blob is found but not yet populated.",
    UNRESPONSIVE: "VM Agent is unresponsive.",
}
_TERMINAL = {"Succeeded", "Failed"}


def describe_instance(vm: Vm) -> dict[str, Any]:
    """Return the instance view, with the guest's part (name, agent, extensions, health) where the guest reports."""
    spec, state = vm.spec, vm.state
    view: dict[str, Any] = {"platformFaultDomain": spec.fault_domain} if spec.scale_set else {}
    if vm.agent:
        view |= _guest(vm, vm.agent)
    disk_state = _status("ProvisioningState/succeeded", "Provisioning succeeded", spec.created)
    view |= {
        "disks": [{"name": os_disk_name(spec), "statuses": [disk_state]}],
        "hyperVGeneration": "V2",
        "statuses": _statuses(state),
    }
    if spec.maintenance_allowed:
        view["maintenanceRedeployStatus"] = {
            "isCustomerInitiatedMaintenanceAllowed": True,
            "lastOperationResultCode": "None",
        }
    return view


def describe_power(state: VmState) -> dict[str, str]:
    """Return code and text of a power state."""
    power = POWER_STATES[state.power]
    return {"code": power["code"], "displayStatus": power["displayStatus"]}


def _guest(vm: Vm, agent: Report) -> dict[str, Any]:
    spec = vm.spec
    system, version = _SYSTEMS[spec.os_type]
    reported = spec.vm_agent == "Ready"
    names = {"computerName": computer_name(spec), "osName": system, "osVersion": version}
    guest: dict[str, Any] = {**(names if reported else {}), "vmAgent": _agent(vm, agent)}
    if vm.extensions:
        guest["extensions"] = [
            describe_status(extension) if reported else {"name": extension.name} for extension in vm.extensions.values()
        ]
        if vm.health and any(extension.reports_health for extension in vm.extensions.values()):
            guest["vmHealth"] = {"status": _health(vm.health)}
    return guest


def _health(report: Report) -> dict[str, Any]:
    word, since = report
    return _status(f"HealthState/{word}", _words(word), since)


def _words(health: str) -> str:
    return f"The VM is reporting itself as {health} or is unreachable" if health == "unhealthy" else health


def _agent(vm: Vm, report: Report) -> dict[str, Any]:
    word, since = report
    ready = word == "Ready"
    code = f"ProvisioningState/{'succeeded' if ready else 'Unavailable'}"
    status = _status(code, word if ready else NOT_READY, since) | {"message": _MESSAGES[word]}
    if not ready:
        status["level"] = "Warning"
    agent: dict[str, Any] = {"vmAgentVersion": _AGENT if ready else "Unknown", "statuses": [status]}
    if ready:
        agent["extensionHandlers"] = [describe_handler(extension) for extension in vm.extensions.values()]
    return agent


def _statuses(state: VmState) -> list[dict[str, str]]:
    statuses = [_provisioning(state), {"level": "Info", **describe_power(state)}]
    hibernation = POWER_STATES[state.power].get("hibernation")
    if hibernation:
        statuses.append({"code": hibernation, "level": "Info", "displayStatus": "VM hibernated"})
    return statuses


def _provisioning(state: VmState) -> dict[str, str]:
    if state.provisioning not in _TERMINAL:
        code = f"ProvisioningState/{state.provisioning.lower()}"
        return {"code": code, "level": "Info", "displayStatus": state.provisioning}
    code = f"ProvisioningState/{state.provisioning.lower()}"
    status = _status(code, f"Provisioning {state.provisioning.lower()}", state.since)
    if state.error:
        status |= {"code": f"{code}/{state.error['code']}", "level": "Error", "message": state.error["message"]}
    return status


def _status(code: str, text: str, time: datetime) -> dict[str, str]:
    return {"code": code, "level": "Info", "displayStatus": text, "time": stamp(time)}


def wants_view(query: Mapping[str, str], what: str) -> bool:
    """Check whether a read of a part of a VM, such as `an extension`, is to have its instance view."""
    expand = query.get("$expand", "")
    if expand.lower() not in {"", "instanceview"}:
        raise not_modelled(f"$expand={expand} of {what}")
    return bool(expand)
