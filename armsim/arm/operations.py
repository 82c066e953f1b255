"""The protocol of long-running operations: the headers of an acceptance, and the polls.

Both headers on the 202 and the members of the status body are as in the azure-cli recording test_vmss_hibernate.yaml
of August 2024.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from armsim.arm.router import Call, Router
from armsim.identifiers import guid
from armsim.messages import Response

if TYPE_CHECKING:
    from armsim.arm.operation_store import Operation
    from armsim.cloud import Cloud

routes = Router()

_PATH = "/subscriptions/{{subscription}}/providers/{provider}/locations/{{location}}"
_COMPUTE = _PATH.format(provider="Microsoft.Compute")
_NETWORK = _PATH.format(provider="Microsoft.Network")


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
    """Return the state of an operation: Azure-AsyncOperation, or Location where monitor=true."""
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
