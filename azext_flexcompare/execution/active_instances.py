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
        self.queued: set[ResourceId] = set()  # may begin at any time, whatever the instance shows now

    def update(self, outcomes: Iterable[Outcome[Instance]]) -> None:
        """Add the instances whose end was not seen, and remove the others."""
        for one in outcomes:
            self.by_id.pop(one.target.id, None)
            self.queued -= {one.target.id}
            self.queued |= {one.target.id} if one.queued else set()
            if one.status not in AT_REST:
                self.by_id[one.target.id] = one.target

    def outside(self, instance: Instance, domains: Sequence[str]) -> list[Instance]:
        """Return the instances of other domains than this one's that are still in operation, by reading them."""
        here = domain_key(instance, domains)
        elsewhere = [one for one in self.by_id.values() if domain_key(one, domains) != here]
        queued = [one for one in elsewhere if one.id in self.queued]
        at_rest = [one for one in elsewhere if one.id not in self.queued]
        active = [*queued, *find_active(self.azure, at_rest, self.interrupted)]
        for id_ in {one.id for one in elsewhere} - {one.id for one in active}:
            del self.by_id[id_]
        return active


def find_active(azure: Azure, instances: Sequence[Instance], interrupted: Callable[[], bool]) -> list[Instance]:
    """Read instances once, and return those in transition and those that cannot be read."""
    outcomes = poll_instances(
        azure, instances, _is_active, timeout=CHECK_TIMEOUT, observer=Observer(interrupted), interval=CHECK_INTERVAL
    )
    return [one.target for one in outcomes if one.status != Status.SUCCEEDED or one.result]


def _is_active(found: Instance | None) -> tuple[bool, bool]:
    return True, found is not None and is_in_transition(found)  # one answer is enough
