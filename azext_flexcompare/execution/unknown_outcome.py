"""The outcome of a request that was never answered, or of an operation that Azure no longer knows.

The instance is asked. A POST is sent again only where the instance shows that the first was never accepted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.instance_polling import INSTANCE_NOT_FOUND, read_instance
from azext_flexcompare.arm.responses import OperationNotFound, Unacknowledged
from azext_flexcompare.instances import (
    Instance,
    describe_state,
    is_in_power_state,
    is_in_transition,
    provisioning_error,
    provisioning_times,
)
from azext_flexcompare.planning.work import Work
from azext_flexcompare.scheduler.outcome import Error
from azext_flexcompare.scheduler.poller import Failure, NotAccepted, OutcomeCheck, Poll, Unanswered
from azext_flexcompare.table.entries import Operation

GRACE = 2.0  # seconds in which a request that was sent may still arrive
SHOWN_IN_PROGRESS = "Its own state shows it in progress; the service's answer was lost."
SHOWN_ENDED = "Its own state shows the end; the service's answer was lost."
REPEATABLE = ("DELETE", "PUT")  # methods that may be sent twice (RFC 9110, 9.2.2)


@dataclass(eq=False)
class InstanceCheck:
    """Polls of one instance that find out what became of a request; `before` are its provisioning times before it."""

    azure: Azure
    operation: Operation
    instance: Instance
    before: Sequence[str]
    cause: Error
    accepted: bool = False
    reason: str | None = None
    began: float | None = None

    def poll(self) -> Poll:
        """Read the instance once; see OutcomeCheck."""
        return Poll(self._check())

    def _check(self) -> bool:
        if not self.operation.is_long:
            raise NotAccepted(self.cause)  # it leaves no trace, and may be sent twice
        self.began = self.began or monotonic()
        after = self._read()
        if after is None:
            return self._gone()
        if is_in_transition(after):
            self.accepted, self.reason = True, SHOWN_IN_PROGRESS
            return False
        if not self.before or not provisioning_times(after):
            raise Failure(self.cause)  # nothing to compare
        if list(self.before) != provisioning_times(after):
            return self._ended(after)
        if self.accepted:
            raise Failure(self.cause)
        if monotonic() - self.began < GRACE:
            raise Unanswered
        raise NotAccepted(self.cause)

    def _read(self) -> Instance | None:
        try:
            return read_instance(self.azure, self.instance).instance
        except Failure as failure:
            raise Failure(self.cause) from failure  # an instance that may not be read proves nothing

    def _gone(self) -> bool:
        self.reason = SHOWN_ENDED
        if self.operation.removes:
            return True
        raise Failure(INSTANCE_NOT_FOUND)

    def _ended(self, after: Instance) -> bool:
        self.reason = SHOWN_ENDED
        error = provisioning_error(after)
        target = self.operation.powerState
        if error is None and (self.operation.removes or not (target is None or is_in_power_state(after, target))):
            error = Error("NotEstablished", describe_state(after))
        if error:
            raise Failure(error)
        return True


def can_be_resolved(operation: Operation) -> bool:
    """Check whether an instance shows that an operation was accepted, or the operation may be sent twice."""
    return operation.target != "set" and (operation.is_long or operation.method in REPEATABLE)


def resolve_unknown(
    azure: Azure, operation: Operation, work: Work, failure: Failure, accepted: bool
) -> OutcomeCheck | None:
    """Return the check that finds out what became of a call, where a failure leaves that unknown."""
    accepted = accepted or isinstance(failure, OperationNotFound)
    unknown = isinstance(failure, OperationNotFound if accepted else Unacknowledged)
    if not unknown or len(work.instances) != 1 or not can_be_resolved(operation):
        return None
    (instance,) = work.instances
    before = provisioning_times(instance) if work.before is None else work.before
    return InstanceCheck(azure, operation, instance, before, cause=failure.error, accepted=accepted)
