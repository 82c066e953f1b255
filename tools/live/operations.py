"""The check of operations on one instance: each call is sent once and polled to its end.

A step is sent only to an instance that is not in transition and is in the state that the step begins with. If the
instance stays in transition, or is neither running nor in the state that the step leads to, nothing more is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple
from uuid import uuid4

from azure.cli.core.azclierror import AzureConnectionError

from tools.live.claims import Step, claims_file
from tools.live.client import Answer, Send
from tools.live.comparison import Finding, judge, not_asked
from tools.live.masking import Mask
from tools.live.observation import limits_of, observe
from tools.live.target import Target, address, power_of

Wait = Callable[[float], object]
PAUSE, LONGEST_WAIT = 10.0, 1800.0  # seconds between polls by default, and until a step times out
_IN_TRANSITION = ("Creating", "Updating", "Deleting")
_ENDED = ("Succeeded", "Failed", "Canceled", "Cancelled")


class UnexpectedState(Exception):  # noqa: N818  (of the instance, not of the program)
    """The instance is in an unexpected state, so nothing more is sent; its text is the state."""


class State(NamedTuple):
    """The state of an instance: power state, provisioning state, and the time of the latter."""

    power: str | None
    provisioning: str | None
    time: str | None


class Context(NamedTuple):
    """The target of the steps, and the functions that send, wait and mask."""

    send: Send
    wait: Wait
    target: Target
    mask: Mask


def run_steps(context: Context, steps: Iterable[Step]) -> Iterator[Finding]:
    """Run one step after the other; raise UnexpectedState after a step that leaves the instance in another state."""
    for step in steps:
        before = _wait_until_settled(context)
        if before.power != step.since:
            yield not_asked(step, f"the instance was {before.power}, not {step.since}")
        else:
            yield _run_step(context, step, before)
        after = _wait_until_settled(context)
        if after.provisioning in _IN_TRANSITION:
            raise UnexpectedState(f"long after {step.id} the instance is still {after.provisioning}")
        if after.power != "running" and (after.power != step.leads or before.power != step.since):
            raise UnexpectedState(
                f"after {step.id} the instance is {context.mask(after.power) or 'in an unknown state'}"
            )


def power_now(context: Context) -> str | None:
    """Read the power state of the instance."""
    return _state(context).power


def _run_step(context: Context, step: Step, before: State) -> Finding:
    try:
        document = _send_to_bulk(context, step) if step.engine == "bulk" else _send(context, step)
    except AzureConnectionError as error:
        return not_asked(step, context.mask(error.error_msg))
    after = _wait_until_settled(context)
    document |= {
        "claimed": {"power": step.leads, "limits": list(step.limits), "retryAfter": step.retryAfter},
        "before": before._asdict(),
        "after": after._asdict(),
        "timeChanged": after.time != before.time,
    }
    return judge(step, document, context.mask)


def _send(context: Context, step: Step) -> dict[str, Any]:
    method, _, path = step.call.partition(" ")
    body = {"instanceIds": [context.target.instance]} if step.engine == "set" else None
    answer = context.send(method, address(context.target.fill(path)), body)
    document = observe(answer, context.target)
    if answer.status < 300:
        document["during"] = _listed_state(context)
        document["operation"] = _poll(context, answer)
    return document


def _send_to_bulk(context: Context, step: Step) -> dict[str, Any]:
    service, target = step.service, context.target
    base = service.place.format(subscription=target.subscription, group=target.group, location=target.location)
    version = {"api-version": service.apiVersion}
    correlation = {"correlationid": str(uuid4())} if service.correlated else {}
    retries = {"retryPolicy": {"retryCount": 0, "retryWindowInMinutes": 5}}
    body = {"executionParameters": retries, "resources": {"ids": [target.vm_id]}, **correlation}
    answer = context.send("POST", address(f"{base}/{service.verbs[step.verb]}", version), body)
    document = observe(answer, target)
    row: dict[str, Any] = next(iter(document["body"].get("results") or ()), {})
    operation = row.get("operation") or {}
    if operation:
        ids = {"operationIds": [operation["operationId"]], **correlation}
        status = address(f"{base}/{service.status}", version)
        operation = _poll_until_ended(context, answer, lambda: _row_state(context.send("POST", status, ids)))
    return document | {"row": row, "operation": operation}


def _row_state(answer: Answer) -> dict[str, Any]:
    row: dict[str, Any] = next(iter((answer.body or {}).get("results") or ()), {})
    operation = row.get("operation") or {}
    return {"status": operation.get("state"), "error": operation.get("resourceOperationError")}


def _poll(context: Context, answer: Answer) -> dict[str, Any]:
    url = answer.headers.get("azure-asyncoperation") or answer.headers.get("location")
    return _poll_until_ended(context, answer, lambda: _operation_state(context.send("GET", url, None))) if url else {}


def _operation_state(answer: Answer) -> dict[str, Any]:
    body = answer.body if isinstance(answer.body, dict) else {}
    return {
        "status": body.get("status"),
        "fields": sorted(body),
        "error": body.get("error"),
        "limits": limits_of(answer),
        "seconds": _seconds(body),
    }


def _poll_until_ended(context: Context, answer: Answer, poll: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Poll until the operation has ended; return its last state and the number of polls."""
    seen: dict[str, Any] = {}
    pause, waited, polls = _pause(answer), 0.0, 0
    while seen.get("status") not in _ENDED and waited < LONGEST_WAIT:
        context.wait(pause)
        waited += pause
        polls += 1
        seen = poll()
    return seen | {"polls": polls}


def _wait_until_settled(context: Context) -> State:
    state, waited = _state(context), 0.0
    while state.provisioning in _IN_TRANSITION and waited < LONGEST_WAIT:
        context.wait(PAUSE)
        waited += PAUSE
        state = _state(context)
    return state


def _state(context: Context) -> State:
    answer = context.send("GET", address(context.target.vm_id, {"$expand": "instanceView"}), None)
    properties = (answer.body or {}).get("properties") or {}
    view = properties.get("instanceView") or {}
    times = [one.get("time") for one in view.get("statuses", ()) if one["code"].startswith("ProvisioningState/")]
    return State(power_of(view), properties.get("provisioningState"), next(iter(times), None))


def _listed_state(context: Context) -> str | None:
    """Read the state of the instance in the list of the scale set, right after the call."""
    read = next(one for one in claims_file()["reads"] if one["id"] == "vm-list-of-set")
    following = address(context.target.fill(read["path"]), context.target.fill_all(read["query"]))
    while following:
        page = context.send("GET", following, None).body or {}
        for one in page.get("value", ()):
            if one["name"] == context.target.instance:
                state: str | None = one["properties"].get("provisioningState")
                return state
        following = page.get("nextLink", "")
    return None


def _pause(answer: Answer) -> float:
    milliseconds, seconds = (answer.headers.get(name, "") for name in ("retry-after-ms", "retry-after"))
    if milliseconds.isdigit():
        return int(milliseconds) / 1000
    return float(seconds) if seconds.isdigit() else PAUSE


def _seconds(body: dict[str, Any]) -> float | None:
    try:
        times = [datetime.fromisoformat(body[name][:19]) for name in ("startTime", "endTime")]
    except (KeyError, ValueError):
        return None
    return (times[1] - times[0]).total_seconds()
