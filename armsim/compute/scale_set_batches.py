"""Calls of a scale set that act on several of its instances at once.

One operation stands for all of them; each VM goes through its own action in its own time. How Azure reports that
some of them failed is unknown: here the operation fails and names them, unless the setting `batch_fails` is off.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from armsim.arm.errors import ArmError, resource_not_found
from armsim.arm.locks import check_scope
from armsim.arm.operations import accepted
from armsim.arm.router import Call, Router
from armsim.compute.lifecycle import ACTIONS, BATCHES, Action, Batch
from armsim.compute.progress import begin_part
from armsim.compute.scale_set_actions import flexible_set, instances_of
from armsim.compute.scale_set_routes import SET, not_allowed
from armsim.faults.answers import error_of
from armsim.faults.rules import PARTS
from armsim.world.model import VM_TYPE

if TYPE_CHECKING:
    from armsim.arm.operation_store import Operation
    from armsim.compute.progress import Error
    from armsim.faults.rules import Fault
    from armsim.messages import Response
    from armsim.world.model import Vm

routes = Router()

_NAMED = 10
"""So many of the VMs that failed are named."""


class _Run:
    """One accepted batch: which of its VMs are still to end, and what became of the others."""

    def __init__(self, call: Call, operation: Operation, vms: list[Vm]) -> None:
        self._call, self._operation = call, operation
        self._total = self._left = len(vms)
        self._failures: list[tuple[str, Error]] = []

    def settle(self, vm: Vm, due: float, error: Error | None) -> None:
        """Record the end of the action on a VM."""
        if error:
            self._failures.append((vm.spec.name, error))
        self._left -= 1
        self.end_if_done(due)

    def end_if_done(self, due: float) -> None:
        """End the operation where no VM is left."""
        cloud = self._call.cloud
        if not self._left:
            failed = bool(self._failures) and cloud.settings.batch_fails
            cloud.operations.end(self._operation, cloud.at(due), self._error() if failed else None)

    def _error(self) -> Error:
        named = "; ".join(f"'{name}': {error['code']}: {error['message']}" for name, error in self._failures[:_NAMED])
        more = len(self._failures) - _NAMED
        message = (
            f"The operation '{self._call.action.removeprefix('vmss-')}' failed for {len(self._failures)} of "
            f"{self._total} virtual machines of the scale set. {named}{f'; and {more} more' if more > 0 else ''}"
        )
        return {"code": self._failures[0][1]["code"], "message": message}


def act_on_instances(call: Call) -> Response:
    """Accept a batch for the instances that the body names, for all without a body."""
    batch, scale_set = BATCHES[call.action], flexible_set(call)
    if batch.action is None:
        raise not_allowed(batch.request.partition(" ")[2], scale_set, "POST")
    action = ACTIONS[batch.action].variant({name: call.flag(name) for name in batch.query})
    vms = instances_of(call, scale_set, _read(call, batch))
    operation = call.cloud.operations.start("", call.action, scale_set.location, call.cloud.utc())
    operation.hidden = call.fault is not None and call.fault.kind == "gone"
    run = _Run(call, operation, vms)
    for vm in vms:
        call.cloud.events.add(call.cloud.now + call.cloud.settings.batch_delay, partial(_begin, call, action, vm, run))
    if not vms:
        run.end_if_done(call.cloud.now)
    call.cloud.events.run(call.cloud.now)
    return accepted(call, operation)


def _begin(call: Call, action: Action, vm: Vm, run: _Run, due: float) -> None:
    """Start the action on one VM, or record why it cannot start."""
    cloud = call.cloud
    fault = call.fault or cloud.faults.pick_part(call.action, action.name, vm.spec.name, PARTS)

    def at_end(due: float, error: Error | None) -> None:
        run.settle(vm, due, error)

    try:
        if not cloud.world.holds(vm):
            raise resource_not_found(VM_TYPE, vm.spec.name, vm.spec.group)
        _check(call, action, vm, fault)
    except ArmError as error:
        run.settle(vm, due, {"code": error.code, "message": error.message})
    else:
        begin_part(cloud, vm, action, call.action, at_end=at_end, fault=fault, moment=due)


def _check(call: Call, action: Action, vm: Vm, fault: Fault | None) -> None:
    if fault and fault.kind == "status":
        raise error_of(fault, "", call.cloud.utc())
    check_scope(call.cloud.world, vm.spec.id, action.name == "delete")
    action.check(vm)


def _read(call: Call, batch: Batch) -> list[str]:
    """Return the names that the body has; `*` is every instance that is not protected."""
    body: Any = call.request.json()
    body = {} if body is None else body
    unknown = sorted(set(body) - {"instanceIds", *batch.body}) if isinstance(body, dict) else ["(not an object)"]
    if unknown:
        message = f"Could not find member '{unknown[0]}' on the parameters of '{call.action}'."
        raise ArmError(400, "BadRequest", message)
    names = body.get("instanceIds")
    if names is None and not batch.needs_ids:
        return ["*"]
    if not (isinstance(names, list) and names and all(isinstance(name, str) for name in names)):
        raise ArmError(400, "InvalidParameter", "Required parameter 'instanceIds' is missing (null).")
    return names


for _batch in BATCHES.values():
    _method, _, _tail = _batch.request.partition(" ")
    _path = f"{_method} {SET}/{_tail}"
    routes.route(_path, _batch.name, _batch.query, bucket=_batch.bucket, long=True)(act_on_instances)
