"""How far is a long-running operation?

The protocol (both headers on the 202, no Retry-After, the members of the status body) is as in the azure-cli
recording test_vmss_hibernate.yaml of August 2024.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from armsim.arm.errors import ArmError
from armsim.arm.router import Call, Router
from armsim.clock import stamp
from armsim.messages import Response
from armsim.seeds import guid

if TYPE_CHECKING:
    from datetime import datetime

    from armsim.arm.agenda import Event
    from armsim.cloud import Cloud

routes = Router()

_PATH = "/subscriptions/{{subscription}}/providers/{provider}/locations/{{location}}"
_COMPUTE = _PATH.format(provider="Microsoft.Compute")
_NETWORK = _PATH.format(provider="Microsoft.Network")


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
        operation = Operation(identifier, vm, action, location, now, provider=provider)
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


def accepted(call: Call, operation: Operation, status: int = 202, body: dict[str, Any] | None = None) -> Response:
    """Return the answer that promises an operation: 202 and empty, or 200 or 201 with the resource to come."""
    cloud = call.cloud
    path = _PATH.format(provider=operation.provider)
    location = path.format(subscription=cloud.world.subscription, location=operation.location)
    url = f"{cloud.url}{location}/operations/{operation.id}?p={guid('partition')}"
    version = f"api-version={call.request.query['api-version']}"
    headers = {
        "Azure-AsyncOperation": f"{url}&{version}",
        "azure-asyncnotification": "Enabled",
    }
    if status == 202:
        headers["Location"] = f"{url}&monitor=true&{version}"
    return Response(status, body, headers | retry_headers(cloud))


def retry_headers(cloud: Cloud) -> dict[str, str]:
    """Return what the settings tell a client about the next poll: nothing by default, as recorded."""
    headers = {}
    if cloud.settings.retry_after is not None:
        headers["Retry-After"] = str(cloud.settings.retry_after)
    if cloud.settings.retry_after_ms is not None:
        headers["retry-after-ms"] = str(cloud.settings.retry_after_ms)
    return headers


@routes.route(f"GET {_NETWORK}/operations/{{operation}}", "poll", query=("p", "monitor"))
@routes.route(f"GET {_COMPUTE}/operations/{{operation}}", "poll", query=("p", "monitor"), bucket="GetOperation")
def poll(call: Call) -> Response:
    """Answer Azure-AsyncOperation, or Location where monitor=true."""
    operation = call.cloud.operations.find(call.params["operation"])
    headers = {} if operation.ended else retry_headers(call.cloud)
    if call.flag("monitor"):
        return _monitor(call, operation, headers)
    return Response(200, operation.body(), headers)


def _monitor(call: Call, operation: Operation, headers: dict[str, str]) -> Response:
    if operation.error:
        return Response(409, {"error": operation.error})
    if operation.ended:
        return Response(200, operation.output)
    return Response(202, None, {"Location": f"{call.cloud.url}{call.request.target}", **headers})
