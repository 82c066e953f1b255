"""The availability of the instances of whole scale sets, and the budgets that `--max-unavailable` makes of it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.paced_reads import read_in_turns
from azext_flexcompare.arm.rate_limits import pages
from azext_flexcompare.arm.scale_sets import Reader, list_in_turns
from azext_flexcompare.execution.health_gate import RUNNING, agent_report, application_report
from azext_flexcompare.instances import Instance, ResourceId, ScaleSet, is_in_transition
from azext_flexcompare.joblog.records import Record
from azext_flexcompare.joblog.values import read_objects, read_text, read_whole
from azext_flexcompare.output.messages import first_names
from azext_flexcompare.planning.batches import Amount
from azext_flexcompare.times import count


class Member(NamedTuple):
    """An instance of a set that is unavailable: why, and whether an operation on it is in progress."""

    name: str
    why: str
    in_transition: bool


class View(NamedTuple):
    """The unavailable instances of each set, by id, and how many it has; when the view began, and its requests."""

    down: Mapping[ResourceId, Mapping[ResourceId, Member]]
    totals: Mapping[ResourceId, int]
    began: float
    requests: int


def read_availability(azure: Azure, command: str, sets: Sequence[ScaleSet], gates: Sequence[str]) -> View:
    """List the instances of sets, and return those that are not available, as far as the conditions of a gate show."""
    began, reader = time.monotonic(), Reader(azure.compute, command)
    listed = read_in_turns(partial(list_in_turns, reader), sets)
    members = {one.id: found for one, found in zip(sets, listed, strict=True)}
    down = {id_: {one.id: found for one in each if (found := _member(one, gates))} for id_, each in members.items()}
    totals = {id_: len(each) for id_, each in members.items()}
    return View(down, totals, began, sum(max(1, pages(one)) for one in totals.values()))


def _member(instance: Instance, gates: Sequence[str]) -> Member | None:
    why = why_unavailable(instance, gates)
    return Member(instance.name, why, is_in_transition(instance)) if why else None


def why_unavailable(instance: Instance, gates: Sequence[str]) -> str | None:
    """Return why an instance is not available, or None.

    What reports no application health at all is not judged by it: other members of the set may lack the extension.
    """
    if (instance.provisioning_state or "").lower() != "succeeded":
        return instance.provisioning_state or "no provisioningState"
    if instance.power_state != RUNNING:
        return instance.power_state or "no power state"
    view: Any = instance.resource and instance.resource.instance_view
    if "vm-agent" in gates and agent_report(view).trouble:
        return "agent not ready"
    if "app-health" in gates and view and view.vm_health and application_report(view).trouble:
        return "application not healthy"
    return None


class Budget(NamedTuple):
    """How many instances of a set may be unavailable at once, of how many."""

    scale_set: ScaleSet
    of: int
    allowed: int

    def record(self) -> Record:
        """Return the budget for the plan of a job log."""
        return {"scaleSet": self.scale_set.id, "of": self.of, "allowed": self.allowed}


class WindowPlan(NamedTuple):
    """The budgets of a run with a window, what is unavailable before it, and the conditions of its gate."""

    budgets: Sequence[Budget]
    view: View
    gates: Sequence[str] = ()


def budgets_of(amount: Amount, sets: Iterable[ScaleSet], totals: Mapping[ResourceId, int]) -> list[Budget]:
    """Return the budget of each set: a percentage is rounded down, and at least one instance."""
    return [Budget(one, totals[one.id], max(1, int(amount.of(totals[one.id])))) for one in sets]


def logged_budgets(plan: Record, sets: Iterable[ScaleSet]) -> list[Budget]:
    """Return the budgets that the plan of a job log has; a set without one gets the smallest."""
    logged = {ResourceId(read_text(one.get("scaleSet")) or ""): one for one in read_objects(plan.get("window"))}
    found = [(one, logged.get(one.id, {})) for one in sets]
    return [
        Budget(one, read_whole(known.get("of")) or 0, max(1, read_whole(known.get("allowed")) or 0))
        for one, known in found
    ]


def window_lines(plan: WindowPlan, *, everything: bool) -> list[str]:
    """Return the arithmetic of each budget in a sentence: of all, or of those of which some is unavailable before."""
    return [
        _line(one, list(plan.view.down[one.scale_set.id].values()))
        for one in plan.budgets
        if everything or plan.view.down[one.scale_set.id]
    ]


def _line(budget: Budget, down: Sequence[Member]) -> str:
    allowed = f"{budget.allowed} of the {count(budget.of, 'instance')} of {budget.scale_set.name}"
    if not down:
        return f"Window: {allowed} may be unavailable at once; none is now."
    now = f"{len(down)} {'is' if len(down) == 1 else 'are'} now: {first_names([describe(one) for one in down])}"
    left = budget.allowed - len(down)
    then = f"{left} more may begin at once" if left > 0 else "one that is available begins only once fewer are"
    return f"Window: {allowed} may be unavailable at once; {now}; {then}."


def describe(member: Member) -> str:
    """Describe an unavailable instance."""
    return f"{member.name} ({member.why})"
