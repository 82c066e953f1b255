"""Are the instances of a batch healthy again, before the next one begins?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from azext_flexcompare._client_factory import WORKERS
from azext_flexcompare.cost import PACES, lane_of
from azext_flexcompare.fanout import fan_out
from azext_flexcompare.lanes import Limits
from azext_flexcompare.outcome import Outcome, Status
from azext_flexcompare.overseer import Overseer
from azext_flexcompare.pacing import UNPACED
from azext_flexcompare.reinspection import read_again
from azext_flexcompare.selection import Instance
from azext_flexcompare.sending import Azure
from azext_flexcompare.standing import is_under_way

GONE = "It no longer exists."


def agent_trouble(view: Any) -> str | None:
    """Say what keeps the VM agent from being Ready, by the instance view."""
    statuses = (view.vm_agent.statuses if view and view.vm_agent else None) or ()
    if any((status.display_status or "").lower() == "ready" for status in statuses):
        return None
    said = next((status.display_status for status in statuses if status.display_status), None)
    return f"Its VM agent is {said}." if said else "Its VM agent does not report."


def application_trouble(view: Any) -> str | None:
    """Say what keeps the application from being healthy, by the Application Health extension."""
    status = view.vm_health.status if view and view.vm_health else None
    if status is None:
        return "It reports no application health; the Application Health extension does that."
    said = (status.code or "").partition("/")[2]
    return None if said.lower() == "healthy" else f"Its application is {said or 'of unknown health'}."


GATES: dict[str, Callable[[Any], str | None]] = {"vm-agent": agent_trouble, "app-health": application_trouble}


class Gate(NamedTuple):
    """What is asked of each instance, and how many seconds it has."""

    kind: str
    timeout: int


def unhealthy(
    azure: Azure, gate: Gate, instances: Sequence[Instance], overseer: Overseer[Instance]
) -> list[tuple[Instance, str]]:
    """Watch instances until all are healthy or the time is up; list those that are not, and why."""
    limits = Limits(None, gate.timeout, WORKERS, True, UNPACED, PACES[1])  # nothing is sent before the looks
    outcomes = fan_out(instances, partial(_Watch, azure, GATES[gate.kind]), limits, overseer, lane_of)
    return [(one.target, _why(one)) for one in outcomes if one.status != Status.SUCCEEDED]


def _why(outcome: Outcome[Instance]) -> str:
    return str(outcome.result or (outcome.error and outcome.error.message) or outcome.reason)


@dataclass(eq=False)
class _Watch:
    """The looks at one instance; `result` is what keeps it from being healthy."""

    azure: Azure
    trouble: Callable[[Any], str | None]
    instance: Instance
    result: str | None = None
    lasted: None = None
    left: None = None
    final: None = None
    url: str = "the instance itself"  # there is something to watch

    def wait(self) -> None:
        """Ask for no wait."""

    def look(self) -> bool:
        """Read the instance once."""
        found = read_again(self.azure, self.instance)
        if found is None:
            self.result = GONE
        elif is_under_way(found):
            self.result = f"Its provisioningState is {found.provisioning_state}."
        else:
            self.result = self.trouble(found.resource.instance_view)
        return self.result is None
