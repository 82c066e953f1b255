"""Instances that other clients take away during a run: deleted, replaced under their name, or deallocated."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any

from azure.cli.core.azclierror import AzCLIError

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.instance_polling import read_instance
from azext_flexcompare.arm.member_states import States, each_page_of_states, list_pages, side_by_side
from azext_flexcompare.arm.paced_reads import read_all
from azext_flexcompare.instances import (
    DEALLOCATED,
    DELETING,
    GONE,
    REPLACED,
    Instance,
    ResourceId,
    ScaleSet,
    by_set,
    is_deleting,
    is_replaced,
    was_deallocated,
    why_absent,
)
from azext_flexcompare.planning.refused_call import read_members
from azext_flexcompare.planning.work import Work
from azext_flexcompare.scheduler.outcome import Outcome, Status
from azext_flexcompare.scheduler.poller import Departed, Failure, OutcomeCheck, OutcomeUnknown, Poll, ResolveUnknown
from azext_flexcompare.table.entries import Operation

LISTING_AGE = 5.0  # seconds after which the members are listed again before a request, for each page of the list
REFUSED = ("Conflict", "OperationNotAllowed")  # an operation that the state of the instance forbids (recorded)
PREEMPTED = ("OperationPreempted", "Canceled")  # an operation in whose place Azure began a later one (reported)
LOCAL = ("NotSent", "ScopeLocked", "AuthorizationFailed")  # failures that say nothing of whether the instance exists


def deleting_reasons(instances: Iterable[Instance]) -> dict[ResourceId, str]:
    """Return why instances that are being deleted are skipped, by id."""
    return {one.id: DELETING for one in instances if is_deleting(one)}


class Members:
    """The members of the scale sets of a run, listed again once the latest listing is old."""

    def __init__(self, azure: Azure, instances: Iterable[Instance]) -> None:
        self.azure = azure
        self.sets: list[ScaleSet] = list(dict.fromkeys(one.scale_set for one in instances))
        self.known: dict[ScaleSet, States] = {}  # of sets that were listed again
        self.listed, self.pages = monotonic(), sum(list_pages(one, 1) for one in self.sets)
        self.lock = threading.Lock()

    def why_departed(self, instance: Instance) -> str | None:
        """Return why an instance is not there to act on, or None."""
        with self.lock:
            self._refresh()
            known = self.known.get(instance.scale_set)
        if known is None:
            return None
        state = known.get(instance.id)
        if state is None:
            return GONE
        if is_replaced(instance.vm_id, state.vm_id):
            return REPLACED
        return DELETING if state.provisioning_state.lower() == "deleting" else None

    def departed(self, work: Sequence[Work]) -> dict[ResourceId, str]:
        """Return why instances of calls that are still to be sent are not there, by id."""
        unsent = [one for each in work if not _is_sent(each) for one in each.instances]
        found = {one.id: self.why_departed(one) for one in unsent}
        return {id_: why for id_, why in found.items() if why}

    def _refresh(self) -> None:
        if monotonic() - self.listed < LISTING_AGE * self.pages:
            return
        found = dict(zip(self.sets, side_by_side(self._list, self.sets), strict=True))
        for scale_set, pages in found.items():
            if pages is not None:
                self.known[scale_set] = {id_: state for page in pages for id_, state in page.items()}
        self.pages = max(1, sum(len(pages or ()) for pages in found.values()))
        self.listed = monotonic()

    def _list(self, scale_set: ScaleSet) -> list[States] | None:
        """Return the pages of a list, or None where it cannot be read: then what was known stays."""
        try:
            return list(each_page_of_states(self.azure, scale_set))
        except Exception:  # noqa: BLE001  (a list that cannot be read tells nothing, and the request itself decides)
            return None


def without_departed(members: Members, work: Sequence[Work], batch: int) -> tuple[list[Work], list[Outcome[Instance]]]:
    """Return the calls for the instances that are still there, and a Skipped outcome for each of the others."""
    departed = members.departed(work)
    kept: list[Work] = []
    gone: list[Instance] = []
    for each in work:
        leaving = [] if _is_sent(each) else [one for one in each.instances if one.id in departed]
        left = [one for one in each.instances if one not in leaving]
        gone += leaving
        if not leaving:
            kept.append(each)
        elif left and each.prepare:
            kept += each.prepare(left)
    return kept, [Outcome(one, Status.SKIPPED, reason=departed[one.id], batch=batch) for one in gone]


def _is_sent(work: Work) -> bool:
    return work.sent or not work.sends


@dataclass(eq=False)
class DepartureCheck:
    """A poll of an instance after a failure, which finds out whether another client has taken the instance away.

    With `taken_back` an instance that was deallocated meanwhile counts as taken away.
    """

    azure: Azure
    instance: Instance
    failure: Failure
    taken_back: bool = False
    reason: str | None = field(default=None)

    def poll(self) -> Poll:
        """Raise Departed if the instance is not there to act on, else the failure."""
        try:
            reading = read_instance(self.azure, self.instance)
        except Failure:
            raise self.failure from None
        found = reading.instance
        if found is None:
            raise Departed(reading.absence)
        if is_deleting(found):
            raise Departed(DELETING)
        if self.taken_back and was_deallocated(self.instance, found):
            raise Departed(DEALLOCATED)
        raise self.failure


def resolve_failure(
    azure: Azure, operation: Operation, resolve_unknown: ResolveUnknown[Work], *call: Any
) -> OutcomeCheck | None:
    """Return the check that a failure needs: what became of the call, or whether the instance was taken away.

    `call` is the work, the failure, and whether the service had accepted the call.
    """
    work, failure, accepted = call
    unknown = resolve_unknown(work, failure, accepted)
    if unknown or len(work.instances) != 1 or operation.target == "set" or failure.error.code in LOCAL:
        return unknown
    # An operation that failed by itself may leave its instance deallocated.
    stopped = failure.error.code in PREEMPTED if accepted else not isinstance(failure, OutcomeUnknown)
    return DepartureCheck(azure, work.instances[0], failure, stopped and not operation.deallocatedToo)


def skip_departed(azure: Azure, operation: Operation, outcomes: Sequence[Outcome[Instance]]) -> list[Outcome[Instance]]:
    """Return outcomes of a call for many, those that failed because another client took the instance away as Skipped.

    The scale sets of the instances that failed are listed once.
    """
    failed = [one.target for one in outcomes if one.status == Status.FAILED]
    groups = by_set(failed)
    lists = read_all(lambda one: _listed(operation, azure, one), [group[0] for group in groups.values()])
    listed = dict(zip(groups, lists, strict=True))
    return [_departed(operation, one, listed.get(one.target.scale_set)) for one in outcomes]


def _listed(operation: Operation, azure: Azure, one: Instance) -> dict[ResourceId, Instance] | None:
    """Return the members of the set of an instance, or None where its list cannot be read."""
    try:
        return read_members(operation, azure, one)
    except AzCLIError:
        return None


def _departed(
    operation: Operation, one: Outcome[Instance], members: dict[ResourceId, Instance] | None
) -> Outcome[Instance]:
    if one.status != Status.FAILED or one.error is None or members is None:
        return one  # a list that cannot be read tells nothing, and the service's error stays
    found = members.get(one.target.id)
    why = why_absent(one.target, found)
    stopped = one.error.code in (*PREEMPTED, *REFUSED) and not operation.deallocatedToo
    if why is None and stopped and found and was_deallocated(one.target, found):
        why = DEALLOCATED
    return replace(one, status=Status.SKIPPED, error=None, reason=why) if why else one
