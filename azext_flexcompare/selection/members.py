"""Which instances belong to the scale sets that were named, at this moment?

Reads through the compute API, which is strongly consistent; Resource Graph may be a minute old and is never acted on.
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
    """Find the scale sets that a choice names by name or id, and the VM ids among its ids; each set is read once.

    Raises ResourceNotFoundError (exit status 3) for a set that does not exist, ValidationError for a Uniform one and
    for VMs that are in no set, InvalidArgumentValueError for what is no id of either.
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
    """List the members of every set that a choice touches, and the choice with its ids turned into names.

    For VM ids one VM is asked which set it is in and that set is listed, until every id is accounted for; so a
    hundred ids of one set cost three requests.
    """
    sets, vms = read_scale_sets(reader, choice)
    members = {one.id.lower(): list_members(reader, one) for one in sets}
    whole = {set_id: [instance.id for instance in instances] for set_id, instances in members.items()}
    _add_sets_of_machines(reader, vms, members)
    instances = [instance for found in members.values() for instance in found]
    if choice.ids is None:
        return instances, choice
    if choice.names is None or "*" in choice.names:
        in_order = [id_ for one in choice.ids for id_ in whole.get(one.lower(), [one])]
        return instances, choice._replace(names=tuple(in_order))
    return instances, choice._replace(names=(*choice.names, *vms))


def _add_sets_of_machines(reader: Reader, vms: Iterable[str], members: dict[str, list[Instance]]) -> None:
    strays = []
    known = {instance.id.lower() for instances in members.values() for instance in instances}
    for vm in vms:
        if vm.lower() in known:
            continue
        set_id = _set_of_machine(reader, vm)
        if not set_id or set_id.lower() in members:
            strays.append(vm)
            continue
        parts = parse_id(set_id)
        found = read_scale_set(reader, parts["subscription"], parts["resource_group"], parts["name"])
        members[set_id.lower()] = list_members(reader, found)
        known |= {instance.id.lower() for instance in members[set_id.lower()]}
    if strays:
        raise ValidationError(
            f"These ids are of no instance of a Flexible scale set: {', '.join(strays)}",
            recommendation="Use `az vm` for machines of their own; `az vmss-flex list-instances` shows a set's.",
        )


def _set_of_machine(reader: Reader, vm: str) -> str | None:
    parts = parse_id(vm)
    with cli_errors(f"reading {vm}"):
        machines = reader.client_of(parts["subscription"]).virtual_machines
        try:
            return scale_set_id(machines.get(parts["resource_group"], parts["name"]))
        except ResourceNotFoundError:
            return None
