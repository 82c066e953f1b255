"""The scale sets that were named, and their instances at this moment.

Reads through the compute API, which is strongly consistent; Resource Graph may be a minute old and is never acted on.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from azure.cli.core import azclierror
from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.mgmt.core.tools import parse_resource_id

from azext_flexcompare.arm.errors import cli_errors
from azext_flexcompare.arm.scale_sets import (
    SETS,
    VMS,
    Reader,
    instance_of,
    list_members,
    parse_id,
    read_scale_set,
    scale_set_id,
)
from azext_flexcompare.instances import Instance, ScaleSet
from azext_flexcompare.selection.selection import Choice

FORBIDDEN = 403
Members = dict[str, list[Instance]]


def read_scale_sets(reader: Reader, choice: Choice) -> tuple[list[ScaleSet], list[str]]:
    """Read the scale sets that a choice names by name or id, each once, and return the VM ids among its ids.

    Raises ResourceNotFoundError (exit status 3) for a set that does not exist, ValidationError for a Uniform one and
    for VMs that are in no set, InvalidArgumentValueError for what is no id of either.
    """
    if choice.ids is None:
        return [_read_set(reader, None, choice.resource_group or "", choice.scale_set or "")], []
    parsed = {one: parse_id(one) for one in choice.ids}
    sets = {}
    for one, parts in parsed.items():
        if _is_set(parts):
            sets[one.lower()] = _read_set(reader, parts["subscription"], parts["resource_group"], parts["name"])
    vms = [one for one, parts in parsed.items() if not _is_set(parts)]
    return list({found.id.lower(): found for found in sets.values()}.values()), vms


def find_members(reader: Reader, choice: Choice) -> tuple[list[Instance], Choice]:
    """List the members of every set that a choice touches, and return the choice with its ids turned into names.

    For VM ids one VM is read to learn which set it is in, and that set is listed, until every id is accounted for; so a
    hundred ids of one set cost two requests, and none of the set itself.
    """
    sets, vms = read_scale_sets(reader, choice)
    members: Members = {one.id.lower(): list_members(reader, one) for one in sets}
    whole = {set_id: [instance.id for instance in instances] for set_id, instances in members.items()}
    _add_sets_of_views(reader, vms, members)
    _add_sets_of_machines(reader, [vm for vm in vms if parse_id(vm)["type"].lower() == VMS], members)
    instances = [instance for found in members.values() for instance in found]
    if choice.ids is None:
        return instances, choice
    if choice.names is None or "*" in choice.names:
        in_order = [id_ for one in choice.ids for id_ in whole.get(one.lower(), [one])]
        return instances, choice._replace(names=tuple(in_order))
    return instances, choice._replace(names=(*choice.names, *vms))


def _is_set(parts: dict[str, str]) -> bool:
    return parts["type"].lower() == SETS and "child_type_1" not in parts


def _read_set(reader: Reader, subscription: str | None, group: str, name: str) -> ScaleSet:
    try:
        return read_scale_set(reader, subscription, group, name)
    except azclierror.ResourceNotFoundError as error:
        raise azclierror.ResourceNotFoundError(
            str(error), recommendation=_nearest(reader, subscription, group, name)
        ) from error


def _nearest(reader: Reader, subscription: str | None, group: str, name: str) -> str | None:
    """Return a recommendation with the scale sets, or the groups that have any, whose names are nearest."""
    try:
        sets = list(reader.client_of(subscription).virtual_machine_scale_sets.list_all())
    except AzureError:  # it would only have helped
        return None
    places = [(one.name, parse_resource_id(one.id)["resource_group"]) for one in sets]
    return _nearest_of(places, group, name)


def _nearest_of(places: list[tuple[str, str]], group: str, name: str) -> str | None:
    here = {one.lower(): one for one, place in places if place.lower() == group.lower()}
    elsewhere = sorted({place for one, place in places if one.lower() == name.lower()})
    groups = {place.lower(): place for _, place in places}
    if here:
        near = [here[one] for one in get_close_matches(name.lower(), here)]
        if near:
            return f"The nearest scale sets in {group} are: {', '.join(near)}."
    elif elsewhere:
        return f"A scale set called {name} is in: {', '.join(elsewhere)}."
    near = [groups[one] for one in get_close_matches(group.lower(), groups) if not here]
    if near:
        return f"The nearest resource groups with scale sets are: {', '.join(near)}."
    return f"A scale set called {name} is in: {', '.join(elsewhere)}." if elsewhere else None


def _add_sets_of_views(reader: Reader, ids: Iterable[str], members: Members) -> None:
    """Add the sets of the ids that `az vmss list-instances` prints."""
    for parts in map(parse_id, ids):
        if parts["type"].lower() == SETS:
            found = _read_set(reader, parts["subscription"], parts["resource_group"], parts["name"])
            if found.id.lower() not in members:
                members[found.id.lower()] = list_members(reader, found)


def _add_sets_of_machines(reader: Reader, vms: Iterable[str], members: Members) -> None:
    """Add the sets of VM ids; where a set may not be listed, the VMs that were named are read one by one."""
    strays, unlisted = [], set[str]()
    known = {instance.id.lower() for found in members.values() for instance in found}
    for vm in vms:
        if vm.lower() in known:
            continue
        machine = _read_machine(reader, vm)
        set_id = scale_set_id(machine).lower() if machine else ""
        if not set_id or (set_id in members and set_id not in unlisted):
            strays.append(vm)
        elif set_id in unlisted or not _add_listed(reader, machine, members):
            unlisted.add(set_id)
            members.setdefault(set_id, []).append(instance_of(machine, _set_of(machine)))
        known |= {instance.id.lower() for instance in members.get(set_id, ())}
    if strays:
        raise azclierror.ValidationError(
            f"These ids are of no instance of a Flexible scale set: {', '.join(strays)}",
            recommendation="Use `az vm` for machines of their own; `az vmss-flex list-instances` shows a set's.",
        )


def _add_listed(reader: Reader, machine: Any, members: Members) -> bool:
    """Add the members of a VM's set, and return whether they may be listed."""
    scale_set = _set_of(machine)
    try:
        members[scale_set.id.lower()] = list_members(reader, scale_set)
    except azclierror.AzureResponseError as error:
        if getattr(error.__cause__, "status_code", None) != FORBIDDEN:
            raise
        return False
    return True


def _set_of(machine: Any) -> ScaleSet:
    """Return the scale set of a VM by the VM alone: only Flexible sets have VMs of their own."""
    set_id = scale_set_id(machine)
    parts = parse_resource_id(set_id)
    return ScaleSet(parts["subscription"], parts["resource_group"], parts["name"], set_id)


def _read_machine(reader: Reader, vm: str) -> Any:
    parts = parse_id(vm)
    with cli_errors(f"reading {vm}"):
        machines = reader.client_of(parts["subscription"]).virtual_machines
        try:
            return machines.get(parts["resource_group"], parts["name"], expand="instanceView")
        except ResourceNotFoundError:
            return None
