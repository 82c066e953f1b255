"""Description of a world and its validation.

A world is JSON: the subscription, a location, and per resource group its scale sets and its VMs of no scale set;
`subscriptions` has the same for further ones, by their ids.
`worlds/default.json` is the example that shows every level.
"""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from armsim.compute.lifecycle import POWER_STATES
from armsim.identifiers import SUBSCRIPTION
from armsim.world.locks import LEVELS
from armsim.world.model import STALE

_FURTHER = {"location", "resourceGroups", "locks"}
_WORLD = {"subscription", "subscriptions", *_FURTHER}
_GROUP = {"location", "scaleSets", "virtualMachines", "loadBalancers", "locks"}
_SET = {"mode", "location", "instances", "zones", "faultDomains", "tags", "size", "overrides", "locks"}
_LOAD_BALANCER = {"frontends", "backendPools", "natRules", "loadBalancingRules", "probes", "outboundRules", "sku"}
_POOL = {"scaleSets", "addresses", "adminStates"}
_LOCK = {"level", "notes", "owners"}

VM_KEYS = {
    "zone": "zone",
    "faultDomain": "fault_domain",
    "tags": "tags",
    "size": "size",
    "osType": "os_type",
    "osDiskDeleteOption": "os_disk_delete_option",
    "priority": "priority",
    "evictionPolicy": "eviction_policy",
    "ephemeral": "ephemeral",
    "hibernationEnabled": "hibernation_enabled",
    "maintenanceAllowed": "maintenance_allowed",
    "vmAgent": "vm_agent",
    "vmHealth": "vm_health",
    "agentReadyAfter": "agent_ready_after",
    "healthyAfter": "healthy_after",
    "latestModelApplied": "latest_model",
    "protectFromScaleIn": "protect_from_scale_in",
    "protectFromScaleSetActions": "protect_from_scale_set_actions",
    "adminUsername": "admin_username",
    "nicGroup": "nic_group",
    "secondNic": "second_nic",
    "publicAddress": "public_address",
}
"""What a description may say about a VM, and the attribute of VmSpec that it sets."""

CHOICES = {
    "osType": {"Linux", "Windows"},
    "osDiskDeleteOption": {"Delete", "Detach"},
    "priority": {"Regular", "Spot"},
    "evictionPolicy": {"Deallocate", "Delete"},
    "provisioningState": {"Succeeded", "Failed", "Updating"},
    "powerState": set(POWER_STATES),
    "vmAgent": {"Ready", "Not Ready"},
    "vmHealth": {"healthy", "unhealthy", "unknown", "initializing"},
}

DELAYS = ("agentReadyAfter", "healthyAfter")
"""What is a number of seconds after a boot, STALE, or NEVER, for which None stands as well."""
NEVER = "never"

STATE_KEYS = {"powerState", "provisioningState", "extensions", "locks", "runCommands"}
"""What else it may say: the state, extensions (each a name, or an object of a name and properties), locks, and names
of managed run commands."""

_EXTENSION = {
    "name", "publisher", "type", "typeHandlerVersion", "settings", "autoUpgradeMinorVersion", "enableAutomaticUpgrade",
    "provisioningState",
}  # fmt: skip


def default_description(vms: int) -> dict[str, Any]:
    """Return the world that comes with the simulator, its scale set `flex` with a number of VMs."""
    text = Path(__file__).with_name("..").joinpath("worlds", "default.json").read_text()
    description: dict[str, Any] = json.loads(text)
    description["resourceGroups"]["rg"]["scaleSets"]["flex"]["instances"] = vms
    return description


def check_description(description: dict[str, Any]) -> None:
    """Raise ValueError naming the first unknown key."""
    _check("the world", description, _WORLD)
    _check_subscription("the world", description)
    own = description.get("subscription", SUBSCRIPTION).lower()
    for name, further in description.get("subscriptions", {}).items():
        _check(f"subscription '{name}'", further, _FURTHER)
        _check_subscription(f"subscription '{name}'", further)
        if name.lower() == own:
            raise ValueError(f"subscription '{name}' is the one of the world already")


def _check_subscription(what: str, description: dict[str, Any]) -> None:
    _check_locks(what, description)
    for name, group in description.get("resourceGroups", {}).items():
        _check(f"resource group '{name}'", group, _GROUP)
        _check_locks(f"resource group '{name}'", group)
        for vm, properties in group.get("virtualMachines", {}).items():
            alone = {key: value for key, value in properties.items() if key != "location"}
            _check_vm(f"virtual machine '{vm}'", alone)
        for load_balancer, properties in group.get("loadBalancers", {}).items():
            _check(f"load balancer '{load_balancer}'", properties, _LOAD_BALANCER)
            for pool, members in properties.get("backendPools", {}).items():
                _check(f"backend pool '{pool}'", members if isinstance(members, dict) else {}, _POOL)
        for scale_set, properties in group.get("scaleSets", {}).items():
            _check(f"scale set '{scale_set}'", properties, _SET)
            _check_locks(f"scale set '{scale_set}'", properties)
            for pattern, override in properties.get("overrides", {}).items():
                _check_vm(f"override '{pattern}'", override)


def _check_vm(what: str, properties: dict[str, Any]) -> None:
    _check(what, properties, {*VM_KEYS, *STATE_KEYS})
    _check_locks(what, properties)
    for extension in properties.get("extensions", ()):
        _check(f"an extension of {what}", {"name": 0} if isinstance(extension, str) else extension, _EXTENSION)
    for key, choices in CHOICES.items():
        if key in properties and properties[key] not in choices:
            raise ValueError(f"{what} cannot have the {key} '{properties[key]}', only {', '.join(sorted(choices))}")
    for key in DELAYS:
        if not _is_delay(properties.get(key)):
            raise ValueError(f"{what} cannot have the {key} {properties[key]!r}, only seconds, '{STALE}' or '{NEVER}'")


def _is_delay(value: Any) -> bool:
    if value is None or value in {NEVER, STALE}:
        return True
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0


def _check_locks(what: str, properties: dict[str, Any]) -> None:
    for name, lock in properties.get("locks", {}).items():
        _check(f"lock '{name}' of {what}", lock, _LOCK)
        if lock.get("level") not in LEVELS:
            raise ValueError(f"lock '{name}' of {what} needs a level, one of {', '.join(LEVELS)}")


def _check(what: str, properties: dict[str, Any], known: set[str]) -> None:
    unknown = sorted(set(properties) - known)
    if unknown:
        raise ValueError(f"{what} has the unknown key '{unknown[0]}'; known are {', '.join(sorted(known))}")


def overrides_of(scale_set: dict[str, Any], name: str, index: int) -> dict[str, Any]:
    """Return what a scale set says about one of its VMs: by `#index` (from 0), by name or by a glob of names."""
    merged: dict[str, Any] = {}
    for pattern, override in scale_set.get("overrides", {}).items():
        if pattern == f"#{index}" or fnmatchcase(name, pattern):
            merged |= override
    return merged
