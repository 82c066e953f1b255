"""Planned calls: the instances of each, and how its outcome becomes theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from azext_flexcompare.instances import Instance, ResourceId, is_in_power_state
from azext_flexcompare.scheduler.outcome import Outcome, Status
from azext_flexcompare.scheduler.poller import Poller
from azext_flexcompare.table.entries import Operation

Call = Callable[[], Poller]
Options = dict[str, Any]


class Skip(NamedTuple):
    """No call, and why."""

    reason: str


class Work(NamedTuple):
    """A call, and the instances whose outcome it is: one, except where one call is for many."""

    instances: list[Instance]
    call: Call | Skip
    settle: Settle | None = None  # makes the outcomes of the instances; None: each has the outcome of the call
    sends: bool = True  # whether the call may send a request that changes something
    reads: int = 0  # requests of the call that only read, before the one that changes something
    before: Sequence[str] | None = None  # provisioning times of the instance before the call, if it was made
    sent: bool = False  # whether an earlier run made the call, or may have
    since: datetime | None = None  # a time of the service before that call
    until: datetime | None = None  # a time after which nothing that the instance shows is taken for that call's
    patient: bool = False  # whether the operation may begin at any time, so that an instance without a trace is no end
    url: str | None = None  # of the operation that an earlier run started
    extension: str | None = None  # that the call changes, by its name
    prepare: Prepare | None = None  # makes the call for fewer of its instances
    operations: Callable[[], Mapping[ResourceId, Mapping[str, Any]]] | None = None  # of each instance, for the log
    ended: Callable[[], Sequence[Outcome[Instance]]] | None = None  # outcomes of the instances that ended already


Settle = Callable[[Outcome[Work]], Sequence[Outcome[Instance] | Work]]  # outcomes, or calls in place of this one
Prepare = Callable[[list[Instance]], list[Work]]


def share_outcome(outcome: Outcome[Work]) -> list[Outcome[Instance]]:
    """Return the outcome of a call for each of its instances."""
    url, began = outcome.url or outcome.target.url, outcome.began or outcome.target.since
    return [replace(outcome, target=one, url=url, began=began) for one in outcome.target.instances]  # type: ignore[arg-type,misc]


def skip_reasons(work: Iterable[Work]) -> dict[ResourceId, str]:
    """Return why instances need no call, by id."""
    return {one.id: each.call.reason for each in work if isinstance(each.call, Skip) for one in each.instances}


def without_skips(work: Iterable[Work]) -> list[Work]:
    """Return the work that is a call."""
    return [each for each in work if not isinstance(each.call, Skip)]


def planned_outcomes(
    instances: Iterable[Instance], hindrances: Mapping[ResourceId, str], batches: Mapping[ResourceId, int]
) -> list[Outcome[Instance]]:
    """Return a Planned outcome for each instance (--dry-run); batches and what hinders the operation are by id."""
    return [
        Outcome(one, Status.PLANNED, reason=hindrances.get(one.id), batch=batches.get(one.id, 1)) for one in instances
    ]


def skipped_outcomes(instances: Iterable[Instance], reasons: Mapping[ResourceId, str]) -> list[Outcome[Instance]]:
    """Return a Skipped outcome for each instance that has a reason, by id."""
    return [
        Outcome(instance, Status.SKIPPED, reason=reasons[instance.id], batch=None)
        for instance in instances
        if instance.id in reasons
    ]


def satisfied_reasons(operation: Operation, instances: Iterable[Instance], options: Options) -> dict[ResourceId, str]:
    """Return why instances that are in the target power state already are skipped, by id."""
    target = operation.target_power_state(options)
    if target is None:
        return {}
    satisfied = [instance for instance in instances if is_in_power_state(instance, target)]
    return {instance.id: f"It is {instance.power_state} already." for instance in satisfied}
