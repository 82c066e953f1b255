"""The instances that may still be in operation, so that no two domains ever are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.instance_polling import poll_instances
from azext_flexcompare.instances import Instance, ResourceId, is_in_transition
from azext_flexcompare.planning.batches import domain_key
from azext_flexcompare.scheduler.observer import Observer
from azext_flexcompare.scheduler.outcome import Outcome, Status

CHECK_TIMEOUT = 60  # seconds in which the service must answer
CHECK_INTERVAL = 1.0  # seconds between polls without an answer
AT_REST = (Status.SUCCEEDED, Status.SKIPPED, Status.NOT_STARTED)  # the run has left nothing in progress there


class ActiveInstances:
    """A record of which instances may be in operation, by what this run and the one before it left."""

    def __init__(self, azure: Azure, interrupted: Callable[[], bool], instances: Iterable[Instance] = ()) -> None:
        self.azure, self.interrupted = azure, interrupted
        self.by_id = {one.id: one for one in instances}
        self.unknown = set(self.by_id)  # those whose end was not seen; of the others the service said that they failed
        self.queued: set[ResourceId] = set()  # may begin at any time, whatever the instance shows now

    def update(self, outcomes: Iterable[Outcome[Instance]]) -> None:
        """Add the instances that are not known to be at rest, and remove the others."""
        for one in outcomes:
            self._remove(one.target.id)
            self.queued |= {one.target.id} if one.queued else set()
            if one.status not in AT_REST:
                self.by_id[one.target.id] = one.target
            if one.status not in (*AT_REST, Status.FAILED):
                self.unknown.add(one.target.id)

    def outside(self, batch: Sequence[Instance], domains: Sequence[str]) -> list[Instance]:
        """Return the instances that keep a batch from beginning because they are still in operation, by reading them.

        They are those of other domains, and those of other batches whose end was not seen.
        """
        here, inside = domain_key(batch[0], domains), {one.id for one in batch}
        elsewhere = [
            one
            for one in self.by_id.values()
            if domain_key(one, domains) != here or (one.id in self.unknown and one.id not in inside)
        ]
        queued = [one for one in elsewhere if one.id in self.queued]
        at_rest = [one for one in elsewhere if one.id not in self.queued]
        active = [*queued, *find_active(self.azure, at_rest, self.interrupted)]
        for id_ in {one.id for one in elsewhere} - {one.id for one in active}:
            self._remove(id_)
        return active

    def _remove(self, id_: ResourceId) -> None:
        self.by_id.pop(id_, None)
        self.unknown.discard(id_)
        self.queued.discard(id_)


def find_active(azure: Azure, instances: Sequence[Instance], interrupted: Callable[[], bool]) -> list[Instance]:
    """Read instances once, and return those in transition and those that cannot be read."""
    outcomes = poll_instances(
        azure, instances, _is_active, timeout=CHECK_TIMEOUT, observer=Observer(interrupted), interval=CHECK_INTERVAL
    )
    return [one.target for one in outcomes if one.status != Status.SUCCEEDED or one.result]


def _is_active(found: Instance | None) -> tuple[bool, bool]:
    return True, found is not None and is_in_transition(found)  # one answer is enough
