"""Instances that leave their scale set during a run: deleted, being deleted, or replaced under their name."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.instance_polling import read_instance
from azext_flexcompare.arm.member_states import States, each_page_of_states, list_pages, side_by_side
from azext_flexcompare.instances import GONE, Instance, ResourceId, ScaleSet, is_replaced
from azext_flexcompare.planning.work import Work
from azext_flexcompare.scheduler.outcome import Outcome, Status
from azext_flexcompare.scheduler.poller import Departed, Failure, OutcomeCheck, Poll, ResolveUnknown
from azext_flexcompare.table.entries import Operation

DELETING = "It is being deleted."
REPLACED = "Another machine has its name now."
LISTING_AGE = 5.0  # seconds after which the members are listed again before a request, for each page of the list
LOCAL = ("NotSent", "ScopeLocked", "AuthorizationFailed")  # failures that say nothing of whether the instance exists


def is_deleting(instance: Instance) -> bool:
    """Check whether an instance is being deleted."""
    return (instance.provisioning_state or "").lower() == "deleting"


def deleting_reasons(instances: Iterable[Instance]) -> dict[ResourceId, str]:
    """Return why instances that are being deleted are skipped, by id."""
    return {one.id: DELETING for one in instances if is_deleting(one)}


class Members:
    """The members of the scale sets of a run, listed again once the latest listing is old."""

    def __init__(self, azure: Azure, instances: Iterable[Instance]) -> None:
        self.azure = azure
        self.sets: list[ScaleSet] = list(dict.fromkeys(one.scale_set for one in instances))
        self.known: States | None = None  # None: nothing is known but the first listing
        self.listed, self.pages = monotonic(), sum(list_pages(one, 1) for one in self.sets)
        self.lock = threading.Lock()

    def why_departed(self, instance: Instance) -> str | None:
        """Return why an instance is not there to act on, or None."""
        with self.lock:
            self._refresh()
            known = self.known
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
        try:
            listed = side_by_side(lambda one: list(each_page_of_states(self.azure, one)), self.sets)
            self.known = {id_: state for pages in listed for page in pages for id_, state in page.items()}
            self.pages = sum(len(pages) for pages in listed)
        except Exception:  # noqa: BLE001  (a list that cannot be read tells nothing, and the request itself decides)
            self.known = None
        self.listed = monotonic()


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
    """A poll of an instance after a failure, which finds out whether the instance has left."""

    azure: Azure
    instance: Instance
    failure: Failure
    reason: str | None = field(default=None)

    def poll(self) -> Poll:
        """Raise Departed if the instance is gone or being deleted, else the failure."""
        try:
            found = read_instance(self.azure, self.instance).instance
        except Failure:
            raise self.failure from None
        if found is None:
            raise Departed(GONE)
        if is_deleting(found):
            raise Departed(DELETING)
        raise self.failure


def resolve_failure(
    azure: Azure, operation: Operation, resolve_unknown: ResolveUnknown[Work], *call: Any
) -> OutcomeCheck | None:
    """Return the check that a failure needs: what became of the call, or whether the instance has left.

    `call` is the work, the failure, and whether the service had accepted the call.
    """
    work, failure, accepted = call
    unknown = resolve_unknown(work, failure, accepted)
    if unknown or len(work.instances) != 1 or operation.target == "set" or failure.error.code in LOCAL:
        return unknown
    return DepartureCheck(azure, work.instances[0], failure)
