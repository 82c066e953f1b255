"""Writes to a scale set as a whole and to its view of an instance."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from armsim.arm.errors import ArmError, not_modelled
from armsim.arm.lookup import scale_set_of
from armsim.arm.operations import accepted
from armsim.arm.router import Call, Router
from armsim.compute.progress import read_object
from armsim.compute.scale_set_body import flexible_instance
from armsim.compute.scale_set_routes import SET, instance_of

if TYPE_CHECKING:
    from armsim.arm.operation_store import Operation
    from armsim.faults.rules import Fault
    from armsim.messages import Response
    from armsim.world.model import ScaleSet, Vm

routes = Router()

DURATION = 1.0
"""How long each of these takes, in units of the setting `seconds`."""

_STATES = {"suspend": "Suspended", "resume": "Running"}
_PROTECTED = {
    "protectFromScaleIn": "protect_from_scale_in",
    "protectFromScaleSetActions": "protect_from_scale_set_actions",
}
_MEMBERS = {"instanceId", "sku", "properties", "plan", "resources", "zones", "identity", "etag", "id", "name", "type",
            "location", "tags"}  # fmt: skip
_PROPERTIES = {"latestModelApplied", "vmId", "instanceView", "provisioningState", "protectionPolicy", "timeCreated",
               "modelDefinitionApplied"}  # fmt: skip
_OLDEST = "2023-09-01"
"""The first api-version with protection of Flexible instances."""


@routes.route(f"POST {SET}/manualupgrade", "manualupgrade", bucket="VMScaleSetActions", long=True)
def upgrade_instances(call: Call) -> Response:
    """Upgrade instances to the latest model of their set."""
    scale_set = flexible_set(call)
    vms = instances_of(call, scale_set, _names(read_object(call)))
    for vm in vms:
        _check_idle(vm, call)
    return accepted(call, _begin(call, scale_set, vms, latest_model=True))


@routes.route(
    f"POST {SET}/setOrchestrationServiceState",
    "setOrchestrationServiceState",
    bucket="VMScaleSetActionsOfSet",
    long=True,
)
def set_service_state(call: Call) -> Response:
    """Suspend or resume a service, whose state a Flexible set does not show."""
    scale_set = flexible_set(call)
    body = read_object(call)
    for name in ("serviceName", "action"):
        if not body.get(name):
            raise ArmError(400, "InvalidParameter", f"Required parameter '{name}' is missing (null).")
    if body["serviceName"] != "AutomaticRepairs":
        message = f"The orchestration service '{body['serviceName']}' is not supported."
        raise ArmError(400, "InvalidParameter", message)
    state = _STATES.get(str(body["action"]).lower())
    if state is None:
        raise ArmError(400, "InvalidParameter", "The value of parameter action is invalid.")
    call.cloud.world.services[scale_set.id, body["serviceName"]] = state
    return accepted(call, _begin(call, scale_set, []))


@routes.route(f"PUT {SET}/virtualMachines/{{vm}}", "instance-put", bucket="VMScaleSetVMActions", long=True)
def put_instance(call: Call) -> Response:
    """Protect an instance; this also clears `latestModelApplied`, as reported in azure-cli#30708."""
    scale_set = flexible_set(call)
    vm = instance_of(call, scale_set)
    policy = _policy(call)
    version = call.request.query["api-version"]
    if version < _OLDEST:
        message = f"Instance protection of a Flexible scale set needs the api-version {_OLDEST} or a newer one."
        raise ArmError(400, "OperationNotAllowed", message)
    _check_idle(vm, call)
    protection: dict[str, Any] = {attribute: bool(policy.get(name, False)) for name, attribute in _PROTECTED.items()}
    protection["protect_from_scale_in"] |= protection["protect_from_scale_set_actions"]
    vm.spec = replace(vm.spec, latest_model=False, **protection)
    operation = _begin(call, scale_set, [vm])
    return accepted(call, operation, 200, flexible_instance(scale_set, vm))


def flexible_set(call: Call) -> ScaleSet:
    """Return the set of the path, which must be a Flexible one."""
    scale_set = scale_set_of(call)
    if scale_set.mode != "Flexible":
        raise not_modelled(f"'{call.action}' of a Uniform scale set")
    return scale_set


def _names(body: dict[str, Any]) -> list[Any]:
    wanted = body.get("instanceIds")
    if not (isinstance(wanted, list) and wanted and set(body) == {"instanceIds"}):
        raise ArmError(400, "InvalidParameter", "Required parameter 'instanceIds' is missing (null).")
    return wanted


def instances_of(call: Call, scale_set: ScaleSet, wanted: list[Any]) -> list[Vm]:
    """Return the instances of some names, for `*` all that are not protected; 400 for one that there is not."""
    members = {vm.spec.name.lower(): vm for vm in call.cloud.world.members_of(scale_set.id)}
    names = list(dict.fromkeys(str(name).lower() for name in wanted))
    for name in names:
        if name not in members and name != "*":
            message = f"The provided instanceId {name} is not an active Virtual Machine Scale Set VM instanceId."
            raise ArmError(400, "InvalidParameter", message)
    if "*" in names:
        return [vm for vm in members.values() if not vm.spec.protect_from_scale_set_actions]
    return [members[name] for name in names]


def _check_idle(vm: Vm, call: Call) -> None:
    if vm.operation and vm.busy:
        message = (
            f"The operation '{call.action}' on virtual machine '{vm.spec.name}' conflicts with "
            f"'{vm.operation.action}', another operation in progress."
        )
        raise ArmError(409, "Conflict", message)


def _policy(call: Call) -> dict[str, Any]:
    body = read_object(call)
    properties = body.get("properties") or {}
    unknown = sorted(set(body) - _MEMBERS) + sorted(set(properties) - _PROPERTIES)
    if unknown:
        raise not_modelled(f"'{unknown[0]}' in the body of an instance of a scale set")
    policy: dict[str, Any] = properties.get("protectionPolicy") or {}
    if set(policy) - set(_PROTECTED) or not all(isinstance(value, bool) for value in policy.values()):
        raise ArmError(400, "InvalidParameter", "The value of parameter protectionPolicy is invalid.")
    if policy.get("protectFromScaleSetActions") and policy.get("protectFromScaleIn") is False:
        message = "protectFromScaleIn cannot be false when protectFromScaleSetActions is true."
        raise ArmError(400, "InvalidParameter", message)
    return policy


def _begin(call: Call, scale_set: ScaleSet, vms: list[Vm], latest_model: bool = False) -> Operation:
    """Start one operation for a whole set that keeps some of its instances busy."""
    cloud, fault = call.cloud, call.fault
    error = fault.error() if fault and fault.kind == "fail" else None
    subject = vms[0].spec.name if "vm" in call.params else ""
    operation = cloud.operations.start(subject, call.action, scale_set.location, cloud.utc())
    operation.hidden = fault is not None and fault.kind == "gone"

    def end(due: float) -> None:
        cloud.operations.end(operation, cloud.at(due), error)
        for number in running:
            cloud.intervals.end(number, due)
        for vm in vms:
            if latest_model and not error:
                vm.spec = replace(vm.spec, latest_model=True)
            cloud.change(vm, vm.state.power, "Failed" if error else "Succeeded", due, error=error)
        for event in operation.then:
            event(due)

    running = [cloud.intervals.begin(vm, call.action, cloud.now) for vm in vms]
    for vm in vms:
        vm.operation = operation
        cloud.accepted[vm.spec.id, call.action] += 1
        cloud.change(vm, vm.state.power, "Updating")
    _plan(call, end, fault)
    return operation


def _plan(call: Call, end: Any, fault: Fault | None) -> None:
    if fault is None or fault.kind != "stuck":
        call.cloud.events.add(call.cloud.now + DURATION * call.cloud.settings.seconds, end)
        call.cloud.events.run(call.cloud.now)
