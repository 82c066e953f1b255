"""Calls of `--engine set`: one for the chosen instances of each scale set.

A call has one outcome. The outcome of each instance is read from the list of the VMs of the set afterwards.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from azure.cli.core.azclierror import AzCLIError

from azext_flexcompare.arm.calls import call_sdk
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.scale_sets import Reader, list_members
from azext_flexcompare.instances import (
    Instance,
    by_set,
    describe_state,
    is_in_power_state,
    provisioning_error,
    provisioning_times,
)
from azext_flexcompare.planning.adapters import arguments_of
from azext_flexcompare.planning.work import Options, Prepare, Work, share_outcome
from azext_flexcompare.scheduler.outcome import Error, Outcome, Status
from azext_flexcompare.scheduler.poller import Poller
from azext_flexcompare.table.entries import Operation

NOT_ESTABLISHED = "The call succeeded, but it could not be established that it did for this instance."
ERROR_OF_CALL = "The error is that of the whole call; the outcome of this instance is not known."
ENDED = (Status.SUCCEEDED, Status.FAILED, Status.TIMED_OUT)
FINAL_STATES = ("Succeeded", "Failed")


def set_preparer(operation: Operation, options: Options, azure: Azure) -> Prepare:
    """Return what prepares one call for the chosen instances of each scale set."""
    arguments, settle = arguments_of(operation, options), partial(_instance_outcomes, operation, azure)

    def prepare(instances: list[Instance]) -> list[Work]:
        return [
            Work(group, partial(_send, operation, azure, arguments, group), settle)
            for group in by_set(instances).values()
        ]

    return prepare


def instance_outcome(operation: Operation, one: Outcome[Instance], after: Instance | None) -> Outcome[Instance]:
    """Return the outcome of an instance, by that of its call and its state in the list afterwards."""
    before, succeeded = one.target, one.status == Status.SUCCEEDED
    own = provisioning_error(after) if succeeded or _changed(before, after) else None
    if own:
        return replace(one, status=Status.FAILED, error=own)
    if _is_as_expected(operation, one, after):
        return replace(one, status=Status.SUCCEEDED, error=None)
    if succeeded:
        error = Error("NotEstablished", describe_state(after))
        return replace(one, status=Status.FAILED, error=error, reason=NOT_ESTABLISHED)
    return replace(one, reason=ERROR_OF_CALL)


def _send(operation: Operation, azure: Azure, arguments: Options, group: list[Instance]) -> Poller:
    entry = _entry(operation)
    body = {**arguments.get("parameters", {}), "instanceIds": [instance.name for instance in group]}
    others = {key: value for key, value in arguments.items() if key != "parameters"}
    return call_sdk(azure, group[0].scale_set, entry["call"], {**others, entry.get("body", "vm_instance_i_ds"): body})


def _entry(operation: Operation) -> dict[str, Any]:
    entry: dict[str, Any] = (operation.engines or {})["set"]
    return entry


def _instance_outcomes(operation: Operation, azure: Azure, outcome: Outcome[Work]) -> list[Outcome[Instance]]:
    shared = share_outcome(outcome)
    refused = outcome.status == Status.FAILED and outcome.url is None  # then the list shows nothing of this call
    if outcome.status not in ENDED or refused:
        return shared
    try:
        reader = Reader(azure.compute, operation.name)
        members = {one.id.lower(): one for one in list_members(reader, outcome.target.instances[0].scale_set)}
    except AzCLIError as error:
        return [_unlisted(one, error) for one in shared]
    return [instance_outcome(operation, one, members.get(one.target.id.lower())) for one in shared]


def _unlisted(one: Outcome[Instance], error: AzCLIError) -> Outcome[Instance]:
    status = Status.FAILED if one.status == Status.SUCCEEDED else one.status
    message = f"The outcome of this instance could not be established: {error}"
    return replace(one, status=status, error=one.error or Error("NotEstablished", message), reason=message)


def _is_as_expected(operation: Operation, one: Outcome[Instance], after: Instance | None) -> bool:
    """Return whether an instance is in the state that the operation leads to, or at least shows a change."""
    if operation.removes:
        return after is None
    if after is None or after.provisioning_state not in FINAL_STATES:
        return False
    if operation.powerState:
        return is_in_power_state(after, operation.powerState)
    return _changed(one.target, after) or (_entry(operation).get("mayKeep", False) and one.status == Status.SUCCEEDED)


def _changed(before: Instance, after: Instance | None) -> bool:
    return after is not None and provisioning_times(before) != provisioning_times(after)
