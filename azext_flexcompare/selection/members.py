"""The members of scale sets, read from the compute API.

The compute API is strongly consistent. Resource Graph can be a minute old, so no command acts on what it returns.
"""

from __future__ import annotations

from collections.abc import Iterable

from azure.cli.core.azclierror import ValidationError
from azure.core.exceptions import ResourceNotFoundError

from azext_flexcompare.arm.errors import cli_errors
from azext_flexcompare.arm.scale_sets import SETS, VMS, Reader, list_members, parse_id, read_scale_set, scale_set_id
from azext_flexcompare.instances import Instance, ScaleSet
from azext_flexcompare.selection.selection import Choice


def read_scale_sets(reader: Reader, choice: Choice) -> tuple[list[ScaleSet], list[str]]:
    """Read the scale sets that a choice names by name or id, each once; return them and the VM ids of the choice.

    Raises ResourceNotFoundError (exit status 3) for a set that does not exist, ValidationError for a Uniform set and
    for VMs that are in no set, InvalidArgumentValueError for an id of any other kind.
    """
    if choice.ids is None:
        return [read_scale_set(reader, None, choice.resource_group or "", choice.scale_set or "")], []
    parsed = {one: parse_id(one) for one in choice.ids}
    sets = {}
    for parts in parsed.values():
        if parts["type"].lower() == SETS:
            found = read_scale_set(reader, parts["subscription"], parts["resource_group"], parts["name"])
            sets[found.id.lower()] = found
    vms = [one for one, parts in parsed.items() if parts["type"].lower() == VMS]
    return list(sets.values()), vms


def find_members(reader: Reader, choice: Choice) -> tuple[list[Instance], Choice]:
    """List the members of every set that a choice refers to; return them and the choice with its ids as names.

    For VM ids, one VM is read to find its set, and that set is listed, until every id is found. A hundred ids of one
    set thus need three requests.
    """
    sets, vms = read_scale_sets(reader, choice)
    members = {one.id.lower(): list_members(reader, one) for one in sets}
    whole = {set_id: [instance.id for instance in instances] for set_id, instances in members.items()}
    _add_sets_of_vms(reader, vms, members)
    instances = [instance for found in members.values() for instance in found]
    if choice.ids is None:
        return instances, choice
    if choice.names is None or "*" in choice.names:
        in_order = [id_ for one in choice.ids for id_ in whole.get(one.lower(), [one])]
        return instances, choice._replace(names=tuple(in_order))
    return instances, choice._replace(names=(*choice.names, *vms))


def _add_sets_of_vms(reader: Reader, vms: Iterable[str], members: dict[str, list[Instance]]) -> None:
    strays = []
    known = {instance.id.lower() for instances in members.values() for instance in instances}
    for vm in vms:
        if vm.lower() in known:
            continue
        set_id = _set_of_vm(reader, vm)
        if not set_id or set_id.lower() in members:
            strays.append(vm)
            continue
        parts = parse_id(set_id)
        found = read_scale_set(reader, parts["subscription"], parts["resource_group"], parts["name"])
        members[set_id.lower()] = list_members(reader, found)
        known |= {instance.id.lower() for instance in members[set_id.lower()]}
    if strays:
        raise ValidationError(
            f"These ids do not belong to an instance of a Flexible scale set: {', '.join(strays)}",
            recommendation="Use `az vm` for standalone VMs, or list the instances with `az vmss-flex list-instances`.",
        )


def _set_of_vm(reader: Reader, vm: str) -> str | None:
    parts = parse_id(vm)
    with cli_errors(f"reading {vm}"):
        machines = reader.client_of(parts["subscription"]).virtual_machines
        try:
            return scale_set_id(machines.get(parts["resource_group"], parts["name"]))
        except ResourceNotFoundError:
            return None
