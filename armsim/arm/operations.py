"""The protocol of long-running operations: the headers of an acceptance, and the polls.

Both headers on the 202 and the members of the status body are as in the azure-cli recording test_vmss_hibernate.yaml
of August 2024. `Retry-After` by operation is data: retry_after.json, by the name of the action or of the provider.
"""

from __future__ import annotations

import base64
import json
from functools import lru_cache
from hashlib import shake_256
from pathlib import Path
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
_RETRY_AFTER: dict[str, dict[str, int]] = json.loads(Path(__file__).with_name("retry_after.json").read_text())

SIGNED = ("t", "c", "s", "h")
"""The query parameters of a signed operation URL: time, certificate, signature and hash."""
_SIGNATURE, _HASH = 342, 43


def accepted(call: Call, operation: Operation, status: int = 202, body: dict[str, Any] | None = None) -> Response:
    """Return the answer that promises an operation: 202 and empty, or 200 or 201 with the resource to come."""
    cloud = call.cloud
    path = _PATH.format(provider=operation.provider)
    location = path.format(subscription=cloud.world.subscription, location=operation.location)
    url = f"{cloud.url}{location}/operations/{operation.id}?"
    start = f"{url}p={guid('partition')}&" if operation.provider == "Microsoft.Compute" else url
    tail = f"api-version={call.request.query['api-version']}{_signature(cloud, operation)}"
    headers = {
        "Azure-AsyncOperation": f"{start}{tail}",
        "azure-asyncnotification": "Enabled",
    }
    if status == 202:
        headers["Location"] = f"{start}monitor=true&{tail}"
    return Response(status, body, headers | retry_headers(cloud, operation, "accepted"))


def _signature(cloud: Cloud, operation: Operation) -> str:
    """Return the signed part of a URL, which is as long as the setting `url_length` wants it."""
    rest = cloud.settings.url_length - 300 - _SIGNATURE - _HASH
    if rest < 0:
        return ""
    ticks = int(operation.started.timestamp() * 10_000_000) + 621_355_968_000_000_000
    return f"&t={ticks}&c={_text('certificate', rest)}&s={_text(operation.id, _SIGNATURE)}&h={_text('hash', _HASH)}"


@lru_cache(maxsize=256)
def _text(seed: str, length: int) -> str:
    return base64.urlsafe_b64encode(shake_256(seed.encode()).digest(length)).decode()[:length]


def retry_headers(cloud: Cloud, operation: Operation, moment: str) -> dict[str, str]:
    """Return when a client is asked to poll next: `moment` is accepted, first (poll) or later."""
    headers: dict[str, str] = {}
    seconds = _recorded(operation, moment) if cloud.settings.retry_after == "recorded" else cloud.settings.retry_after
    if isinstance(seconds, int):
        headers |= _scaled(seconds * cloud.settings.retry_after_scale)
    if cloud.settings.retry_after_ms is not None:
        headers["retry-after-ms"] = str(cloud.settings.retry_after_ms)
    return headers


def _scaled(seconds: float) -> dict[str, str]:
    """Return the header of so many seconds; a fraction of one fits only in that of milliseconds."""
    if seconds >= 1 and seconds == int(seconds):
        return {"Retry-After": str(int(seconds))}
    return {"retry-after-ms": str(round(seconds * 1000))}


def _recorded(operation: Operation, moment: str) -> int | None:
    table = _RETRY_AFTER.get(operation.action) or _RETRY_AFTER.get(operation.provider) or {}
    return table.get(moment)


@routes.route(f"GET {_NETWORK}/operations/{{operation}}", "poll", query=("p", "monitor", *SIGNED))
@routes.route(
    f"GET {_COMPUTE}/operations/{{operation}}", "poll", query=("p", "monitor", *SIGNED), bucket="GetOperation"
)
def poll(call: Call) -> Response:
    """Return the state of an operation: Azure-AsyncOperation, or Location where monitor=true."""
    operation = call.cloud.operations.find(call.params["operation"])
    operation.polls += 1
    moment = "first" if operation.polls == 1 else "later"
    headers = {} if operation.ended else retry_headers(call.cloud, operation, moment)
    if call.flag("monitor"):
        return _monitor(call, operation, headers)
    return Response(200, operation.body(), headers)


def _monitor(call: Call, operation: Operation, headers: dict[str, str]) -> Response:
    if operation.error:
        return Response(409, {"error": operation.error})
    if operation.ended:
        return Response(200, operation.output)
    return Response(202, None, {"Location": f"{call.cloud.url}{call.request.target}", **headers})
