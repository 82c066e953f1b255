"""Listings of the scale sets of a run, which find the instances that show the end of their operation.

The listing decides nothing: each operation that it finds is polled at its own URL. An instance shows the end when it
has left a transition, when its provisioning has another time than before, or when it is gone. The service's wish not to
be polled yet is about the URL of the operation; it is ignored once, for an instance that shows the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.member_states import (
    MemberState,
    States,
    each_page_of_states,
    list_pages,
    list_states,
    read_states,
    side_by_side,
)
from azext_flexcompare.arm.responses import poll_errors
from azext_flexcompare.instances import Instance, ResourceId, ScaleSet, by_set, provisioning_times
from azext_flexcompare.planning.work import Work
from azext_flexcompare.scheduler.list_poll import CHEAP, COSTLY, SHARED, Pace, Sightings
from azext_flexcompare.times import parse_utc

CHEAP_FROM = 10  # targets for each request of a listing


def list_poll_of(azure: Azure, work: Sequence[Work]) -> SetListPoll | None:
    """Return the listings of calls, or None where one poll of a call is about many instances.

    So it is for calls of the bulk services, and for those that an earlier run made: of their instances it is not known
    what they showed before.
    """
    return (
        None
        if any(each.operations or each.ended or _is_shared_and_sent(each) for each in work)
        else SetListPoll(azure, work)
    )


def _is_shared_and_sent(work: Work) -> bool:
    return work.sent and len(work.instances) > 1


class SetListPoll:
    """A listing of the scale sets of a run, or reads of the few instances that are left."""

    def __init__(self, azure: Azure, work: Iterable[Work]) -> None:
        self.azure = azure
        self._signs = Signs(work)
        # Of calls for many instances: one that has not shown its end, and all that have.
        self._witnesses: dict[int, Instance] = {}
        self._ended: set[ResourceId] = set()

    def requests(self, targets: Sequence[Work]) -> int:
        """Return the number of requests: one for each page, or for each instance where these are fewer."""
        single = [each.instances[0] for each in targets if len(each.instances) == 1]
        return (
            len(targets)
            - len(single)
            + sum(min(list_pages(one, len(group)), len(group)) for one, group in by_set(single).items())
        )

    def pace(self, targets: Sequence[Work], among: int) -> Pace:
        """Return when to list targets: often if a request tells of many instances."""
        if any(len(each.instances) > 1 for each in targets):
            return SHARED
        return CHEAP if among >= CHEAP_FROM * self.requests(targets) else COSTLY

    def read(self, targets: Sequence[Work]) -> Sightings:
        """Return which targets show their end, and which are in progress."""
        with poll_errors():
            states = self._read([each.instances[0] for each in targets if len(each.instances) == 1])
            shared = [each for each in targets if len(each.instances) > 1]
            ends = dict(zip(map(id, shared), side_by_side(self._sight_shared, shared), strict=True))
            ended: list[int] = []
            busy: list[int] = []
            for place, each in enumerate(targets):
                shown = ends[id(each)] if id(each) in ends else self._signs.sight(each.instances[0], states)
                if shown is not None:
                    (ended if shown else busy).append(place)
        return Sightings(ended, busy)

    def _read(self, instances: list[Instance]) -> States:
        states: States = {}
        for found in side_by_side(self._read_set, list(by_set(instances).items())):
            states |= found
        return states

    def _read_set(self, entry: tuple[ScaleSet, list[Instance]]) -> States:
        scale_set, group = entry
        if len(group) < list_pages(scale_set, len(group)):
            return read_states(self.azure, group)
        return list_states(self.azure, scale_set, [one.id for one in group])

    def _sight_shared(self, work: Work) -> bool:
        """Check whether all instances of a call show their end: first the one that did not at the last time."""
        witness = self._witnesses.setdefault(id(work), work.instances[0])
        if not self._has_ended(witness, read_states(self.azure, [witness])):
            return False
        left = {one.id: one for one in work.instances if one.id not in self._ended}
        for page in each_page_of_states(self.azure, work.instances[0].scale_set, view=True) if left else ():
            for id_ in page.keys() & left.keys():
                if not self._has_ended(left[id_], page):
                    self._witnesses[id(work)] = left[id_]
                    return False
        return True  # those that no page has are gone

    def _has_ended(self, instance: Instance, states: States) -> bool:
        if instance.id not in self._ended and self._signs.sight(instance, states):
            self._ended.add(instance.id)
        return instance.id in self._ended


class Signs:
    """What instances have shown of their operations."""

    def __init__(self, work: Iterable[Work]) -> None:
        self._before = {each.instances[0].id: parsed(each.before) for each in work if each.before is not None}
        self._busy: set[ResourceId] = set()  # in transition when they were last read

    def sight(self, instance: Instance, states: States) -> bool | None:
        """Return whether an instance shows the end or is in progress; None where it shows neither.

        An end is returned once.
        """
        state = states.get(instance.id)
        if state is None:
            return True
        if state.is_in_transition:
            self._busy.add(instance.id)
            return False
        return self._has_changed(instance, state) or None

    def _has_changed(self, instance: Instance, state: MemberState) -> bool:
        before = self._before.get(instance.id)
        before = parsed(provisioning_times(instance)) if before is None else before
        times = parsed(state.times)
        changed = instance.id in self._busy or bool(times and times != before)
        if changed:
            self._busy.discard(instance.id)
            self._before[instance.id] = times
        return changed


def parsed(times: Iterable[str]) -> list[datetime | None]:
    """Parse times, which the SDK and the service spell in different ways."""
    return [parse_utc(one) for one in times]
