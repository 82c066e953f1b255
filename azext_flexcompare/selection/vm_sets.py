"""The scale sets of VMs that are named by id, found without any right to read a scale set."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from azure.cli.core import azclierror
from azure.mgmt.core.tools import parse_resource_id

from azext_flexcompare.arm.paced_reads import Turns, read_all, read_in_turns
from azext_flexcompare.arm.scale_sets import Reader, list_in_turns, read_vm
from azext_flexcompare.instances import Instance, ResourceId, ScaleSet

FORBIDDEN = 403
GENERATED = re.compile(r"(.+)_[0-9a-z]+")  # {scale set}_{8 characters}: how a Flexible set names its instances
SHARE = 4  # of the VMs with other names, one in so many is read before the lists of their sets

Members = dict[str, list[Instance]]


def add_sets_of_vms(reader: Reader, vms: Iterable[str], members: Members, gone_allowed: bool) -> None:
    """Add the members of the sets of VM ids.

    One VM of each set is read to find its set, and the VMs of that set are listed, until every id is found; the sets
    are taken side by side. A hundred ids of one set thus need two requests. Which VMs are in one set, their names
    suggest; a wrong guess costs a request. Where a set may not be listed, the VMs that were named are read one by one.
    Raises ValidationError for VMs that are in no set.
    """
    search = _Search(reader, members, gone_allowed)
    given = left = list(vms)
    while left := search.unknown(left):
        search.read(left)
    if search.strays:
        strays = [vm for vm in given if vm in search.strays]
        raise azclierror.ValidationError(
            f"These ids do not belong to an instance of a Flexible scale set: {', '.join(strays)}",
            recommendation="Use `az vm` for standalone VMs, or list the instances with `az vmss-flex list-instances`.",
        )


class _Search:
    """What is known of the VMs while their sets are looked for."""

    def __init__(self, reader: Reader, members: Members, gone_allowed: bool) -> None:
        self.reader, self.members, self.gone_allowed = reader, members, gone_allowed
        self.known = {instance.id.lower() for found in members.values() for instance in found}
        self.strays: set[str] = set()
        self.unlisted: set[str] = set()  # sets that may not be listed
        self.alone: set[str] = set()  # keys of names of which each VM is read

    def unknown(self, vms: Iterable[str]) -> list[str]:
        """List the VMs of which nothing is known yet."""
        return [vm for vm in vms if vm.lower() not in self.known]

    def read(self, vms: list[str]) -> None:
        """Read some of the VMs, and list the sets that they are in."""
        some = list(_first_of_each(vms, self.alone))
        found = read_all(partial(read_vm, self.reader), some)
        self.known |= {vm.lower() for vm in some}
        of_set: dict[str, list[Any]] = {}
        for vm, machine in zip(some, found, strict=True):
            set_id = machine.scale_set_id.lower() if machine else ""
            if set_id and (set_id not in self.members or set_id in self.unlisted):
                of_set.setdefault(set_id, []).append(machine)
            elif machine or not self.gone_allowed:
                self.strays.add(vm)
        self._add(of_set)

    def _add(self, of_set: dict[str, list[Any]]) -> None:
        """Add the members of sets of which these machines were read."""
        new = [machines[0] for set_id, machines in of_set.items() if set_id not in self.unlisted]
        sets = [set_of_vm(machine) for machine in new]
        for scale_set, listed in zip(sets, read_in_turns(partial(_list_allowed, self.reader), sets), strict=True):
            if listed is None:
                self.unlisted.add(scale_set.id.lower())
            else:
                self.members[scale_set.id.lower()] = listed
                self.known |= {instance.id.lower() for instance in listed}
        for set_id in of_set.keys() & self.unlisted:
            machines = of_set[set_id]
            self.members.setdefault(set_id, []).extend(one.instance(set_of_vm(one)) for one in machines)
            self.alone |= {_key(one.id) for one in machines}


def _first_of_each(vms: Iterable[str], alone: set[str]) -> Iterator[str]:
    """Choose one VM of each set as far as their names suggest it, few of the others, and each one of those `alone`."""
    seen: dict[str, int] = {}
    for vm in vms:
        key = _key(vm)
        before = seen.get(key, 0)
        seen[key] = before + 1
        if key in alone or (before % SHARE == 0 if key.endswith("/") else not before):
            yield vm


def _key(vm: str) -> str:
    """Return what the ids of VMs of one set have in common: their group and the name of the set, if it is in theirs."""
    place, _, name = vm.lower().rpartition("/")
    generated = GENERATED.fullmatch(name)
    return f"{place}/{generated[1] if generated else ''}"


def _list_allowed(reader: Reader, scale_set: ScaleSet) -> Turns[list[Instance] | None]:
    """List the members of a set; return None where the role may not."""
    try:
        return (yield from list_in_turns(reader, scale_set))
    except azclierror.AzureResponseError as error:
        if getattr(error.__cause__, "status_code", None) != FORBIDDEN:
            raise
        return None


def set_of_vm(machine: Any) -> ScaleSet:
    """Return the scale set of a VM by the VM alone: only Flexible sets have VMs of their own."""
    set_id = machine.scale_set_id
    parts = parse_resource_id(set_id)
    return ScaleSet(parts["subscription"], parts["resource_group"], parts["name"], ResourceId(set_id))
