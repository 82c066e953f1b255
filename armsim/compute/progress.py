"""What happens while an operation on a VM runs, and when it ends?"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from armsim.arm.errors import ArmError

if TYPE_CHECKING:
    from armsim.arm.operations import Operation
    from armsim.arm.router import Call
    from armsim.cloud import Cloud
    from armsim.compute.lifecycle import Action
    from armsim.faults.rules import Fault
    from armsim.world.model import Vm

VM_PATH = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachines/{vm}"

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
    error = fault.error(words) if fault and fault.kind == "fail" else words if fails else None
    before = vm.state.power
    after = (before, "Failed") if error else (action.target(vm), "Succeeded")
    operation = cloud.operations.start(vm.spec.name, action.name, vm.spec.location, cloud.clock.utc())
    operation.hidden = fault is not None and fault.kind == "gone"

    def end(due: float) -> None:
        cloud.operations.end(operation, cloud.at(due), error)
        if at_end:
            at_end(due, error)
        cloud.change(vm, *after, due, error)
        for event in operation.then:
            event(due)

    cloud.accepted[vm.spec.id, action.name] += 1
    vm.operation = operation
    cloud.change(vm, action.during or before, action.provisioning)
    _plan(cloud, cloud.now + length(cloud, vm, action), end, fault)
    return operation


def _plan(cloud: Cloud, due: float, end: Callable[[float], None], fault: Fault | None) -> None:
    if fault is None or fault.kind != "stuck":
        cloud.agenda.add(due, end)
        cloud.agenda.run(cloud.now)


def length(cloud: Cloud, vm: Vm, action: Action) -> float:
    """Return how many seconds an action takes this time."""
    times = cloud.accepted[vm.spec.id, action.name]
    return action.length(cloud.settings.seconds, vm.spec.id, action.name, times)


def read_object(call: Call) -> dict[str, Any]:
    """Return the body of a write, which must be an object."""
    body = call.request.json()
    if not isinstance(body, dict):
        message = "The request content was invalid and could not be deserialized: 'an object is needed'."
        raise ArmError(400, "InvalidRequestContent", message)
    return body
