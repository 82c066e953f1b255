"""Calls of `--engine set`: one for the chosen instances of each scale set.

A call has one outcome. The outcome of each instance is read from the list of the VMs of the set afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from azure.cli.core.azclierror import AzCLIError

from azext_flexcompare.arm.calls import call_sdk
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.instance_polling import read_instance
from azext_flexcompare.arm.responses import Unacknowledged
from azext_flexcompare.arm.service_clock import is_later
from azext_flexcompare.instances import (
    DEALLOCATED,
    Instance,
    ResourceId,
    by_set,
    describe_state,
    is_in_power_state,
    is_in_transition,
    is_replaced,
    provisioning_error,
    provisioning_times,
    was_deallocated,
    why_absent,
)
from azext_flexcompare.planning.adapters import arguments_of
from azext_flexcompare.planning.listed_end import ListedEnd
from azext_flexcompare.planning.refused_call import settle_refused
from azext_flexcompare.planning.work import Options, Prepare, Work, share_outcome
from azext_flexcompare.scheduler.outcome import Error, Outcome, Status
from azext_flexcompare.scheduler.poller import Failure, Poller, Throttled, Unanswered
from azext_flexcompare.table.entries import Operation

NOT_ESTABLISHED = "The call succeeded, but it could not be established that it did for this instance."
ERROR_OF_CALL = "The error is that of the whole call; the outcome of this instance is not known."
LOST_IN_PROGRESS = (
    "The service's answer was lost; the instance shows an operation in progress, and nothing shows its end."
)
LOST_UNCHANGED = "The service's answer was lost; the instance shows no change, and the call may have been accepted."
LOST_UNREADABLE = (
    "The service's answer was lost, and the instances cannot be listed to find out what became of the call."
)
ENDED_CALL = (Status.SUCCEEDED, Status.FAILED, Status.TIMED_OUT)
FINAL_STATES = ("Succeeded", "Failed")


def set_preparer(operation: Operation, options: Options, azure: Azure) -> Prepare:
    """Return what prepares one call for the chosen instances of each scale set."""
    arguments = arguments_of(operation, options)

    def prepare(instances: list[Instance]) -> list[Work]:
        calls = [SetCall(operation, azure, arguments, group) for group in by_set(instances).values()]
        return [Work(call.instances, call.send, call.settle, prepare=prepare) for call in calls]

    return prepare


@dataclass(eq=False)
class SetCall:
    """One call for several instances of a scale set; `since` is the service's time just before it."""

    operation: Operation
    azure: Azure
    arguments: Options
    instances: list[Instance]
    since: datetime | None = None
    end: ListedEnd | None = None
    lost: bool = False  # whether no answer says that the call was accepted

    def send(self) -> Poller:
        """Send the call."""
        first, entry = self.instances[0], _entry(self.operation)
        self.since = self.azure.now(first.subscription)
        ids = {"instanceIds": [instance.name for instance in self.instances]}
        body = {**self.arguments.get("parameters", {}), **ids}
        others = {key: value for key, value in self.arguments.items() if key != "parameters"}
        arguments = {**others, entry.get("body", "vm_instance_i_ds"): body}
        self.end = ListedEnd(self.operation, self.azure, first)
        self.lost = False
        try:
            return self.end.watch(call_sdk(self.azure, first.scale_set, entry["call"], arguments))
        except Unacknowledged:
            self.lost = True
            raise

    def settle(self, outcome: Outcome[Work]) -> list[Outcome[Instance] | Work]:
        """Return the outcome of each instance."""
        alone = len(self.instances) == 1
        known = {one.id: Before(provisioning_times(one), self.since, alone) for one in self.instances}
        if self.lost and outcome.status == Status.TIMED_OUT:
            return settle_lost(self.operation, self.azure, known, outcome)
        return settle_by_list(self.operation, self.azure, known, outcome, end=self.end)


class Before(NamedTuple):
    """What is known of an instance before its call: its provisioning times, and a time of the service."""

    times: Sequence[str]
    since: datetime | None = None
    alone: bool = False  # whether the call was for this instance only


def instance_outcome(
    operation: Operation, one: Outcome[Instance], found: Instance | None, before: Before
) -> Outcome[Instance]:
    """Return the outcome of an instance, by that of its call and the machine of its name in the list afterwards."""
    after = None if found is None or is_replaced(one.target.vm_id, found.vm_id) else found
    own = provisioning_error(after) if _changed(before, after) else None
    if own:
        return replace(one, status=Status.FAILED, error=own)
    if after is None and not operation.removes:
        return replace(one, status=Status.SKIPPED, error=None, reason=why_absent(one.target, found))
    if after is not None and _was_taken_back(operation, one.target, after):
        return replace(one, status=Status.SKIPPED, error=None, reason=DEALLOCATED)
    if _is_as_expected(operation, one, after, before):
        return replace(one, status=Status.SUCCEEDED, error=None)
    if one.status == Status.SUCCEEDED:
        error = Error("NotEstablished", describe_state(after))
        return replace(one, status=Status.TIMED_OUT, error=error, reason=NOT_ESTABLISHED)
    # The service says of the whole call that it failed: that is about the instance only where it is the only one.
    failed = one.status == Status.FAILED and not before.alone
    return replace(one, status=Status.TIMED_OUT if failed else one.status, reason=ERROR_OF_CALL)


def _entry(operation: Operation) -> dict[str, Any]:
    entry: dict[str, Any] = (operation.engines or {})["set"]
    return entry


def settle_by_list(
    operation: Operation,
    azure: Azure,
    before: Mapping[ResourceId, Before],
    outcome: Outcome[Work],
    *,
    end: ListedEnd | None = None,
) -> list[Outcome[Instance] | Work]:
    """Return the outcome of each instance of a call, by the list of the set's instances after its end."""
    shared = share_outcome(outcome)
    accepted = outcome.status == Status.SUCCEEDED or outcome.url is not None
    if outcome.status not in ENDED_CALL:
        return [*shared]
    if not accepted:  # the list shows nothing of a call that was not accepted, but who is still there
        return settle_refused(operation, azure, outcome)
    try:
        members = (end or ListedEnd(operation, azure, outcome.target.instances[0])).members()
    except AzCLIError:  # a role may read each instance and not the list
        return [_read_outcome(operation, azure, one, before[one.target.id]) for one in shared]
    return [instance_outcome(operation, one, members.get(one.target.id), before[one.target.id]) for one in shared]


def settle_lost(
    operation: Operation, azure: Azure, before: Mapping[ResourceId, Before], outcome: Outcome[Work]
) -> list[Outcome[Instance] | Work]:
    """Return the outcome of each instance of a call whose answer was lost, by what the set's list shows after it."""
    shared = share_outcome(outcome)
    try:
        members = ListedEnd(operation, azure, outcome.target.instances[0]).members()
    except AzCLIError:
        return [replace(one, reason=LOST_UNREADABLE) for one in shared]
    return [lost_outcome(operation, one, members.get(one.target.id), before[one.target.id]) for one in shared]


def lost_outcome(
    operation: Operation, one: Outcome[Instance], found: Instance | None, before: Before
) -> Outcome[Instance]:
    """Return the outcome of an instance of a call whose answer was lost; only a later change says anything of it."""
    if found is None or is_replaced(one.target.vm_id, found.vm_id):
        return instance_outcome(operation, one, found, before)
    if is_in_transition(found):
        return replace(one, reason=LOST_IN_PROGRESS)
    if before.since is None or not _changed(before, found):
        return replace(one, reason=LOST_UNCHANGED)
    return instance_outcome(operation, one, found, before)


def _was_taken_back(operation: Operation, before: Instance, after: Instance) -> bool:
    return not operation.deallocatedToo and operation.powerState != "deallocated" and was_deallocated(before, after)


def _read_outcome(operation: Operation, azure: Azure, one: Outcome[Instance], before: Before) -> Outcome[Instance]:
    """Return the outcome of an instance by reading it alone; where it cannot be read, its outcome is unknown."""
    try:
        after = read_instance(azure, one.target).instance
        return instance_outcome(operation, one, after, before)
    except (Failure, Throttled, Unanswered) as error:
        status = Status.TIMED_OUT if one.status == Status.SUCCEEDED else one.status
        message = f"The outcome of this instance could not be read: {error}"
        return replace(one, status=status, error=one.error or Error("NotEstablished", message), reason=message)


def _is_as_expected(operation: Operation, one: Outcome[Instance], after: Instance | None, before: Before) -> bool:
    """Return whether an instance is in the state that the operation leads to, or at least shows a change."""
    if operation.removes:
        return after is None
    if after is None or after.provisioning_state not in FINAL_STATES or provisioning_error(after):
        return False
    if operation.powerState:
        return is_in_power_state(after, operation.powerState)
    return _changed(before, after) or (_entry(operation).get("mayKeep", False) and one.status == Status.SUCCEEDED)


def _changed(before: Before, after: Instance | None) -> bool:
    times = provisioning_times(after) if after else list(before.times)
    return list(before.times) != times and is_later(times, before.since)
