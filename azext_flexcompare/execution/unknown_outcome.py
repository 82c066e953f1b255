"""The outcome of a request that was never answered, or of an operation that Azure does not show.

The instance is asked. What it shows counts only if it is later than the request by the service's own clock. A POST is
sent again only where the instance shows that the first was never accepted, and where that is known to be shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any, NoReturn

from azure.core.exceptions import ResourceNotFoundError

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.instance_polling import Reading, read_instance
from azext_flexcompare.arm.responses import NO_RETRY, OperationUnreadable, Unacknowledged, poll_errors
from azext_flexcompare.arm.service_clock import CLOCK_SLACK, is_later
from azext_flexcompare.instances import (
    DEALLOCATED,
    Instance,
    describe_state,
    is_in_power_state,
    is_in_transition,
    provisioning_error,
    provisioning_times,
    was_deallocated,
)
from azext_flexcompare.planning.work import Work
from azext_flexcompare.scheduler.outcome import Error
from azext_flexcompare.scheduler.poller import (
    Departed,
    Failure,
    NotAccepted,
    OutcomeCheck,
    OutcomeUnknown,
    Poll,
    Poller,
    Unanswered,
)
from azext_flexcompare.table.entries import Operation

GRACE = 2.0  # seconds in which a request that was sent may still arrive
ACCEPTED_GRACE = 30.0  # seconds in which an accepted operation may begin
SHOWN_IN_PROGRESS = "Its own state shows it in progress; the service's answer was lost."
SHOWN_ENDED = "Its own state shows the end; the service's answer was lost."
UNREADABLE_IN_PROGRESS = "Its own state shows it in progress; the operation itself may not be read."
UNREADABLE_ENDED = "Its own state shows the end; the operation itself may not be read."
NOTHING_SHOWN = "Its own state shows no trace of the request, which may have been accepted; it is not sent again."
TOO_LATE = (
    "Its own state shows a change, so long after the request that it may be another client's; it is not sent again."
)
NO_PART = "The instance does not have what the request was to set; nothing shows what became of the operation."
NOT_READABLE = "The instance cannot be read to find out what became of the request."
EXTENSION = "extension"
PARTS = {"/extensions/": EXTENSION, "/runCommands/": "run command"}  # by a part of the path of the request
REPEATABLE = ("DELETE", "PUT", "PATCH")  # methods of requests that lead to the same state if they are sent twice
# POSTs after which an instance is known to show a new time (recorded for all of these), so that an old one proves that
# the request was not accepted. Nothing is recorded of the others.
LEAVES_TRACE = ("start", "stop", "power-off", "restart", "redeploy", "deallocate")


@dataclass(eq=False)
class InstanceCheck:
    """Polls of one instance that find out what became of a request; `before` are its provisioning times before it.

    `sent` is a time of the service before the request, where one is known. What the instance shows after `until` may
    be another client's: the request may never have been sent.
    """

    azure: Azure
    operation: Operation
    instance: Instance
    before: Sequence[str]
    cause: Error
    accepted: bool = False
    sent: datetime | None = None
    until: datetime | None = None
    patient: bool = False
    extension: str | None = None
    unreadable: bool = False
    reason: str | None = None
    began: float | None = None
    latest: Sequence[str] = field(default_factory=list)

    def poll(self) -> Poll:
        """Read the instance once; see OutcomeCheck."""
        return Poll(self._check())

    def _check(self) -> bool:
        if not self.operation.is_long:
            raise NotAccepted(self.cause)  # it leaves no trace, and may be sent twice
        self.began = self.began or monotonic()
        reading = self._read()
        after = reading.instance
        if after is None:
            return self._gone(reading.absence)
        self.latest = provisioning_times(after)
        if is_in_transition(after):
            self._note_transition()
            return False
        if not self.before or not self.latest:
            raise OutcomeUnknown(self.cause, NOTHING_SHOWN)  # nothing to compare
        if list(self.before) == self.latest or not is_later(self.latest, self.sent):
            return self._not_shown()
        if self._is_too_late(self.latest) and not self._is_as_asked(after):
            self.reason = None
            raise OutcomeUnknown(self.cause, TOO_LATE)
        return self._ended(after)

    def _note_transition(self) -> None:
        now = self.azure.now(self.instance.subscription) if self.until else None
        if not (now and self._is_too_late([str(now)])):
            self.accepted, self.reason = True, UNREADABLE_IN_PROGRESS if self.unreadable else SHOWN_IN_PROGRESS

    def _is_too_late(self, times: Sequence[str]) -> bool:
        """Check whether what the instance shows may be another client's."""
        return not self.accepted and self.until is not None and is_later(times, self.until + 2 * CLOCK_SLACK)

    def _is_as_asked(self, after: Instance) -> bool:
        """Check whether an instance is in the power state that was asked for, whatever led it there."""
        target = self.operation.powerState
        return target is not None and is_in_power_state(after, target) and provisioning_error(after) is None

    @property
    def _shown_ended(self) -> str:
        return UNREADABLE_ENDED if self.unreadable else SHOWN_ENDED

    def _not_shown(self) -> bool:
        assert self.began is not None  # noqa: S101
        if self.patient or monotonic() - self.began < (ACCEPTED_GRACE if self.accepted else GRACE):
            raise Unanswered
        if self.accepted or (self.operation.method not in REPEATABLE and self.operation.name not in LEAVES_TRACE):
            self.reason = None
            raise OutcomeUnknown(self.cause, NOTHING_SHOWN)
        raise NotAccepted(self.cause)

    def _read(self) -> Reading:
        try:
            return read_instance(self.azure, self.instance)
        except Failure as failure:  # an instance that may not be read proves nothing
            raise OutcomeUnknown(self.cause, NOT_READABLE) from failure

    def _gone(self, why: str) -> bool:
        self.reason = self._shown_ended
        if self.operation.removes:
            return True
        raise Departed(why)

    def _ended(self, after: Instance) -> bool:
        if was_deallocated(self.instance, after) and self.operation.powerState != "deallocated":
            return self._deallocated(after)
        error = provisioning_error(after)
        if error is None and self._part:
            error = self._part_error(self.extension)
        if error:
            self.reason = self._shown_ended
            raise Failure(error)
        target = self.operation.powerState
        if self.operation.removes or not (target is None or is_in_power_state(after, target)):
            raise OutcomeUnknown(Error("NotEstablished", describe_state(after)), self._shown_ended)
        self.reason = self._shown_ended
        return True

    def _deallocated(self, after: Instance) -> bool:
        """Raise Departed for an operation that needs an allocated instance, for others that nothing shows its end."""
        if not self.operation.deallocatedToo:
            raise Departed(DEALLOCATED)
        raise OutcomeUnknown(Error("NotEstablished", describe_state(after)), DEALLOCATED)

    @property
    def _part(self) -> str:
        """Return what the request was about, if it is a part of the instance that is read by itself."""
        return next((name for path, name in PARTS.items() if path in self.operation.request), "")

    def _part_error(self, name: str | None) -> Error | None:
        """Return the error of the extension or run command of the request; its VM is Succeeded in any case."""
        if name is None:
            raise OutcomeUnknown(self.cause, NOTHING_SHOWN)
        found = self._read_part(name)
        deletes = self.operation.request.startswith("DELETE")
        if found is None:
            return None if deletes else self._raise_missing()
        state = found.provisioning_state or "unknown"
        if state.lower() in ("creating", "updating", "deleting"):
            raise Unanswered
        if deletes or state != "Succeeded":
            if state == "Failed":
                return Error("Failed", f"The provisioningState of {self._part} {name} is Failed.")
            shown = f"The provisioningState of {self._part} {name} is {state}; nothing shows it done."
            raise OutcomeUnknown(Error("NotEstablished", shown), self._shown_ended)
        return None

    def _raise_missing(self) -> NoReturn:
        """Raise what a missing extension or run command shows: no request that was accepted would have left none."""
        if self.accepted:
            raise OutcomeUnknown(self.cause, NO_PART)
        raise NotAccepted(self.cause)

    def _read_part(self, name: str) -> Any:
        compute = self.azure.compute(self.instance.subscription)
        commands, extensions = compute.virtual_machine_run_commands, compute.virtual_machine_extensions
        get = extensions.get if self._part == EXTENSION else commands.get_by_virtual_machine
        try:
            with poll_errors():
                try:
                    return get(self.instance.resource_group, self.instance.name, name, **NO_RETRY)
                except ResourceNotFoundError:
                    return None
        except Failure as failure:
            raise OutcomeUnknown(self.cause, NOT_READABLE) from failure


def can_be_resolved(operation: Operation) -> bool:
    """Check whether an instance shows what became of an operation, or the operation may be sent twice.

    What an operation returned is shown nowhere else, and without it none has succeeded.
    """
    if operation.target == "set" or operation.returns:
        return False
    return operation.is_long or operation.method in REPEATABLE


class UnknownOutcomes:
    """The calls of one batch as they are sent, and the checks of those whose outcome is unknown."""

    def __init__(self, azure: Azure, operation: Operation) -> None:
        self.azure, self.operation = azure, operation
        self._sent: dict[int, tuple[datetime | None, datetime | None]] = {}
        self._checks: dict[int, InstanceCheck] = {}

    def send(self, work: Work) -> Poller:
        """Make a call, after noting the service's time."""
        earlier = work.sent and id(work) not in self._sent  # an earlier run made it, at a time of its own
        now = None if earlier else self.azure.now(work.instances[0].subscription)
        self._sent[id(work)] = (work.since, work.until) if earlier else (now, None)
        return work.call()  # type: ignore[operator]  # instances without a call have been set apart

    def resolve(self, work: Work, failure: Failure, accepted: bool) -> OutcomeCheck | None:
        """Return the check that finds out what became of a call, where a failure leaves that unknown."""
        accepted = accepted or isinstance(failure, OperationUnreadable)
        unknown = isinstance(failure, OperationUnreadable if accepted else Unacknowledged)
        if not unknown or len(work.instances) != 1 or not can_be_resolved(self.operation):
            return None
        (instance,) = work.instances
        before = provisioning_times(instance) if work.before is None else work.before
        earlier = self._checks.get(id(work))
        sent, until = self._sent.get(id(work), (None, None))
        check = InstanceCheck(
            self.azure,
            self.operation,
            instance,
            before=earlier.latest if earlier and earlier.latest else before,
            cause=failure.error,
            accepted=accepted,
            sent=sent,
            until=until,
            patient=work.patient,
            extension=work.extension,
            unreadable=isinstance(failure, OperationUnreadable) and failure.reason is not None,
        )
        self._checks[id(work)] = check
        return check
