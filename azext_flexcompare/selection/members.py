"""The members of scale sets, read from the compute API.

The compute API is strongly consistent. Resource Graph can be a minute old, so no command acts on what it returns.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from azure.cli.core import azclierror
from knack.log import get_logger

from azext_flexcompare.arm.paced_reads import read_in_turns
from azext_flexcompare.arm.scale_sets import SETS, VMS, Reader, list_in_turns, list_scale_sets, parse_id
from azext_flexcompare.instances import Instance, ScaleSet, describe
from azext_flexcompare.selection.named_sets import read_named_set, read_named_sets
from azext_flexcompare.selection.selection import Choice, has_tag
from azext_flexcompare.selection.vm_sets import Members, add_sets_of_vms


def read_scale_sets(reader: Reader, choice: Choice) -> tuple[list[ScaleSet], list[str]]:
    """Read the scale sets that a choice names by name or id, each once; return them and the VM ids of the choice.

    Raises ResourceNotFoundError (exit status 3) for a set that does not exist, ValidationError for a Uniform set and
    for VMs that are in no set, InvalidArgumentValueError for an id of any other kind.
    """
    if choice.all_sets:
        return sets_of_group(reader, choice), []
    if choice.ids is None:
        return [read_named_set(reader, None, choice.resource_group or "", choice.scale_set or "")], []
    parsed = {one: parse_id(one) for one in choice.ids}
    named = {one.lower(): parts for one, parts in parsed.items() if _is_set(parts)}
    vms = [one for one, parts in parsed.items() if not _is_set(parts)]
    return list({found.id.lower(): found for found in read_named_sets(reader, list(named.values()))}.values()), vms


def find_members(reader: Reader, choice: Choice, *, gone_allowed: bool = False) -> tuple[list[Instance], Choice]:
    """List the members of every set that a choice refers to; return them and the choice with its ids as names.

    An id of a VM that does not exist is an error unless `gone_allowed`.
    """
    sets, vms = read_scale_sets(reader, choice)
    listed = read_in_turns(partial(list_in_turns, reader), sets)
    members: Members = {one.id.lower(): found for one, found in zip(sets, listed, strict=True)}
    whole = {set_id: [instance.id for instance in instances] for set_id, instances in members.items()}
    _add_sets_of_views(reader, vms, members)
    add_sets_of_vms(reader, [vm for vm in vms if parse_id(vm)["type"].lower() == VMS], members, gone_allowed)
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
            f"{'The subscription' if group is None else f'Resource group {group}'} has no Flexible scale set{tagged}.",
            recommendation=f"`az vmss list {'' if group is None else f'-g {group} '}-o table` lists its scale sets.",
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


def _add_sets_of_views(reader: Reader, ids: Iterable[str], members: Members) -> None:
    """Add the sets of the ids that `az vmss list-instances` prints."""
    views = [parts for parts in map(parse_id, ids) if parts["type"].lower() == SETS]
    of_sets = {(one["subscription"], one["resource_group"].lower(), one["name"].lower()): one for one in views}
    sets = {found.id.lower(): found for found in read_named_sets(reader, list(of_sets.values()))}
    unlisted = [found for set_id, found in sets.items() if set_id not in members]
    for one, found in zip(unlisted, read_in_turns(partial(list_in_turns, reader), unlisted), strict=True):
        members[one.id.lower()] = found
