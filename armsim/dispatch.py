"""Path of a request from its route to its answer: token, parameters, fault, handler, headers."""

from __future__ import annotations

from email.utils import formatdate
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

from armsim.arm import groups, locks, login, operations
from armsim.arm.errors import ArmError
from armsim.arm.rate_limiter import RateLimiter
from armsim.arm.router import Call, Route, Router, check_query
from armsim.compute import (
    bulk_routes,
    extension_routes,
    managed_commands,
    run_command,
    scale_set_actions,
    scale_set_batches,
    scale_set_routes,
    vm_actions,
    vm_routes,
    vm_writes,
)
from armsim.faults.answers import error_of
from armsim.faults.events import schedule
from armsim.faults.rewrite import rewrite
from armsim.faults.rules import LISTS, OPERATIONS
from armsim.messages import Request, Response
from armsim.network import pool_routes
from armsim.network import routes as network_routes
from armsim.resourcegraph import routes as graph_routes

if TYPE_CHECKING:
    from armsim.cloud import Cloud
    from armsim.faults.rules import Fault

ROUTES = Router()
_MODULES = (
    login, groups, locks, operations, scale_set_routes, vm_routes, vm_actions, vm_writes, extension_routes, run_command,
    managed_commands, scale_set_actions, scale_set_batches, bulk_routes, graph_routes, network_routes,
    pool_routes,
)  # fmt: skip
for _module in _MODULES:
    ROUTES.include(_module.routes)


_CAUSE = "x-ms-failure-cause"
"""The header of what ARM's gateway refuses by itself, without rate headers."""


class Outcome(NamedTuple):
    """The outcome of a request; `response` is None where the connection is to be dropped."""

    response: Response | None
    surface: str = "arm"
    action: str | None = None
    vm: str | None = None
    error: str | None = None
    throttled: str | None = None


def dispatch(request: Request, cloud: Cloud) -> Outcome:
    """Return the answer to a request and what the log says about it."""
    try:
        route, params = ROUTES.find(request.method, request.path)
    except ArmError as error:
        return Outcome(_refusal(error), error=error.code)
    call = Call(request, params, cloud, route.action)
    vm = _subject(call)
    limiter = RateLimiter(call, route)
    code = layer = None
    try:
        response = _handle(route, call, vm, limiter)
    except ArmError as error:
        response, code = _refusal(error), error.code
        layer = (error.layer or "provider") if error.status == 429 else None
    if response is not None:
        response = response._replace(headers={**_headers(route, call, limiter, response), **response.headers})
    return Outcome(response, route.surface, route.action, vm, error=code, throttled=layer)


def _handle(route: Route, call: Call, vm: str | None, limiter: RateLimiter) -> Response | None:
    if route.surface != "public":
        limiter.count_in_arm(call.cloud.tokens.check(call.request.headers.get("authorization"), call.cloud.clock.utc()))
    check_query(route, call.request.query)
    method = call.request.method if route.surface == "arm" else None
    fault, events = call.cloud.faults.pick(route.action, vm, method)
    for event in events:
        schedule(call.cloud, event, vm)
    return _run(route, call, limiter) if fault is None else _handle_with_fault(route, call, fault, limiter)


def _handle_with_fault(route: Route, call: Call, fault: Fault, limiter: RateLimiter) -> Response | None:
    if fault.kind == "status":
        raise error_of(fault, route.bucket, call.cloud.utc())
    if fault.kind in {"drop-before", "refuse"}:
        return None
    if fault.rewrite:
        response = _run(route, call, limiter) if fault.rewrite.accepted else Response(200)
        return rewrite(response, fault.rewrite, call.cloud.url)
    response = _run(route, call._replace(fault=fault if fault.kind in OPERATIONS | LISTS else None), limiter)
    if fault.kind == "malformed":
        return response._replace(body=b'{"value": [{"name": ')
    return None if fault.kind == "drop-after" else response


def _run(route: Route, call: Call, limiter: RateLimiter) -> Response:
    locks.check_locks(call.request, call.cloud.world)
    limiter.count_in_provider()
    return route.handler(call)


def _subject(call: Call) -> str | None:
    """Return the name of the VM that a call is about, as the path or its operation has it."""
    operation = call.cloud.operations.operations.get(call.params.get("operation", "").lower())
    if operation:
        return operation.vm or None
    if call.params.get("kind", "").lower() == "virtualmachines":
        return call.params["name"]
    nic = call.params.get("nic")
    return _owner_of(call, nic) if nic else call.params.get("vm")


def _owner_of(call: Call, nic: str) -> str | None:
    document = call.cloud.world.network.nics.get((call.params["group"].lower(), nic.lower()))
    return document.owner.rpartition("/")[2] if document and document.owner else None


def _refusal(error: ArmError) -> Response:
    return Response(error.status, error.body(), error.headers)


def _headers(route: Route, call: Call, limiter: RateLimiter, response: Response) -> dict[str, str]:
    identifier = str(uuid4())
    headers = {
        "Date": _http_date(int(call.cloud.utc().timestamp())),
        "x-ms-request-id": identifier,
        "x-ms-correlation-request-id": call.request.headers.get("x-ms-correlation-request-id", identifier),
    }
    return headers if route.surface == "public" or _CAUSE in response.headers else headers | limiter.headers()


@lru_cache(maxsize=8)
def _http_date(second: int) -> str:
    return formatdate(second, usegmt=True)
