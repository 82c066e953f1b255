"""The long-running operations of the simulated cloud and the body that describes each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from armsim.arm.errors import ArmError
from armsim.clock import stamp
from armsim.identifiers import guid

if TYPE_CHECKING:
    from datetime import datetime

    from armsim.arm.event_queue import Event


@dataclass
class Operation:
    """One accepted operation.

    `hidden` makes its URLs answer 404 while it goes on, `then` waits for its end, `output` is what it came to where
    that is more than a state.
    """

    id: str
    vm: str
    action: str
    location: str
    started: datetime
    ended: datetime | None = None
    status: str = "InProgress"
    error: dict[str, str] | None = None
    hidden: bool = False
    provider: str = "Microsoft.Compute"
    output: dict[str, Any] | None = None
    polls: int = 0
    then: list[Event] = field(default_factory=list)

    def body(self) -> dict[str, Any]:
        """Return the status body that Azure-AsyncOperation shows: the network provider's has no more than it must."""
        if self.provider == "Microsoft.Network":
            return {"status": self.status} | ({"error": self.error} if self.error else {})
        body: dict[str, Any] = {"startTime": stamp(self.started)}
        if self.ended:
            body["endTime"] = stamp(self.ended)
        body |= {"status": self.status}
        if self.ended and self.output is not None and not self.error:
            body["properties"] = {"output": self.output}
        body["name"] = self.id
        return body | {"error": self.error} if self.error else body


@dataclass
class OperationStore:
    """Every operation since the last reset, the number that run now and the most that ever ran at once."""

    operations: dict[str, Operation] = field(default_factory=dict)
    running: int = 0
    peak: int = 0

    def start(
        self, vm: str, action: str, location: str, now: datetime, provider: str = "Microsoft.Compute"
    ) -> Operation:
        """Record a new operation; `vm` is empty where it is not about one."""
        identifier = guid("operation", len(self.operations))
        operation = Operation(identifier, vm, action, location, started=now, provider=provider)
        self.operations[identifier] = operation
        self.running += 1
        self.peak = max(self.peak, self.running)
        return operation

    def end(
        self, operation: Operation, now: datetime, error: dict[str, str] | None = None, bad: str = "Failed"
    ) -> None:
        """Record that an operation is over, well or with an error, which makes its status a `bad` one."""
        operation.ended = now
        operation.error = error
        operation.status = bad if error else "Succeeded"
        self.running -= 1

    def find(self, identifier: str) -> Operation:
        """Return an operation by its id; 404 for an unknown or hidden one."""
        operation = self.operations.get(identifier.lower())
        if operation is None or operation.hidden:
            raise ArmError(404, "NotFound", f"The operation '{identifier}' was not found.")
        return operation
