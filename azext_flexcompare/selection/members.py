"""The members of scale sets, read from the compute API.

The compute API is strongly consistent. Resource Graph can be a minute old, so no command acts on what it returns.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import partial
from typing import Any

from azure.cli.core import azclierror
from azure.core.exceptions import AzureError
from azure.mgmt.core.tools import parse_resource_id
from knack.log import get_logger

from azext_flexcompare.arm.paced_reads import read_all
from azext_flexcompare.arm.scale_sets import (
    SETS,
    VMS,
    Reader,
    instance_of,
    list_members,
    list_scale_sets,
    parse_id,
    read_scale_set,
    read_vm,
    scale_set_id,
)
from azext_flexcompare.instances import Instance, ResourceId, ScaleSet, describe
from azext_flexcompare.selection.selection import Choice, has_tag

FORBIDDEN = 403
Members = dict[str, list[Instance]]


def read_scale_sets(reader: Reader, choice: Choice) -> tuple[list[ScaleSet], list[str]]:
    """Read the scale sets that a choice names by name or id, each once; return them and the VM ids of the choice.

    Raises ResourceNotFoundError (exit status 3) for a set that does not exist, ValidationError for a Uniform set and
    for VMs that are in no set, InvalidArgumentValueError for an id of any other kind.
    """
    if choice.all_sets:
        return sets_of_group(reader, choice), []
    if choice.ids is None:
        return [_read_set(reader, None, choice.resource_group or "", choice.scale_set or "")], []
    parsed = {one: parse_id(one) for one in choice.ids}
    named = {one.lower(): parts for one, parts in parsed.items() if _is_set(parts)}
    vms = [one for one, parts in parsed.items() if not _is_set(parts)]
    return list({found.id.lower(): found for found in _read_sets(reader, list(named.values()))}.values()), vms


def _read_sets(reader: Reader, parts: Sequence[dict[str, str]]) -> list[ScaleSet]:
    """Read scale sets side by side."""
    return read_all(lambda one: _read_set(reader, one["subscription"], one["resource_group"], one["name"]), parts)


def find_members(reader: Reader, choice: Choice, *, gone_allowed: bool = False) -> tuple[list[Instance], Choice]:
    """List the members of every set that a choice refers to; return them and the choice with its ids as names.

    For VM ids, one VM is read to find its set, and the VMs of that set are listed, until every id is found. A hundred
    ids of one set thus need two requests, and no right to read the set. An id of a VM that does not exist is an error
    unless `gone_allowed`.
    """
    sets, vms = read_scale_sets(reader, choice)
    listed = read_all(partial(list_members, reader), sets)
    members: Members = {one.id.lower(): found for one, found in zip(sets, listed, strict=True)}
    whole = {set_id: [instance.id for instance in instances] for set_id, instances in members.items()}
    _add_sets_of_views(reader, vms, members)
    _add_sets_of_vms(reader, [vm for vm in vms if parse_id(vm)["type"].lower() == VMS], members, gone_allowed)
    instances = [instance for found in members.values() for instance in found]
    if choice.ids is None:
        return instances, choice
    if choice.names is None or "*" in choice.names:
        in_order = [id_ for one in choice.ids for id_ in whole.get(one.lower(), [one])]
        return instances, choice._replace(names=tuple(in_order))
    return instances, choice._replace(names=(*choice.names, *vms))


def sets_of_group(reader: Reader, choice: Choice) -> list[ScaleSet]:
    """List the Flexible scale sets of the resource group that have the tags; warn of Uniform ones.

    Without a group these are the scale sets of the subscription, and a warning names them. Raises ResourceNotFoundError
    (exit status 3) where there is none.
    """
    group = choice.resource_group
    flexible, uniform = list_scale_sets(reader, group)
    found = [one for one, tags in flexible if all(has_tag(tags, *tag) for tag in choice.set_tags or ())]
    if not found:
        tagged = " with these tags" if choice.set_tags and flexible else ""
        raise azclierror.ResourceNotFoundError(
            f"{f'Resource group {group}' if group else 'The subscription'} has no Flexible scale set{tagged}.",
            recommendation=f"`az vmss list {f'-g {group} ' if group else ''}-o table` lists its scale sets.",
        )
    if group is None:
        get_logger(__name__).warning(
            "Every resource group of subscription %s: %s", found[0].subscription, describe(found)
        )
    if uniform:
        get_logger(__name__).warning("Left out, since they are Uniform scale sets: %s", ", ".join(uniform))
    return found


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
    views = [parts for parts in map(parse_id, ids) if parts["type"].lower() == SETS]
    of_sets = {(one["subscription"], one["resource_group"].lower(), one["name"].lower()): one for one in views}
    sets = {found.id.lower(): found for found in _read_sets(reader, list(of_sets.values()))}
    unlisted = [found for set_id, found in sets.items() if set_id not in members]
    for one, found in zip(unlisted, read_all(partial(list_members, reader), unlisted), strict=True):
        members[one.id.lower()] = found


def _add_sets_of_vms(reader: Reader, vms: Iterable[str], members: Members, gone_allowed: bool) -> None:
    """Add the sets of VM ids; where a set may not be listed, the VMs that were named are read one by one."""
    strays, unlisted = [], set[str]()
    known = {instance.id.lower() for found in members.values() for instance in found}
    for vm in vms:
        if vm.lower() in known:
            continue
        found_vm = read_vm(reader, vm)
        set_id = scale_set_id(found_vm).lower() if found_vm else ""
        if found_vm is None and gone_allowed:
            continue
        if not set_id or (set_id in members and set_id not in unlisted):
            strays.append(vm)
        elif set_id in unlisted or not _add_listed(reader, found_vm, members):
            unlisted.add(set_id)
            members.setdefault(set_id, []).append(instance_of(found_vm, _set_of(found_vm)))
        known |= {instance.id.lower() for instance in members.get(set_id, ())}
    if strays:
        raise azclierror.ValidationError(
            f"These ids do not belong to an instance of a Flexible scale set: {', '.join(strays)}",
            recommendation="Use `az vm` for standalone VMs, or list the instances with `az vmss-flex list-instances`.",
        )


def _add_listed(reader: Reader, found_vm: Any, members: Members) -> bool:
    """Add the members of a VM's set, and return whether they may be listed."""
    scale_set = _set_of(found_vm)
    try:
        members[scale_set.id.lower()] = list_members(reader, scale_set)
    except azclierror.AzureResponseError as error:
        if getattr(error.__cause__, "status_code", None) != FORBIDDEN:
            raise
        return False
    return True


def _set_of(found_vm: Any) -> ScaleSet:
    """Return the scale set of a VM by the VM alone: only Flexible sets have VMs of their own."""
    set_id = scale_set_id(found_vm)
    parts = parse_resource_id(set_id)
    return ScaleSet(parts["subscription"], parts["resource_group"], parts["name"], ResourceId(set_id))
