"""What happens when a VM is started, stopped, deleted ...?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from armsim.arm.errors import ArmError
from armsim.arm.lookup import group_of, vm_of
from armsim.arm.operations import accepted
from armsim.arm.router import Call, Router
from armsim.compute.lifecycle import ACTIONS, Action
from armsim.messages import Response

if TYPE_CHECKING:
    from armsim.arm.operations import Operation
    from armsim.cloud import Cloud
    from armsim.faults.rules import Fault
    from armsim.world.model import Vm

routes = Router()

_VM = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachines/{vm}"


def act(call: Call) -> Response:
    """Accept the action that the path names, or refuse it as lifecycle.json says."""
    if call.action == "delete" and _is_absent(call):
        return Response(204)
    action = ACTIONS[call.action]
    chosen = action.variant({name: call.flag(name) for name in action.query})
    _check_body(chosen, call)
    vm = vm_of(call)
    chosen.check(vm)
    call.cloud.accepted[vm.spec.id, chosen.name] += 1
    if chosen.answer != 202:
        _plan_change(call.cloud, vm, chosen)
        return Response(chosen.answer)
    return accepted(call, _begin(call.cloud, vm, chosen, call.fault))


def _is_absent(call: Call) -> bool:
    return (group_of(call), call.params["vm"].lower()) not in call.cloud.world.vms


def _check_body(action: Action, call: Call) -> None:
    body: Any = call.request.json() or {}
    unknown = sorted(set(body) - set(action.body)) if isinstance(body, dict) else ["(not an object)"]
    if unknown:
        message = f"Could not find member '{unknown[0]}' on the parameters of '{action.name}'."
        raise ArmError(400, "BadRequest", message)


def _begin(cloud: Cloud, vm: Vm, action: Action, fault: Fault | None) -> Operation:
    kind = fault.kind if fault else None
    error = fault.error() if fault and kind == "fail" else None
    before = vm.state.power
    after = (before, "Failed") if error else (action.target(vm), "Succeeded")
    operation = cloud.operations.start(vm.spec.name, action.name, vm.spec.location, cloud.clock.utc())
    operation.hidden = kind == "gone"

    def end(due: float) -> None:
        cloud.operations.end(operation, cloud.at(due), error)
        cloud.change(vm, *after, due, error)
        for event in operation.then:
            event(due)

    vm.operation = operation
    cloud.change(vm, action.during or before, action.provisioning)
    if kind != "stuck":
        cloud.agenda.add(cloud.now + _length(cloud, vm, action), end)
        cloud.agenda.run(cloud.now)
    return operation


def _plan_change(cloud: Cloud, vm: Vm, action: Action) -> None:
    """Let the platform act later, without an operation; where the VM is busy by then, after that operation."""

    def change(due: float) -> None:
        if vm.operation is not None and vm.operation.status == "InProgress":
            vm.operation.then.append(change)
        elif cloud.world.holds(vm):
            cloud.change(vm, action.target(vm), "Succeeded", due)

    cloud.agenda.add(cloud.now + _length(cloud, vm, action), change)


def _length(cloud: Cloud, vm: Vm, action: Action) -> float:
    times = cloud.accepted[vm.spec.id, action.name]
    return action.length(cloud.settings.seconds, vm.spec.id, action.name, times)


def _register(action: Action) -> None:
    method, _, tail = action.request.partition(" ")
    path = f"{_VM}/{tail}" if tail else _VM
    routes.route(f"{method} {path}", action.name, query=action.query, bucket=action.bucket)(act)


for _action in ACTIONS.values():
    _register(_action)
