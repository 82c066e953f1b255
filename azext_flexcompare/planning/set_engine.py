"""How is an operation sent to many instances in one call of their set, and what became of each of them?

The call has one end for all. What became of each instance is read from the list of the set's VMs afterwards.
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

UNSEEN = "The call succeeded as a whole; that it did so for this instance could not be established."
OF_ALL = "The error is that of the whole call; what became of this instance is not known."
ENDED = (Status.SUCCEEDED, Status.FAILED, Status.TIMED_OUT)
AT_REST = ("Succeeded", "Failed")


def preparer(operation: Operation, options: Options, azure: Azure) -> Prepare:
    """Name the chosen instances of each set in one call of the set."""
    arguments = arguments_of(operation, options)

    def prepare(instances: list[Instance]) -> list[Work]:
        return [
            Work(group, partial(_send, operation, azure, arguments, group), partial(_establish, operation, azure))
            for group in by_set(instances).values()
        ]

    return prepare


def judge(operation: Operation, one: Outcome[Instance], after: Instance | None) -> Outcome[Instance]:
    """Settle the outcome of an instance, which is that of the whole call, by how it stands in the list afterwards."""
    before, succeeded = one.target, one.status == Status.SUCCEEDED
    own = provisioning_error(after) if succeeded or _changed(before, after) else None
    if own:
        return replace(one, status=Status.FAILED, error=own)
    if _is_well(operation, one, after):
        return replace(one, status=Status.SUCCEEDED, error=None)
    if succeeded:
        return replace(one, status=Status.FAILED, error=Error("NotEstablished", describe_state(after)), reason=UNSEEN)
    return replace(one, reason=OF_ALL)


def _send(operation: Operation, azure: Azure, arguments: Options, group: list[Instance]) -> Poller:
    way = _way(operation)
    body = {**arguments.get("parameters", {}), "instanceIds": [instance.name for instance in group]}
    others = {key: value for key, value in arguments.items() if key != "parameters"}
    return call_sdk(azure, group[0].scale_set, way["call"], {**others, way.get("body", "vm_instance_i_ds"): body})


def _way(operation: Operation) -> dict[str, Any]:
    way: dict[str, Any] = (operation.engines or {})["set"]
    return way


def _establish(operation: Operation, azure: Azure, outcome: Outcome[Work]) -> list[Outcome[Instance]]:
    of_all = share_outcome(outcome)
    refused = outcome.status == Status.FAILED and outcome.url is None  # then the list can say nothing of this call
    if outcome.status not in ENDED or refused:
        return of_all
    try:
        reader = Reader(azure.compute, operation.name)
        members = {one.id.lower(): one for one in list_members(reader, outcome.target.instances[0].scale_set)}
    except AzCLIError as error:
        return [_unlisted(one, error) for one in of_all]
    return [judge(operation, one, members.get(one.target.id.lower())) for one in of_all]


def _unlisted(one: Outcome[Instance], error: AzCLIError) -> Outcome[Instance]:
    status = Status.FAILED if one.status == Status.SUCCEEDED else one.status
    told = f"What became of this instance could not be established: {error}"
    return replace(one, status=status, error=one.error or Error("NotEstablished", told), reason=told)


def _is_well(operation: Operation, one: Outcome[Instance], after: Instance | None) -> bool:
    """Say whether an instance is where the operation leads, or at least shows that something was done to it."""
    way = _way(operation)
    if way.get("gone"):
        return after is None
    if after is None or after.provisioning_state not in AT_REST:
        return False
    if operation.powerState:
        return is_in_power_state(after, operation.powerState)
    return _changed(one.target, after) or (way.get("mayKeep", False) and one.status == Status.SUCCEEDED)


def _changed(before: Instance, after: Instance | None) -> bool:
    return after is not None and provisioning_times(before) != provisioning_times(after)
