"""Calls of the SDK's methods: one request, and a poller for the operation that it begins."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from azure.core.exceptions import HttpResponseError

from azext_flexcompare.arm.clients import Azure, checked_body
from azext_flexcompare.arm.polling import Completed, SteppedPolling
from azext_flexcompare.arm.responses import NO_RETRY, poll_errors, remaining, send_errors
from azext_flexcompare.arm.sdk_requests import request_of
from azext_flexcompare.instances import Instance, ScaleSet
from azext_flexcompare.scheduler.poller import Poller

NO_ARGUMENTS: dict[str, Any] = {}


def call_sdk(
    azure: Azure,
    target: Instance | ScaleSet,
    call: str,
    arguments: dict[str, Any],
    *,
    returns: bool = False,
    view: bool = False,
) -> Poller:
    """Send what a method of the SDK, such as `virtual_machines.begin_restart`, sends for its target; return its poller.

    `returns` is whether the operation has a result, and `view` whether that is the resource with its instance view.
    Raises Throttled where the service did not accept the request, Failure where it refused.
    """
    with send_errors():
        answer = send_request(azure, target, call, arguments, place=(target.resource_group, target.name))
        if ".begin_" in call:
            return SteppedPolling.begun(azure.arm(target.subscription), answer, returns, view=view)
        body = checked_body(answer)
        if body is None and answer.status_code != HTTPStatus.NO_CONTENT:
            raise HttpResponseError("The answer is none that is documented.", response=answer)
        return Completed(body, remaining(answer.headers))


def send_request(
    azure: Azure, target: Instance | ScaleSet, call: str, arguments: dict[str, Any], *, place: Sequence[str]
) -> Any:
    """Send what a method of the SDK sends, and return the whole answer; `place` are the names that it takes first."""
    request = request_of(azure.compute(target.subscription), call, place, arguments)
    return azure.arm(target.subscription).send(request, **NO_RETRY)


def read_view(azure: Azure, instance: Instance) -> Any:
    """Read the scale set's view of an instance, and return the whole answer."""
    place = (instance.resource_group, instance.scale_set.name, instance.name)
    return send_request(azure, instance, "virtual_machine_scale_set_vms.get", NO_ARGUMENTS, place=place)


def read_once(method: Callable[..., Any], *arguments: Any, **options: Any) -> Completed:
    """Read with a method of the SDK that sends one request; raises Throttled or Unanswered where that is repeated."""
    with poll_errors():
        result, headers = method(*arguments, cls=with_headers, **options, **NO_RETRY)
    return Completed(result, remaining(headers))


def with_headers(answer: Any, result: Any, _: Any) -> tuple[Any, Mapping[str, str]]:
    """Return the result and the answer's headers: the `cls` of a method of the SDK."""
    return result, answer.http_response.headers
