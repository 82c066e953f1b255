"""A planned call: the instances it is for, and how its outcome becomes theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from azext_flexcompare.instances import Instance
from azext_flexcompare.scheduler.outcome import Outcome, Status
from azext_flexcompare.scheduler.poller import Poller
from azext_flexcompare.table.entries import Operation

Call = Callable[[], Poller]


Options = dict[str, Any]


class Skip(NamedTuple):
    """No call, and why."""

    reason: str


def alike(outcome: Outcome[Work]) -> list[Outcome[Instance]]:
    """Give every instance of a call the call's own outcome."""
    url = outcome.url or outcome.target.url
    return [replace(outcome, target=one, url=url) for one in outcome.target.instances]  # type: ignore[arg-type,misc]


class Work(NamedTuple):
    """A call, and the instances whose outcome it is: one, except where one call is for many.

    `settle` makes theirs of the call's outcome, or says what is to be done instead.
    """

    instances: list[Instance]
    call: Call | Skip
    settle: Callable[[Outcome[Work]], Sequence[Outcome[Instance] | Work]] = alike
    sends: bool = True  # whether the call may come to a request that changes something
    before: Sequence[str] | None = None  # the instance's times (standing.py) before the call was made, if it was
    sent: bool = False  # whether an earlier run made the call, or may have
    url: str | None = None  # where what an earlier run has sent can be looked at


Prepare = Callable[[list[Instance]], list[Work]]


def planned_outcomes(
    instances: Iterable[Instance], hindrances: Mapping[str, str], batches: Mapping[str, int]
) -> list[Outcome[Instance]]:
    """Say of each instance that it would be acted on (--dry-run), and by its id in which batch, and what hinders it."""
    return [
        Outcome(one, Status.PLANNED, reason=hindrances.get(one.id), batch=batches.get(one.id, 1)) for one in instances
    ]


def skipped_outcomes(instances: Iterable[Instance], reasons: Mapping[str, str]) -> list[Outcome[Instance]]:
    """Say of each instance that has a reason, by its id, that it was skipped, and why."""
    return [
        Outcome(instance, Status.SKIPPED, reason=reasons[instance.id], batch=None)
        for instance in instances
        if instance.id in reasons
    ]


def satisfied_reasons(operation: Operation, instances: Iterable[Instance]) -> dict[str, str]:
    """Find the instances that are already where the operation leads, with the reason to skip them, by id."""
    if operation.powerState is None:
        return {}
    there = [instance for instance in instances if instance.power_state == operation.powerState]
    return {instance.id: f"It is {operation.powerState} already." for instance in there}
