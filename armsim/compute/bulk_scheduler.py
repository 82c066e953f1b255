"""Schedule of bulk operations: from acceptance through the queue to their end."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from armsim.arm.errors import ArmError
from armsim.arm.locks import check_scope
from armsim.compute.bulk import DATA, UNSTARTED
from armsim.compute.progress import begin_part

if TYPE_CHECKING:
    from armsim.cloud import Cloud
    from armsim.compute.bulk import BulkOperation
    from armsim.compute.progress import Error


def plan(cloud: Cloud, operation: BulkOperation) -> None:
    """Schedule the states of an accepted operation."""
    cloud.bulk.add(operation)
    due = cloud.now
    for state, length in DATA["phases"].items():
        cloud.events.add(due, partial(_enter, operation, state))
        due += length * cloud.settings.seconds
    cloud.events.add(due + cloud.settings.bulk_delay, partial(_queue, cloud, operation))


def cancel(cloud: Cloud, operation: BulkOperation) -> None:
    """Cancel an operation that has not started; a cancellation is a best effort."""
    if operation.state in UNSTARTED:
        message = f"Operation: {operation.id} was cancelled by the user."
        error = {"code": "OperationCancelledByUser", "message": message}
        cloud.bulk.close(operation, "Cancelled", cloud.at(cloud.now), error)


def catch_up(cloud: Cloud) -> None:
    """Start the queued operations that `bulk_executing`, which may have changed, allows."""
    _fill(cloud, cloud.now)


def _enter(operation: BulkOperation, state: str, due: float) -> None:  # noqa: ARG001 - events get their time
    if operation.state in UNSTARTED:
        operation.state = state


def _queue(cloud: Cloud, operation: BulkOperation, due: float) -> None:
    cloud.bulk.waiting.append(operation)
    _fill(cloud, due)


def _fill(cloud: Cloud, due: float) -> None:
    """Start as many operations as may execute at once."""
    book, most = cloud.bulk, cloud.settings.bulk_executing
    while book.waiting and (most is None or book.executing < most):
        operation = book.waiting.popleft()
        if operation.state in UNSTARTED:
            _turn(cloud, operation, due)


def _turn(cloud: Cloud, operation: BulkOperation, due: float) -> None:
    """Start an operation, or queue it behind the one on a busy VM where the request allows retries."""
    vm = operation.vm
    if vm.operation and vm.busy and operation.retries["retryCount"]:
        vm.operation.then.append(partial(_queue, cloud, operation))
        return
    try:
        _begin(cloud, operation, due)
    except ArmError as error:
        words = {"code": error.code, "message": error.message}
        cloud.bulk.close(operation, "Failed", cloud.at(due), words)


def _begin(cloud: Cloud, operation: BulkOperation, due: float) -> None:
    vm, action, book = operation.vm, operation.action, cloud.bulk
    if not cloud.world.holds(vm):
        raise ArmError(404, "ResourceNotFound", "The virtual machine does not exist any more.")
    fault = operation.fault or cloud.faults.pick_part(operation.name, action.name, vm.spec.name, {"fail", "stuck"})
    if fault and fault.kind == "stuck" and fault.code == "Blocked":
        operation.state = "Blocked"
        return
    check_scope(cloud.world, vm.id, action.name == "delete")
    action.check(vm)

    def at_end(due: float, error: Error | None) -> None:
        book.executing -= 1
        book.close(operation, "Failed" if error else "Succeeded", cloud.at(due), error)
        _fill(cloud, due)

    operation.state = "Executing"
    book.executing += 1
    book.peak = max(book.peak, book.executing)
    begin_part(cloud, vm, action, operation.name, at_end=at_end, fault=fault, moment=due)
