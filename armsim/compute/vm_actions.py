"""Routes of the actions in lifecycle.json: start, stop, delete and so on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from armsim.arm.errors import ArmError
from armsim.arm.lookup import group_of, vm_of
from armsim.arm.operations import accepted
from armsim.arm.router import Call, Router
from armsim.compute.guest import shut_down
from armsim.compute.lifecycle import ACTIONS, Action
from armsim.compute.progress import VM_PATH, begin, length
from armsim.messages import Response

if TYPE_CHECKING:
    from armsim.cloud import Cloud
    from armsim.world.model import Vm

routes = Router()


def act(call: Call) -> Response:
    """Accept the action that the path names, or refuse it as lifecycle.json says."""
    if call.action == "delete" and _is_absent(call):
        return Response(204)
    action = ACTIONS[call.action]
    chosen = action.variant({name: call.flag(name) for name in action.query})
    _check_body(chosen, call)
    vm = vm_of(call)
    chosen.check(vm)
    if chosen.answer != 202:
        call.cloud.accepted[vm.spec.id, chosen.name] += 1
        _plan_change(call.cloud, vm, chosen)
        return Response(chosen.answer)
    return accepted(call, begin(call, vm, chosen))


def _is_absent(call: Call) -> bool:
    return (group_of(call), call.params["vm"].lower()) not in call.cloud.world.vms


def _check_body(action: Action, call: Call) -> None:
    body: Any = call.request.json() or {}
    unknown = sorted(set(body) - set(action.body)) if isinstance(body, dict) else ["(not an object)"]
    if unknown:
        message = f"Could not find member '{unknown[0]}' on the parameters of '{action.name}'."
        raise ArmError(400, "BadRequest", message)


def _plan_change(cloud: Cloud, vm: Vm, action: Action) -> None:
    """Schedule a change without an operation; it waits for an operation on the VM."""

    def change(due: float) -> None:
        if vm.operation is not None and vm.busy:
            vm.operation.then.append(change)
        elif cloud.world.holds(vm):
            cloud.change(vm, action.target(vm), "Succeeded", due)
            shut_down(cloud, vm, due)

    cloud.events.add(cloud.now + length(cloud, vm, action, action.name), change)


def _register(action: Action) -> None:
    method, _, tail = action.request.partition(" ")
    path = f"{VM_PATH}/{tail}" if tail else VM_PATH
    long = action.answer == 202
    routes.route(f"{method} {path}", action.name, query=action.query, bucket=action.bucket, long=long)(act)


for _action in ACTIONS.values():
    _register(_action)
