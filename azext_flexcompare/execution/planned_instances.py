"""The instances of a plan, as the plan has them and as they are now."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from http import HTTPStatus

from azure.cli.core.azclierror import AzureResponseError, ResourceNotFoundError
from knack.log import get_logger

from azext_flexcompare.arm.errors import error_of
from azext_flexcompare.arm.paced_reads import Turns, read_all, read_in_turns
from azext_flexcompare.arm.scale_sets import (
    Reader,
    list_in_turns,
    parse_id,
    read_scale_set,
    read_vm,
)
from azext_flexcompare.instances import (
    DELETING,
    GONE,
    REPLACED,
    Instance,
    ResourceId,
    ScaleSet,
    is_deleting,
    is_replaced,
    last_name,
)
from azext_flexcompare.joblog.records import Record
from azext_flexcompare.joblog.replay import LoggedRun
from azext_flexcompare.joblog.values import read_text

SET_GONE = ("ResourceNotFound", "ResourceGroupNotFound", "NotFound", "HTTP404")


def reread_instances(reader: Reader, logged_run: LoggedRun) -> dict[ResourceId, Instance]:
    """Read the sets of a plan again, and return its instances by id; one that has left has no resource.

    A scale set that no longer exists takes only its own instances along.
    """
    found = reread(reader, [logged.planned for logged in logged_run.instances.values()])
    return dict(zip(logged_run.instances, found, strict=True))


def reread(reader: Reader, planned: Sequence[Record]) -> list[Instance]:
    """Read planned instances again, in their order; see reread_instances."""
    sets = list(dict.fromkeys(ResourceId(one["scaleSetId"]) for one in planned))
    listed = read_in_turns(partial(_list_planned, reader), sets)
    members = {one.id: one for found in listed if isinstance(found, list) for one in found}
    hidden = {found.id: found for found in listed if isinstance(found, ScaleSet)}
    alone = [one for one in planned if ResourceId(one["scaleSetId"]) in hidden]
    for machine in read_all(lambda one: read_vm(reader, one["id"]), alone):
        if machine and (scale_set := hidden.get(ResourceId(machine.scale_set_id))):
            members[ResourceId(machine.id)] = machine.instance(scale_set)
    return [_reread(members.get(ResourceId(one["id"])), one) for one in planned]


def planned_instance(planned: Record) -> Instance:
    """Return an instance as a plan has it, without its resource."""
    return _missing(planned, planned_scale_set(planned["scaleSetId"]))


def planned_scale_set(id_: str) -> ScaleSet:
    """Return a scale set by its id alone."""
    parts = parse_id(id_)
    return ScaleSet(parts["subscription"], parts["resource_group"], parts["name"], ResourceId(id_))


def why_missing(instance: Instance) -> str | None:
    """Return why an instance of a plan is not there to act on, or None."""
    if instance.resource is None:
        return REPLACED if instance.provisioning_state == REPLACED else GONE
    return DELETING if is_deleting(instance) else None


def _list_planned(reader: Reader, id_: ResourceId) -> Turns[list[Instance] | ScaleSet]:
    """List the members of a set, or return the set where it may not be listed."""
    parts = parse_id(id_)
    try:
        scale_set = read_scale_set(reader, parts["subscription"], parts["resource_group"], parts["name"])
    except ResourceNotFoundError as error:
        if body_error_code(error) not in SET_GONE:
            raise
        get_logger(__name__).warning("%s no longer exists, and neither do its instances.", last_name(id_))
        return []
    except AzureResponseError as error:
        _require_forbidden(error)
        scale_set = planned_scale_set(id_)
    yield
    try:
        return (yield from list_in_turns(reader, scale_set))
    except AzureResponseError as error:
        _require_forbidden(error)
        return scale_set


def _require_forbidden(error: AzureResponseError) -> None:
    """Raise an error again, unless it is that the role lacks a right."""
    if getattr(error.__cause__, "status_code", None) != HTTPStatus.FORBIDDEN:
        raise error


def body_error_code(error: BaseException) -> str:
    """Return the code of the service's answer that an error of the CLI was raised for."""
    return error_of(error.__cause__).code if error.__cause__ else ""


def _reread(found: Instance | None, planned: Record) -> Instance:
    if found is None:
        return planned_instance(planned)
    if is_replaced(read_text(planned.get("vmId")), found.vm_id):
        return planned_instance(planned)._replace(provisioning_state=REPLACED)
    return found


def _missing(planned: Record, scale_set: ScaleSet) -> Instance:
    return Instance(
        ResourceId(planned["id"]),
        planned["instance"],
        scale_set,
        planned["zone"],
        fault_domain=planned["faultDomain"],
        power_state=None,
        tags={},
        provisioning_state=None,
        size=None,
        location=planned["location"],
        resource=None,
        vm_id=read_text(planned.get("vmId")),
    )
