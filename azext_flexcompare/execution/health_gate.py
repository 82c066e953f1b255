"""The health gate between batches: instances are polled until they are healthy, or its time is over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.instance_polling import poll_instances
from azext_flexcompare.instances import Instance, is_in_transition
from azext_flexcompare.scheduler.observer import Observer
from azext_flexcompare.scheduler.outcome import Outcome, Status

NOT_FOUND = "It no longer exists."


def agent_trouble(view: Any) -> str | None:
    """Return why the VM agent is not Ready by the instance view, or None."""
    statuses = (view.vm_agent.statuses if view and view.vm_agent else None) or ()
    if any((status.display_status or "").lower() == "ready" for status in statuses):
        return None
    shown = next((status.display_status for status in statuses if status.display_status), None)
    return f"Its VM agent is {shown}." if shown else "Its VM agent does not report."


def application_trouble(view: Any) -> str | None:
    """Return why the application is not healthy by the Application Health extension, or None."""
    status = view.vm_health.status if view and view.vm_health else None
    if status is None:
        return "It reports no application health; the Application Health extension does that."
    health = (status.code or "").partition("/")[2]
    return None if health.lower() == "healthy" else f"Its application is {health or 'of unknown health'}."


GATES: dict[str, Callable[[Any], str | None]] = {"vm-agent": agent_trouble, "app-health": application_trouble}


class Gate(NamedTuple):
    """What is checked of each instance, and for how many seconds at most."""

    kind: str
    timeout: int


def find_unhealthy(
    azure: Azure, gate: Gate, instances: Sequence[Instance], observer: Observer[Instance]
) -> list[tuple[Instance, str]]:
    """Poll instances until all are healthy or the time is over; return those that are not, and why."""
    condition = partial(_condition, GATES[gate.kind])
    outcomes = poll_instances(azure, instances, condition, timeout=gate.timeout, observer=observer)
    return [(one.target, _why(one)) for one in outcomes if one.status != Status.SUCCEEDED]


def _why(outcome: Outcome[Instance]) -> str:
    return str(outcome.result or (outcome.error and outcome.error.message) or outcome.reason)


def _condition(trouble_of: Callable[[Any], str | None], found: Instance | None) -> tuple[bool, str | None]:
    if found is None:
        return False, NOT_FOUND
    if is_in_transition(found):
        return False, f"Its provisioningState is {found.provisioning_state}."
    trouble = trouble_of(found.resource.instance_view)
    return trouble is None, trouble
