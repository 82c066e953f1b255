"""What does an operation do to one instance? Sends each once, watches it to its end, and leaves the instance running.

A step is asked only of an instance at rest, in the state that the step begins with. Where an instance does not come to
rest, or is neither running nor where the step leads, nothing more is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple
from uuid import uuid4

from azure.cli.core.azclierror import AzureConnectionError

from tools.live.asking import Answer, Ask
from tools.live.claims import Step, written
from tools.live.comparing import Finding, judge, not_asked
from tools.live.masking import Mask
from tools.live.observing import limits_of, observe
from tools.live.place import Place, address, power_of

Wait = Callable[[float], object]
PAUSE, PATIENCE = 10.0, 1800.0  # seconds between looks where the service names none, and before an end is given up on
_MOVING = ("Creating", "Updating", "Deleting")
_ENDED = ("Succeeded", "Failed", "Canceled", "Cancelled")


class Surprise(Exception):  # noqa: N818  (it is the instance's, not the program's)
    """The instance is not as it should be, and nothing more is sent; says how it is."""


class State(NamedTuple):
    """How an instance is: whether it runs, what is being done to it, and since when it is so."""

    power: str | None
    provisioning: str | None
    time: str | None


class Field(NamedTuple):
    """Where steps are carried out, and how time passes there."""

    ask: Ask
    wait: Wait
    place: Place
    mask: Mask


def carry_out(field: Field, steps: Iterable[Step]) -> Iterator[Finding]:
    """Carry out one step after the other; raises Surprise after the finding of a step that leaves the instance down."""
    for step in steps:
        before = _at_rest(field)
        if before.power != step.since:
            yield not_asked(step, f"the instance was {before.power}, not {step.since}")
        else:
            yield _one(field, step, before)
        after = _at_rest(field)
        if after.provisioning in _MOVING:
            raise Surprise(f"long after {step.id} the instance is still {after.provisioning}")
        if after.power != "running" and (after.power != step.leads or before.power != step.since):
            raise Surprise(f"after {step.id} the instance is {field.mask(after.power) or 'in an unknown state'}")


def power_now(field: Field) -> str | None:
    """Read the power state of the instance."""
    return _state(field).power


def _one(field: Field, step: Step, before: State) -> Finding:
    try:
        document = _send_to_bulk(field, step) if step.engine == "bulk" else _send(field, step)
    except AzureConnectionError as error:
        return not_asked(step, field.mask(error.error_msg))
    after = _at_rest(field)
    document |= {
        "claimed": {"power": step.leads, "limits": list(step.limits)},
        "before": before._asdict(),
        "after": after._asdict(),
        "timeChanged": after.time != before.time,
    }
    return judge(step, document, field.mask)


def _send(field: Field, step: Step) -> dict[str, Any]:
    method, _, path = step.call.partition(" ")
    body = {"instanceIds": [field.place.instance]} if step.engine == "set" else None
    answer = field.ask(method, address(field.place.fill(path)), body)
    document = observe(answer, field.place)
    if answer.status < 300:
        document["during"] = _listed(field)
        document["operation"] = _follow(field, answer)
    return document


def _send_to_bulk(field: Field, step: Step) -> dict[str, Any]:
    service, place = step.service, field.place
    base = service.place.format(subscription=place.subscription, group=place.group, location=place.location)
    version = {"api-version": service.apiVersion}
    correlation = {"correlationid": str(uuid4())} if service.correlated else {}
    retries = {"retryPolicy": {"retryCount": 0, "retryWindowInMinutes": 5}}
    body = {"executionParameters": retries, "resources": {"ids": [place.vm_id]}, **correlation}
    answer = field.ask("POST", address(f"{base}/{service.verbs[step.verb]}", version), body)
    document = observe(answer, place)
    row: dict[str, Any] = next(iter(document["body"].get("results") or ()), {})
    operation = row.get("operation") or {}
    if operation:
        ids = {"operationIds": [operation["operationId"]], **correlation}
        status = address(f"{base}/{service.status}", version)
        operation = _until_over(field, answer, lambda: _row_state(field.ask("POST", status, ids)))
    return document | {"row": row, "operation": operation}


def _row_state(answer: Answer) -> dict[str, Any]:
    row: dict[str, Any] = next(iter((answer.body or {}).get("results") or ()), {})
    operation = row.get("operation") or {}
    return {"status": operation.get("state"), "error": operation.get("resourceOperationError")}


def _follow(field: Field, answer: Answer) -> dict[str, Any]:
    url = answer.headers.get("azure-asyncoperation") or answer.headers.get("location")
    return _until_over(field, answer, lambda: _operation_state(field.ask("GET", url, None))) if url else {}


def _operation_state(answer: Answer) -> dict[str, Any]:
    body = answer.body if isinstance(answer.body, dict) else {}
    return {
        "status": body.get("status"),
        "fields": sorted(body),
        "error": body.get("error"),
        "limits": limits_of(answer),
        "seconds": _seconds(body),
    }


def _until_over(field: Field, answer: Answer, look: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Look until there is an end; what was seen last and how often it took."""
    seen: dict[str, Any] = {}
    pause, waited, polls = _pause(answer), 0.0, 0
    while seen.get("status") not in _ENDED and waited < PATIENCE:
        field.wait(pause)
        waited += pause
        polls += 1
        seen = look()
    return seen | {"polls": polls}


def _at_rest(field: Field) -> State:
    state, waited = _state(field), 0.0
    while state.provisioning in _MOVING and waited < PATIENCE:
        field.wait(PAUSE)
        waited += PAUSE
        state = _state(field)
    return state


def _state(field: Field) -> State:
    answer = field.ask("GET", address(field.place.vm_id, {"$expand": "instanceView"}), None)
    properties = (answer.body or {}).get("properties") or {}
    view = properties.get("instanceView") or {}
    times = [one.get("time") for one in view.get("statuses", ()) if one["code"].startswith("ProvisioningState/")]
    return State(power_of(view), properties.get("provisioningState"), next(iter(times), None))


def _listed(field: Field) -> str | None:
    """Say what the list of the set's VMs tells of the instance at once after the request."""
    read = next(one for one in written()["reads"] if one["id"] == "vm-list-of-set")
    following = address(field.place.fill(read["path"]), field.place.fill_all(read["query"]))
    while following:
        page = field.ask("GET", following, None).body or {}
        for one in page.get("value", ()):
            if one["name"] == field.place.instance:
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
