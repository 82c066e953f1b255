"""A call for many instances that Azure refused, perhaps because some of them are no longer there."""

from __future__ import annotations

from azure.cli.core.azclierror import AzCLIError

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.scale_sets import Reader, list_members
from azext_flexcompare.instances import Instance, ResourceId, why_absent
from azext_flexcompare.planning.work import Work, share_outcome
from azext_flexcompare.scheduler.outcome import Outcome, Status
from azext_flexcompare.table.entries import Operation


def settle_refused(operation: Operation, azure: Azure, outcome: Outcome[Work]) -> list[Outcome[Instance] | Work]:
    """Return the outcomes of a call; where Azure refused it, the call for the instances that are still there."""
    shared, prepare = share_outcome(outcome), outcome.target.prepare
    if outcome.status != Status.FAILED or outcome.url is not None or prepare is None:
        return [*shared]
    try:
        members = read_members(operation, azure, outcome.target.instances[0])
    except AzCLIError:  # the list tells nothing, and the error stays
        return [*shared]
    absent = {one.target.id: why for one in shared if (why := why_absent(one.target, members.get(one.target.id)))}
    if not absent:
        return [*shared]
    left = [one for one in outcome.target.instances if one.id not in absent]
    gone = [one for one in outcome.target.instances if one.id in absent]
    return [
        *(Outcome(one, Status.SKIPPED, reason=absent[one.id]) for one in gone),
        *(prepare(left) if left else ()),
    ]


def read_members(operation: Operation, azure: Azure, one: Instance) -> dict[ResourceId, Instance]:
    """Return the instances that the scale set of an instance has now, by id."""
    return {found.id: found for found in list_members(Reader(azure.compute, operation.name), one.scale_set)}
