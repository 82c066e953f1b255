"""One write of a backend pool for many instances, on condition that no other client has changed the pool."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from azext_flexcompare.arm.backend_pools import DOWN, members_of, with_states
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.network import ResourceUpdate
from azext_flexcompare.arm.network_bodies import Body, same
from azext_flexcompare.arm.rate_limits import CHANGES, limits
from azext_flexcompare.instances import ResourceId
from azext_flexcompare.joblog.drains import BEGUN, DRAIN, DROPPED, ENDED, UNDRAIN, Drained, drain_record
from azext_flexcompare.joblog.records import Record
from azext_flexcompare.scheduler.observer import Observer
from azext_flexcompare.scheduler.outcome import Error, Outcome, Status
from azext_flexcompare.scheduler.poller import Failure, OutcomeUnknown, Poller, Throttled
from azext_flexcompare.scheduler.scheduler import send_and_poll
from azext_flexcompare.scheduler.service import Service

MAX_CONFLICTS = 50  # lost races in a row; each is tried again from a fresh read


class Journal(Protocol):
    """Where each step is recorded, in the order in which it happens and before the next one."""

    def write(self, *found: Record) -> None:
        """Write records."""

    def sync(self) -> None:
        """Flush the records to the disk."""

    def stop_reason(self) -> str | None:
        """Return why nothing more may be taken out of rotation, such as a record that could not be written."""


class NoJournal:
    """A journal of a command without a log."""

    def write(self, *found: Record) -> None:
        """Write nothing."""

    def sync(self) -> None:
        """Flush nothing."""

    def stop_reason(self) -> str | None:
        """Return None: nothing stops it."""
        return None


class PoolWrite(ResourceUpdate):
    """The write of one pool; subclasses decide what it changes.

    `attempt` is what the latest request was to change, `changes` what some request has changed or may have.
    """

    kind: str
    max_conflicts = MAX_CONFLICTS

    def __init__(self, azure: Azure, pool_id: str, journal: Journal, *, batch: int = 1) -> None:
        super().__init__(azure, {"id": pool_id}, self.change, stale=True)
        self.pool_id, self.journal, self.batch = pool_id, journal, batch
        self.attempt: list[Drained] = []
        self.changes: list[Drained] = []

    def __call__(self) -> Poller:
        """Read the pool and send the PUT; a refusal is recorded as one that has changed nothing."""
        self.attempt = []
        try:
            return super().__call__()
        except OutcomeUnknown:
            raise
        except (Failure, Throttled) as refusal:
            if not isinstance(refusal.__cause__, OutcomeUnknown):
                self.record(DROPPED, self.attempt)
                self.changes = [one for one in self.changes if one not in self.attempt]
            raise

    def change(self, pool: Body) -> Body | None:
        """Return the pool to be written, or None; what it changes is on the disk before."""
        self.attempt = self.decide(pool)
        self.record(BEGUN, self.attempt)
        self.changes = list({one.key: one for one in (*self.changes, *self.attempt)}.values())
        return with_states(pool, {one.address: self.state_of(one) for one in self.attempt})

    def decide(self, pool: Body) -> list[Drained]:
        """Return the addresses whose state is to be changed in a pool as it is now."""
        raise NotImplementedError

    def state_of(self, drained: Drained) -> str:
        """Return the state that an address gets."""
        raise NotImplementedError

    def record(self, state: str, changed: Sequence[Drained]) -> None:
        """Write a step to the journal and to its disk."""
        if changed:
            self.journal.write(drain_record(state, self.batch, changed, self.kind))
            self.journal.sync()


class TakeOut(PoolWrite):
    """The write that takes addresses out of rotation; one that is Down already, and not by this run, is left alone."""

    kind = DRAIN

    def __init__(
        self, azure: Azure, pool_id: str, journal: Journal, *, wanted: Mapping[str, ResourceId], batch: int = 1
    ) -> None:
        super().__init__(azure, pool_id, journal, batch=batch)
        self.wanted = wanted

    def change(self, pool: Body) -> Body | None:
        """Return the pool to be written; raises Failure where that could not be recorded."""
        after = super().change(pool)
        why = self.journal.stop_reason()
        if why:
            raise Failure(Error("NotStarted", why))
        return after

    def decide(self, pool: Body) -> list[Drained]:
        """Return the wanted addresses that are not Down, with their state."""
        return [
            Drained(self.wanted[one.name], self.pool_id, one.name, one.state)
            for one in members_of(pool)
            if one.name in self.wanted and not same(one.state, DOWN)
        ]

    def state_of(self, drained: Drained) -> str:
        """Return Down, whatever the state was."""
        del drained
        return DOWN


class PutBack(PoolWrite):
    """The write that gives addresses the state back that they had; one that is no longer Down is left alone."""

    kind = UNDRAIN

    def __init__(
        self, azure: Azure, pool_id: str, journal: Journal, *, drained: Collection[Drained], batch: int = 1
    ) -> None:
        super().__init__(azure, pool_id, journal, batch=batch)
        self.drained = list(drained)

    def decide(self, pool: Body) -> list[Drained]:
        """Return the addresses that are still Down."""
        down = {one.name.lower() for one in members_of(pool) if same(one.state, DOWN)}
        return [one for one in self.drained if one.address.lower() in down]

    def state_of(self, drained: Drained) -> str:
        """Return the state that the address had before."""
        return drained.before


def put_backs(azure: Azure, journal: Journal, drained: Iterable[Drained], *, batch: int = 1) -> list[PutBack]:
    """Return the write of each pool that puts addresses back."""
    by_pool: dict[str, list[Drained]] = {}
    for one in drained:
        by_pool.setdefault(one.pool.lower(), []).append(one)
    return [PutBack(azure, each[0].pool, journal, drained=each, batch=batch) for each in by_pool.values()]


def write_pool(write: PoolWrite, timeout: float, observer: Observer[PoolWrite]) -> Outcome[PoolWrite]:
    """Send a write and poll it to its end; return its outcome."""
    service = Service[PoolWrite](lambda one: one.pool_id.split("/")[2])
    (outcome,) = send_and_poll([write], lambda one: one(), limits(timeout, sends=CHANGES), observer, service=service)
    if outcome.status == Status.SUCCEEDED:
        write.record(ENDED, write.drained if isinstance(write, PutBack) else write.changes)
    return outcome
