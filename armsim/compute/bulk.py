"""Bulk services and the operations that they accepted; bulk.json describes the services."""

from __future__ import annotations

import json
from collections import Counter, deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from armsim.clock import stamp
from armsim.compute.lifecycle import ACTIONS, Action
from armsim.identifiers import guid

if TYPE_CHECKING:
    from datetime import datetime

    from armsim.faults.rules import Fault
    from armsim.world.model import Vm


class BulkRequest(NamedTuple):
    """One request of a service: it starts operations of a kind, asks how they are, or cancels them."""

    action: str
    name: str
    operation: str | None = None
    cancels: bool = False


@dataclass(frozen=True)
class BulkService:
    """One of the services; `setting` names the one that lists its regions, `missing` is what it answers without any."""

    provider: str
    path: str
    versions: list[str]
    setting: str
    missing: dict[str, Any]
    correlated: bool
    details: bool
    parameters: list[str]
    requests: dict[str, BulkRequest]


def _service(entry: dict[str, Any]) -> BulkService:
    requests = {action: BulkRequest(action, **request) for action, request in entry["requests"].items()}
    return BulkService(**{**entry, "requests": requests})


def _action(entry: dict[str, Any]) -> Action:
    return ACTIONS[entry["action"]].variant({entry.get("variant", ""): True})


DATA = json.loads(Path(__file__).with_name("bulk.json").read_text())
SERVICES = {name: _service(entry) for name, entry in DATA["services"].items()}
KINDS = {kind: _action(entry) for kind, entry in DATA["operations"].items()}
"""What each kind of operation does to a VM."""
STARTING = [
    action for service in SERVICES.values() for action, request in service.requests.items() if request.operation
]
"""The actions that start operations."""

UNSTARTED = {*DATA["phases"], "Blocked"}


@dataclass
class BulkOperation:
    """One operation of a bulk request on one VM; `scope` is the path under which it can be polled."""

    id: str
    scope: str
    kind: str
    name: str
    vm: Vm
    resource: str
    subscription: str
    deadline: datetime
    retries: dict[str, Any]
    details: bool = False
    fault: Fault | None = None
    state: str = "PendingScheduling"
    error: dict[str, str] | None = None
    completed: datetime | None = None

    @property
    def action(self) -> Action:
        """The action on the VM."""
        return KINDS[self.kind]

    def body(self, zone: str = "UTC") -> dict[str, Any]:
        """Return the operation as its service shows it; ComputeSchedule has every member, null where it has none."""
        body: dict[str, Any] = {
            "operationId": self.id,
            "resourceId": self.resource,
            "opType": self.kind,
            "subscriptionId": self.subscription,
            "deadline": stamp(self.deadline),
            "deadlineType": "InitiateAt",
            "state": self.state,
            "timeZone" if self.details else "timezone": zone if self.details else "UTC",
        }
        error = self.error and {"errorCode": self.error["code"], "errorDetails": self.error["message"]}
        ends = {"resourceOperationError": error, "completedAt": self.completed and stamp(self.completed)}
        body |= {name: value for name, value in ends.items() if value or self.details}
        return body | {"retryPolicy": self.retries}


@dataclass
class BulkStore:
    """Every bulk operation since the last reset; `open` are those in progress by VM, `waiting` those in the queue."""

    operations: dict[str, BulkOperation] = field(default_factory=dict)
    open: dict[str, BulkOperation] = field(default_factory=dict)
    waiting: deque[BulkOperation] = field(default_factory=deque)
    executing: int = 0
    peak: int = 0

    def next_id(self) -> str:
        """Return the id of a new operation."""
        return guid("bulk operation", len(self.operations))

    def add(self, operation: BulkOperation) -> None:
        """Record a new operation."""
        self.operations[operation.id] = operation
        self.open[operation.vm.id] = operation

    def close(self, operation: BulkOperation, state: str, now: datetime, error: dict[str, str] | None = None) -> None:
        """Record that an operation is over."""
        operation.state, operation.completed, operation.error = state, now, error
        self.open.pop(operation.vm.id, None)

    def describe(self) -> dict[str, Any]:
        """Return how many operations are in which state, and how many ever executed at once."""
        return {"states": dict(Counter(one.state for one in self.operations.values())), "peak": self.peak}
