"""Calls of the SDK: one request, and a poller for the operation that it begins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.polling import Completed, SteppedPolling, ViewedPolling
from azext_flexcompare.arm.responses import NO_RETRY, remaining, send_errors
from azext_flexcompare.instances import Instance, ScaleSet
from azext_flexcompare.scheduler.poller import Poller


def call_sdk(
    azure: Azure,
    target: Instance | ScaleSet,
    call: str,
    arguments: dict[str, Any],
    *,
    returns: bool = False,
    view: bool = False,
) -> Poller:
    """Call a method of the SDK, such as `virtual_machines.begin_restart`, for its target, and return its poller.

    `returns` is whether the operation has a result, and `view` whether that is the resource with its instance view.
    Raises Throttled where the service did not accept the request, Failure where it refused.
    """
    group, name = call.split(".")
    method = getattr(getattr(azure.compute(target.subscription), group), name)
    if not name.startswith("begin_"):
        return call_once(method, target.resource_group, target.name, **arguments)
    polling = ViewedPolling() if view else SteppedPolling(returns)
    with send_errors():
        method(target.resource_group, target.name, polling=polling, **arguments, **NO_RETRY)
    return polling  # the SDK has initialized it with the answer


def call_once(method: Callable[..., Any], *arguments: Any, **options: Any) -> Completed:
    """Call a method of the SDK that sends one request and begins no operation, and return its result."""
    with send_errors():
        result, headers = method(*arguments, cls=with_headers, **options, **NO_RETRY)
    return Completed(result, remaining(headers))


def with_headers(answer: Any, result: Any, _: Any) -> tuple[Any, Mapping[str, str]]:
    """Return the result and the answer's headers: the `cls` of a method of the SDK."""
    return result, answer.http_response.headers
