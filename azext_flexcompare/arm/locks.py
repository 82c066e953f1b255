"""The locks and the protection policy that keep an instance from being deleted or changed.

There are two: a resource lock on the VM (Microsoft.Authorization/locks), which Microsoft's page names, and the scale
set's own protection policy, which Flexible sets have since API version 2023-09-01 (Microsoft, Instance protection,
2026-05-19).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple
from urllib.parse import quote

from azext_flexcompare.arm.calls import read_once, send_request
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.errors import cli_errors
from azext_flexcompare.arm.paced_lists import list_all
from azext_flexcompare.arm.polling import Completed, SteppedPolling
from azext_flexcompare.arm.responses import NO_RETRY, poll_errors, remaining, send_errors
from azext_flexcompare.instances import Instance
from azext_flexcompare.scheduler.poller import Poller
from azext_flexcompare.table.entries import Operation

OURS = "vmss-flex-protection"  # the name of the locks that `protection set` creates
LOCKS = "/providers/Microsoft.Authorization/locks"
VERSION = "api-version=2016-09-01"


class Lock(NamedTuple):
    """A lock: `scope` is the id of the subscription, group or resource that it is on."""

    name: str
    level: str
    scope: str
    notes: str | None

    def is_named(self, name: str) -> bool:
        """Check whether it has this name, which Azure compares without regard to case."""
        return self.name.lower() == name.lower()

    def is_on(self, resource_id: str) -> bool:
        """Check whether it is on the resource itself."""
        return self.scope.lower() == resource_id.lower()

    def holds_for(self, resource_id: str) -> bool:
        """Check whether it is on the resource, or on a group or subscription that contains it."""
        return f"{resource_id.lower()}/".startswith(f"{self.scope.lower()}/")

    def forbids(self, operation: Operation) -> bool:
        """Check whether Azure refuses an operation under it: every change if ReadOnly, a deletion in any case.

        Locks themselves can be changed under a lock (Microsoft, Lock your resources to protect your infrastructure).
        """
        return operation.target != "lock" and (operation.method == "DELETE" or self.level == "ReadOnly")


def read_locks(azure: Azure, *subscriptions: str) -> list[Lock]:
    """List every lock of subscriptions, of any scope."""
    with cli_errors("listing the locks"):
        found = list_all(azure, [f"/subscriptions/{one}{LOCKS}?{VERSION}" for one in subscriptions])
        return [_lock(entry) for entry in found]


def locks_of(azure: Azure, instances: Iterable[Instance]) -> list[Lock]:
    """List every lock of the subscriptions that instances are in."""
    return read_locks(azure, *sorted({instance.subscription for instance in instances}))


def put_lock(azure: Azure, instance: Instance, name: str, level: str, notes: str | None) -> Poller:
    """Create a lock on an instance, or change the level of the lock of that name."""
    properties = {"level": level, "notes": notes or "Created by az vmss-flex protection set."}
    with send_errors():
        headers = azure.arm(instance.subscription).put(_path(instance, name), {"properties": properties}, **NO_RETRY)
    return Completed(remaining=remaining(headers))


def delete_lock(azure: Azure, instance: Instance, name: str) -> Poller:
    """Remove a lock from an instance."""
    with send_errors():
        headers = azure.arm(instance.subscription).delete(_path(instance, name), **NO_RETRY)
    return Completed(remaining=remaining(headers))


def protect(azure: Azure, instance: Instance, policy: dict[str, bool]) -> Poller:
    """Change the members of the scale set's protection policy of an instance that `policy` names.

    The SDK has only a PUT for it, so the scale set's view of the instance is read first; raises Throttled or Unanswered
    where that is repeated.
    """
    machines = azure.compute(instance.subscription).virtual_machine_scale_set_vms
    place = (instance.resource_group, instance.scale_set.name, instance.name)
    with poll_errors():
        view = machines.get(*place, **NO_RETRY)
        if not view.id:  # a PUT of what it holds would clear the rest
            raise ValueError("it shows no instance")
    body = view.serialize()
    properties = body.setdefault("properties", {})
    properties["protectionPolicy"] = merge_policy(properties.get("protectionPolicy") or {}, policy)
    with send_errors():
        call = "virtual_machine_scale_set_vms.begin_update"
        answer = send_request(azure, instance, call, {"parameters": body}, place=place)
        return SteppedPolling.begun(azure.arm(instance.subscription), answer)


def merge_policy(before: dict[str, Any], policy: dict[str, bool]) -> dict[str, Any]:
    """Return a protection policy with the members of another.

    Azure refuses `protectFromScaleIn: false` beside protection from scale set actions, which includes protection from
    scale-in (Microsoft, Instance protection); it is left out unless it was asked for.
    """
    merged = {**before, **policy}
    if merged.get("protectFromScaleSetActions") and "protectFromScaleIn" not in policy:
        merged = {key: value for key, value in merged.items() if key != "protectFromScaleIn" or value}
    return merged


def scale_set_view(azure: Azure, instance: Instance) -> Poller:
    """Read the scale set's view of an instance: its protection policy, and whether it is on the latest model."""
    machines = azure.compute(instance.subscription).virtual_machine_scale_set_vms
    return read_once(machines.get, instance.resource_group, instance.scale_set.name, instance.name)


def _path(instance: Instance, name: str) -> str:
    return f"{instance.id}{LOCKS}/{quote(name, safe='')}?{VERSION}"


def _lock(entry: dict[str, Any]) -> Lock:
    at = entry["id"].lower().rindex(LOCKS.lower())
    properties = entry["properties"]
    return Lock(entry["name"], properties["level"], entry["id"][:at], properties.get("notes"))
