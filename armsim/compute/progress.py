"""The progress of an operation on a VM, from its acceptance to its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from armsim.arm.errors import ArmError
from armsim.arm.operation_store import Operation
from armsim.compute.guest import come_up, go_down, shut_down
from armsim.compute.lifecycle import GONE

if TYPE_CHECKING:
    from armsim.arm.router import Call
    from armsim.cloud import Cloud
    from armsim.compute.lifecycle import Action
    from armsim.faults.rules import Fault
    from armsim.world.model import Vm

VM_PATH = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachines/{vm}"

_PREEMPTED = {
    "code": "OperationPreempted",
    "message": "Operation execution has been preempted by a more recent operation.",
}

_PREEMPTING = {"deleted": GONE, "deallocated": "deallocated"}
"""Faults in which another client preempts an operation, and the power state that it leads to."""

Error = dict[str, str]
AtEnd = Callable[[float, "Error | None"], None]
"""What else an operation does when it ends: it gets the time and what went wrong."""


def begin(
    call: Call,
    vm: Vm,
    action: Action,
    *,
    at_end: AtEnd | None = None,
    words: Error | None = None,
    fails: bool = False,
) -> Operation:
    """Start an action that was checked; `words` are what its failure says, by a fault rule or because it `fails`."""
    cloud, fault = call.cloud, call.fault
    operation = cloud.operations.start(vm.spec.name, action.name, vm.spec.location, cloud.utc())
    operation.hidden = fault is not None and fault.kind == "gone"
    instead = _PREEMPTING.get(fault.kind) if fault else None
    lost = fault is not None and instead is not None and fault.status == 404

    def finish(due: float, error: Error | None) -> None:
        cloud.operations.end(operation, cloud.at(due), error, "Canceled" if error is _PREEMPTED else "Failed")
        operation.hidden = operation.hidden or lost
        if at_end:
            at_end(due, error)

    error = _PREEMPTED if instead else _failure(fault, words) or (words if fails else None)
    carry_out(cloud, vm, action, operation, finish=finish, error=error, stuck=is_stuck(fault), instead=instead)
    cloud.events.run(cloud.now)
    return operation


def begin_part(
    cloud: Cloud, vm: Vm, action: Action, name: str, at_end: AtEnd, fault: Fault | None, moment: float | None = None
) -> None:
    """Start the part of a larger operation on one of its VMs; it has no URL of its own."""
    started = cloud.at(cloud.now if moment is None else moment)
    operation = Operation("", vm.spec.name, name, vm.spec.location, started=started)

    def finish(due: float, error: Error | None) -> None:
        operation.status = "Failed" if error else "Succeeded"
        at_end(due, error)

    carry_out(
        cloud, vm, action, operation, finish=finish, error=_failure(fault, None), stuck=is_stuck(fault), moment=moment
    )


def carry_out(
    cloud: Cloud,
    vm: Vm,
    action: Action,
    operation: Operation,
    finish: AtEnd,
    *,
    error: Error | None = None,
    stuck: bool = False,
    instead: str | None = None,
    moment: float | None = None,
) -> None:
    """Carry out an action on a VM from a moment on, and end its operation with it.

    Where another client preempts it halfway, the VM is in the power state `instead` from then on.
    """
    start = cloud.now if moment is None else moment
    before = vm.state.power
    boots = before in action.boots
    failed = error if instead == GONE or (action.vm_fails and not instead) else None
    target = (instead or before) if error else action.target(vm)

    def end(due: float) -> None:
        cloud.intervals.end(number, due)
        if vm.removed:
            finish(due, _PREEMPTED)
            return
        finish(due, error)
        vm.version += 0 if error else action.etag
        cloud.change(vm, target, "Failed" if failed else "Succeeded", due, error=failed)
        if boots and target == "running":
            come_up(cloud, vm, due)
        elif target != before:
            shut_down(cloud, vm, due)
        for event in operation.then:
            event(due)

    cloud.accepted[vm.spec.id, operation.action] += 1
    number = cloud.intervals.begin(vm, operation.action, start)
    vm.operation = operation
    if boots:
        go_down(cloud, vm, start)
    cloud.change(vm, action.during or before, action.provisioning, start)
    if not stuck:
        cloud.events.add(start + length(cloud, vm, action, operation.action) / (2 if instead else 1), end)


def is_stuck(fault: Fault | None) -> bool:
    """Return whether a fault keeps an operation from ever ending."""
    return fault is not None and fault.kind == "stuck"


def _failure(fault: Fault | None, words: Error | None) -> Error | None:
    return fault.error(words) if fault and fault.kind == "fail" else None


def length(cloud: Cloud, vm: Vm, action: Action, name: str) -> float:
    """Return how many seconds an action takes this time, for a request of some name."""
    times = cloud.accepted[vm.spec.id, name]
    return action.length(cloud.settings.seconds, vm.spec.id, action.name, times)


def read_object(call: Call) -> dict[str, Any]:
    """Return the body of a write, which must be an object."""
    body = call.request.json()
    if not isinstance(body, dict):
        message = "The request content was invalid and could not be deserialized: 'an object is needed'."
        raise ArmError(400, "InvalidRequestContent", message)
    return body
