"""Builder of a world from its description."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from armsim.compute.vm_body import nic_ids
from armsim.identifiers import SUBSCRIPTION, suffix
from armsim.network.build import add_load_balancer, add_nics
from armsim.world.description import DELAYS, NEVER, VM_KEYS, check_description, overrides_of
from armsim.world.locks import Lock
from armsim.world.model import (
    HEALTH_EXTENSIONS,
    HEALTH_PUBLISHER,
    SCALE_SET_TYPE,
    VM_TYPE,
    Extension,
    Report,
    RunCommand,
    ScaleSet,
    Vm,
    VmSpec,
    VmState,
    World,
)

_CREATED = datetime(2026, 1, 5, 6, 0, tzinfo=timezone.utc)


def build_worlds(description: dict[str, Any]) -> list[World]:
    """Return the worlds of a description, one for each subscription; the same one gives the same names and ids."""
    check_description(description)
    others = description.get("subscriptions", {}).items()
    return [_build_world(description), *(_build_world({**other, "subscription": name}) for name, other in others)]


def _build_world(description: dict[str, Any]) -> World:
    subscription = description.get("subscription", SUBSCRIPTION).lower()
    world = World(subscription, description.get("location", "westeurope"))
    _add_locks(world, f"/subscriptions/{subscription}", description)
    for name, group in description.get("resourceGroups", {}).items():
        world.groups[name.lower()] = name
        _add_locks(world, world.group_id(name), group)
        location = world.locations[name.lower()] = group.get("location", world.location)
        for set_name, properties in group.get("scaleSets", {}).items():
            _add_scale_set(world, name, properties.get("location", location), set_name, properties=properties)
        for vm_name, properties in group.get("virtualMachines", {}).items():
            _add_vm(world, vm_name, name, properties.get("location", location), properties=properties)
        for lb_name, properties in group.get("loadBalancers", {}).items():
            add_load_balancer(world, name, location, lb_name, properties=properties)
    return world


def _add_locks(world: World, scope: str, properties: dict[str, Any]) -> None:
    for name, lock in properties.get("locks", {}).items():
        world.add_lock(Lock(scope, name, **lock))


def resource_id(subscription: str, group: str, kind: str, name: str) -> str:
    """Return the ARM id of a resource; `kind` is like Microsoft.Compute/virtualMachines."""
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{kind}/{name}"


def _add_scale_set(world: World, group: str, location: str, name: str, properties: dict[str, Any]) -> None:
    scale_set = ScaleSet(
        name,
        group,
        location,
        resource_id(world.subscription, group, SCALE_SET_TYPE, name),
        ordinal=len(world.scale_sets),
        created=_CREATED,
        mode=properties.get("mode", "Flexible"),
        zones=properties.get("zones", []),
        tags=properties.get("tags", {}),
        size=properties.get("size", VmSpec.size),
    )
    if scale_set.mode not in {"Flexible", "Uniform"}:
        raise ValueError(f"scale set '{name}' cannot have the mode '{scale_set.mode}'")
    world.scale_sets[group.lower(), name.lower()] = scale_set
    world.members[scale_set.id.lower()] = {}
    _add_locks(world, scale_set.id, properties)
    _add_members(world, scale_set, properties)


def _add_members(world: World, scale_set: ScaleSet, properties: dict[str, Any]) -> None:
    fault_domains = properties.get("faultDomains", 3)
    for index, name in enumerate(_instance_names(scale_set, properties.get("instances", 0))):
        member: dict[str, Any] = {"size": scale_set.size}
        if fault_domains:
            member["faultDomain"] = index // max(1, len(scale_set.zones)) % fault_domains
        if scale_set.zones:
            member["zone"] = scale_set.zones[index % len(scale_set.zones)]
        instance = index if scale_set.mode == "Uniform" else None
        member |= overrides_of(properties, name, index)
        member["tags"] = {**_profile_tag(scale_set), **member.get("tags", scale_set.tags)}
        _add_vm(
            world,
            name,
            scale_set.group,
            scale_set.location,
            properties=member,
            scale_set=scale_set.id,
            instance=instance,
        )


def _profile_tag(scale_set: ScaleSet) -> dict[str, str]:
    """Return the tag of the instances that a Flexible set created: when its profile was, in local spelling."""
    moment = scale_set.created
    time = f"{moment.month}/{moment.day}/{moment.year} {moment:%I:%M:%S %p}".replace(" 0", " ")
    return {"VirtualMachineProfileTimeCreated": f"{time} +00:00"} if scale_set.mode == "Flexible" else {}


def _instance_names(scale_set: ScaleSet, instances: int | list[str]) -> list[str]:
    if isinstance(instances, list):
        return instances
    if scale_set.mode == "Uniform":
        return [f"{scale_set.name}_{index}" for index in range(instances)]
    return [f"{scale_set.name}_{suffix(scale_set.id, index)}" for index in range(instances)]


def _add_vm(
    world: World,
    name: str,
    group: str,
    location: str,
    properties: dict[str, Any],
    scale_set: str | None = None,
    instance: int | None = None,
) -> None:
    ordinal = world.created
    identifier = resource_id(world.subscription, group, VM_TYPE, name)
    if instance is not None:
        identifier = f"{scale_set}/virtualMachines/{instance}"
    attributes = {VM_KEYS[key]: _meant(key, value) for key, value in properties.items() if key in VM_KEYS}
    created = _CREATED + timedelta(seconds=ordinal)
    spec = VmSpec(
        name,
        group,
        location,
        identifier,
        ordinal=ordinal,
        created=created,
        scale_set=scale_set,
        instance=instance,
        **attributes,
    )
    state = VmState(properties.get("powerState", "running"), properties.get("provisioningState", "Succeeded"), created)
    if (group.lower(), name.lower()) in world.vms:
        raise ValueError(f"resource group '{group}' has two virtual machines '{name}'")
    _add_locks(world, identifier, properties)
    reports = state.power not in {"deallocated", "hibernated"}
    agent, health = (Report(word, created) if reports else None for word in (spec.vm_agent, spec.vm_health))
    vm = Vm(spec, state, agent, health, extensions=_extensions(spec, properties))
    vm.run_commands = {name.lower(): _run_command(name, created) for name in properties.get("runCommands", ())}
    world.add_vm(vm)
    if instance is None:
        add_nics(world, vm, nic_ids(spec))


def _meant(key: str, value: Any) -> Any:
    return None if key in DELAYS and value == NEVER else value


def _extensions(spec: VmSpec, properties: dict[str, Any]) -> dict[str, Extension]:
    """Return the extensions of a VM: one of whose health the world speaks has that which reports it."""
    extensions = [_extension(entry, spec.created) for entry in properties.get("extensions", ())]
    speaks = "vmHealth" in properties or "healthyAfter" in properties
    if speaks and not any(one.reports_health for one in extensions):
        extensions.append(_extension(HEALTH_EXTENSIONS[spec.os_type], spec.created))
    return {one.name.lower(): one for one in extensions}


def _run_command(name: str, created: datetime) -> RunCommand:
    view = {"executionState": "Succeeded", "exitCode": 0, "output": "", "error": ""}
    return RunCommand(name, {"source": {"script": "true"}}, created, view=view)


def _extension(entry: str | dict[str, Any], created: datetime) -> Extension:
    """Return an extension of its name, or of its name and some properties."""
    given = {"name": entry} if isinstance(entry, str) else entry
    properties = {
        "publisher": HEALTH_PUBLISHER if given["name"] in HEALTH_EXTENSIONS.values() else "Microsoft.Azure.Extensions",
        "type": given["name"],
        "typeHandlerVersion": "1.0",
        "autoUpgradeMinorVersion": True,
        **given,
    }
    name = properties.pop("name")
    provisioning = properties.pop("provisioningState", "Succeeded")
    return Extension(name, properties, created, provisioning)
