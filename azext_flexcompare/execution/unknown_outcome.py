"""What became of a request that was never answered, or of an operation whose record is gone?

The instance tells. A POST is sent again only where the instance shows that the first was never accepted.
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
    is_in_transition,
    provisioning_error,
    provisioning_times,
)
from azext_flexcompare.planning.work import Work
from azext_flexcompare.scheduler.outcome import Error
from azext_flexcompare.scheduler.poller import Failure, NotAccepted, OutcomeCheck, Poll, Unanswered
from azext_flexcompare.table.entries import Operation

GRACE = 2.0  # seconds in which a request that was sent may still arrive


SHOWN_UNDER_WAY = "Its own state shows it under way; the service's answer was lost."


SHOWN_ENDED = "Its own state shows the end; the service's answer was lost."


REPEATABLE = ("DELETE", "PUT")  # methods that may be sent twice (RFC 9110, 9.2.2)


@dataclass(eq=False)
class InstanceCheck:
    """The looks at one instance that settle what became of a request; `before` are its times when it was chosen."""

    azure: Azure
    operation: Operation
    instance: Instance
    before: Sequence[str]
    doubt: Error
    accepted: bool = False
    reason: str | None = None
    began: float | None = None

    def poll(self) -> Poll:
        """Read the instance once; see OutcomeCheck."""
        return Poll(self._check())

    def _check(self) -> bool:
        if not self.operation.is_long:
            raise NotAccepted(self.doubt)  # it leaves no trace, and does no harm twice
        self.began = self.began or monotonic()
        after = self._read()
        if after is None:
            return self._gone()
        if is_in_transition(after):
            self.accepted, self.reason = True, SHOWN_UNDER_WAY
            return False
        if not self.before or not provisioning_times(after):
            raise Failure(self.doubt)  # nothing to compare
        if list(self.before) != provisioning_times(after):
            return self._ended(after)
        if self.accepted:
            raise Failure(self.doubt)
        if monotonic() - self.began < GRACE:
            raise Unanswered
        raise NotAccepted(self.doubt)

    def _read(self) -> Instance | None:
        try:
            return read_instance(self.azure, self.instance).instance
        except Failure as failure:
            raise Failure(self.doubt) from failure  # an instance that may not be read tells nothing

    def _gone(self) -> bool:
        self.reason = SHOWN_ENDED
        if self.operation.removes:
            return True
        raise Failure(INSTANCE_NOT_FOUND)

    def _ended(self, after: Instance) -> bool:
        self.reason = SHOWN_ENDED
        error = provisioning_error(after)
        if error is None and (self.operation.removes or self.operation.powerState not in (None, after.power_state)):
            error = Error("NotEstablished", describe_state(after))
        if error:
            raise Failure(error)
        return True


def can_be_settled(operation: Operation) -> bool:
    """Say whether an instance shows that an operation was accepted, or the operation does no harm twice."""
    method = operation.request.partition(" ")[0]
    return "{vm}" in operation.request and (operation.is_long or method in REPEATABLE)


class ResolveUnknown:
    """Asks the instance where a failure leaves open what became of an operation."""

    def __init__(self, azure: Azure, operation: Operation) -> None:
        self.azure, self.operation = azure, operation

    def __call__(self, work: Work, failure: Failure, accepted: bool, /) -> OutcomeCheck | None:
        """Give the question to ask, if there is one."""
        accepted = accepted or isinstance(failure, OperationNotFound)
        in_doubt = isinstance(failure, OperationNotFound if accepted else Unacknowledged)
        if not in_doubt or len(work.instances) != 1 or not can_be_settled(self.operation):
            return None
        (instance,) = work.instances
        before = provisioning_times(instance) if work.before is None else work.before
        return InstanceCheck(self.azure, self.operation, instance, before, failure.error, accepted)
