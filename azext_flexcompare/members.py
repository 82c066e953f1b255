"""Which instances belong to the scale sets that were named, at this moment?

Reads through the compute API, which is strongly consistent; Resource Graph may be a minute old and is never acted on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from azure.cli.core.azclierror import InvalidArgumentValueError, ValidationError
from azure.core.exceptions import ResourceNotFoundError
from azure.mgmt.core.tools import is_valid_resource_id, parse_resource_id

from azext_flexcompare.failure import plainly
from azext_flexcompare.selection import Choice, Instance, ScaleSet
from azext_flexcompare.table import namesakes

SETS, VMS = "virtualmachinescalesets", "virtualmachines"


class Reader(NamedTuple):
    """How sets and members are read: the compute client of each subscription, and the command that asks."""

    client_of: Callable[[str | None], Any]
    command: str


def sets_of(reader: Reader, choice: Choice) -> tuple[list[ScaleSet], list[str]]:
    """Find the scale sets that a choice names by name or id, and the VM ids among its ids; each set is read once.

    Raises ResourceNotFoundError (exit status 3) for a set that does not exist, ValidationError for a Uniform one and
    for VMs that are in no set, InvalidArgumentValueError for what is no id of either.
    """
    if choice.ids is None:
        return [_read_set(reader, None, choice.resource_group or "", choice.scale_set or "")], []
    parsed = {one: _parse(one) for one in choice.ids}
    sets = {}
    for parts in parsed.values():
        if parts["type"].lower() == SETS:
            found = _read_set(reader, parts["subscription"], parts["resource_group"], parts["name"])
            sets[found.id.lower()] = found
    vms = [one for one, parts in parsed.items() if parts["type"].lower() == VMS]
    return list(sets.values()), vms


def members_of(reader: Reader, scale_set: ScaleSet) -> list[Instance]:
    """List the instances of a set with their instance views, following every page.

    Source: `$filter` and `$expand` of VirtualMachines_List as the CLI's own `az vm list --vmss` client documents them
    (azure-cli 2.91.0).
    """
    quoted = scale_set.id.replace("'", "''")
    with plainly(f"listing the instances of {scale_set.name}"):
        machines = list(
            reader.client_of(scale_set.subscription).virtual_machines.list(
                scale_set.resource_group, filter=f"'virtualMachineScaleSet/id' eq '{quoted}'", expand="instanceView"
            )
        )
    # A service that did not understand the filter would answer with other sets' machines.
    return [instance_of(machine, scale_set) for machine in machines if _set_id(machine).lower() == scale_set.id.lower()]


def find_members(reader: Reader, choice: Choice) -> tuple[list[Instance], Choice]:
    """List the members of every set that a choice touches, and the choice with its ids turned into names.

    For VM ids one VM is asked which set it is in and that set is listed, until every id is accounted for; so a
    hundred ids of one set cost three requests.
    """
    sets, vms = sets_of(reader, choice)
    members = {one.id.lower(): members_of(reader, one) for one in sets}
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
        parts = _parse(set_id)
        found = _read_set(reader, parts["subscription"], parts["resource_group"], parts["name"])
        members[set_id.lower()] = members_of(reader, found)
        known |= {instance.id.lower() for instance in members[set_id.lower()]}
    if strays:
        raise ValidationError(
            f"These ids are of no instance of a Flexible scale set: {', '.join(strays)}",
            recommendation="Use `az vm` for machines of their own; `az vmss-flex list-instances` shows a set's.",
        )


def _set_of_machine(reader: Reader, vm: str) -> str | None:
    parts = _parse(vm)
    with plainly(f"reading {vm}"):
        machines = reader.client_of(parts["subscription"]).virtual_machines
        try:
            return _set_id(machines.get(parts["resource_group"], parts["name"]))
        except ResourceNotFoundError:
            return None


def _read_set(reader: Reader, subscription: str | None, group: str, name: str) -> ScaleSet:
    with plainly(f"looking for scale set {name} in resource group {group}"):
        found = reader.client_of(subscription).virtual_machine_scale_sets.get(group, name)
    if (found.orchestration_mode or "Uniform").lower() != "flexible":
        raise _uniform(reader.command, group, name)
    parts = parse_resource_id(found.id)
    return ScaleSet(parts["subscription"], parts["resource_group"], parts["name"], found.id, _balanced(found))


def _balanced(scale_set: Any) -> bool:
    profile = scale_set.virtual_machine_profile
    interfaces = profile.network_profile.network_interface_configurations if profile and profile.network_profile else ()
    return any(
        configuration.load_balancer_backend_address_pools
        for interface in interfaces or ()
        for configuration in interface.ip_configurations or ()
    )


def _uniform(command: str, group: str, name: str) -> ValidationError:
    others = [f"`{other} -g {group} -n {name}`" for other in namesakes(command)]
    return ValidationError(
        f"{name} is a Uniform scale set, and `az vmss-flex` is for Flexible ones.",
        recommendation=f"Use {' or '.join(others)} instead."
        if others
        else f"`az vmss` has no command for {command}; see `az vmss -h`.",
    )


def _parse(resource_id: str) -> dict[str, str]:
    parts: dict[str, str] = parse_resource_id(resource_id) if is_valid_resource_id(resource_id) else {}
    kind = f"{parts.get('namespace', '')}/{parts.get('type', '')}".lower()
    if kind not in (f"microsoft.compute/{SETS}", f"microsoft.compute/{VMS}") or "child_type_1" in parts:
        raise InvalidArgumentValueError(
            f"'{resource_id}' is not the id of a scale set or a virtual machine.",
            recommendation="`az vmss-flex list-instances --query [].id -o tsv` prints ids that fit.",
        )
    return parts


def _set_id(machine: Any) -> str:
    return machine.virtual_machine_scale_set.id if machine.virtual_machine_scale_set else ""


def instance_of(machine: Any, scale_set: ScaleSet) -> Instance:
    """Make an instance of what the service says of a VM."""
    view = machine.instance_view
    return Instance(
        machine.id,
        machine.name,
        scale_set,
        machine.zones[0] if machine.zones else None,
        view.platform_fault_domain if view else None,
        power_state(view.statuses if view else None),
        machine.tags or {},
        machine.provisioning_state,
        machine.hardware_profile.vm_size if machine.hardware_profile else None,
        machine.location,
        machine,
    )


def power_state(statuses: Iterable[Any] | None) -> str | None:
    """Find the power state, such as `running`, among the statuses of an instance view."""
    codes = [status.code or "" for status in statuses or ()]
    return next((code.partition("/")[2] for code in codes if code.startswith("PowerState/")), None)
