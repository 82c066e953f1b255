"""Management locks."""

from __future__ import annotations

from typing import Any

import pytest

from armsim.tests.client import Arm, code_of

DAY = 86400.0
LOCKS = "/providers/Microsoft.Authorization/locks"
VERSION = "2016-09-01"


def scopes(arm: Arm, vm: str) -> dict[str, str]:
    return {
        "subscription": f"/subscriptions/{arm.sim.subscription}",
        "group": arm.group(),
        "set": arm.sim.scale_sets["flex"],
        "vm": arm.sim.vm_id(vm),
    }


def lock(arm: Arm, scope: str, level: str, name: str = "l", **properties: Any) -> Any:
    body = {"properties": {"level": level, **properties}}
    return arm("PUT", f"{scope}{LOCKS}/{name}", body, **{"api-version": VERSION})


def names(arm: Arm, scope: str, **query: str) -> list[str]:
    return [one["name"] for one in arm.get(scope + LOCKS, **query).json()["value"]]


@pytest.mark.parametrize("where", ["subscription", "group", "set", "vm"])
def test_a_lock_from_put_to_delete(arm: Arm, vm: str, where: str) -> None:
    scope = scopes(arm, vm)[where]
    made = lock(arm, scope, "canNotDelete", notes="why", owners=[{"applicationId": "me"}])
    assert made.status_code == 201
    assert made.json() == {
        "properties": {"level": "CanNotDelete", "notes": "why", "owners": [{"applicationId": "me"}]},
        "id": f"{scope}{LOCKS}/l",
        "type": "Microsoft.Authorization/locks",
        "name": "l",
    }
    assert lock(arm, scope, "ReadOnly").status_code == 200
    assert arm.get(f"{scope.upper()}{LOCKS}/L").json()["properties"] == {"level": "ReadOnly"}
    assert [arm("DELETE", f"{scope}{LOCKS}/l").status_code for _ in range(2)] == [200, 204]
    assert code_of(arm.get(f"{scope}{LOCKS}/l")) == "LockNotFound"


def test_a_list_has_what_is_above_and_below_and_with_at_scope_not_below(arm: Arm, vm: str) -> None:
    for where, scope in scopes(arm, vm).items():
        lock(arm, scope, "CanNotDelete", where)
    other = arm.sim.names("flex")[1]
    lock(arm, arm.sim.vm_id(other), "CanNotDelete", "other")
    at = {"$filter": "atScope()"}
    found = {where: (names(arm, scope), names(arm, scope, **at)) for where, scope in scopes(arm, vm).items()}
    everything = ["subscription", "group", "set", "vm", "other"]
    assert found["subscription"] == (everything, ["subscription"])
    assert found["group"] == (everything, ["subscription", "group"])
    assert found["set"] == (["subscription", "group", "set"],) * 2
    assert found["vm"] == (["subscription", "group", "vm"],) * 2
    assert names(arm, arm.group(group="rg2")) == ["subscription"]
    assert arm.get(arm.group() + LOCKS, **{"$filter": "level eq 'ReadOnly'"}).status_code == 501


@pytest.mark.parametrize("level", ["CanNotDelete", "ReadOnly"])
@pytest.mark.parametrize("where", ["subscription", "group", "vm"])
def test_a_locked_vm_cannot_be_deleted(arm: Arm, vm: str, where: str, level: str) -> None:
    scope = scopes(arm, vm)[where]
    lock(arm, scope, level)
    answer = arm.act(vm, "delete")
    assert (answer.status_code, code_of(answer)) == (409, "ScopeLocked")
    assert answer.json()["error"]["message"] == (
        f"The scope '{arm.sim.vm_id(vm)}' cannot perform delete operation because following scope(s) are locked: "
        f"'{scope}'. Please remove the lock and try again."
    )
    arm("DELETE", f"{scope}{LOCKS}/l")
    assert arm.act(vm, "delete").status_code == 202


@pytest.mark.parametrize(
    ("method", "tail", "body"),
    [
        ("POST", "/restart", None),
        ("POST", "/runCommand", {"commandId": "RunShellScript"}),
        ("PATCH", "", {"tags": {}}),
        ("PUT", "/extensions/x", {"properties": {}}),
        ("DELETE", "/extensions/x", None),
    ],
)
def test_a_read_only_vm_cannot_be_written(arm: Arm, vm: str, method: str, tail: str, body: Any) -> None:
    lock(arm, arm.group(), "ReadOnly")
    answer = arm(method, arm.sim.vm_id(vm) + tail, body)
    assert (answer.status_code, code_of(answer)) == (409, "ScopeLocked")
    operation = "delete" if method == "DELETE" else "write"
    assert f"cannot perform {operation} operation" in answer.json()["error"]["message"]
    scope = arm.sim.vm_id(vm) + ("" if method == "POST" else tail)
    assert answer.json()["error"]["message"].startswith(f"The scope '{scope}' cannot")
    assert arm.sim.vm(vm)["accepted"] == {}


def test_what_a_lock_allows(arm: Arm, vm: str) -> None:
    other = arm.sim.names("flex")[1]
    lock(arm, arm.sim.vm_id(vm), "CanNotDelete")
    lock(arm, arm.sim.scale_sets["flex"], "ReadOnly")
    lock(arm, arm.sim.vm_id(other), "NotSpecified")
    assert arm.act(vm, "restart").status_code == 202
    assert arm.act(other, "delete").status_code == 202
    assert arm.get(arm.sim.vm_id(vm)).status_code == 200
    assert arm.ask("resources").status_code == 200


def test_a_lock_on_a_part_of_the_name_is_none(arm: Arm) -> None:
    arm.sim.reset({"resourceGroups": {"rg": {"virtualMachines": {"a": {}, "ab": {}}}}})
    lock(arm, arm.sim.vm_id("a"), "CanNotDelete")
    assert arm.act("ab", "delete").status_code == 202


def test_locks_can_be_changed_in_a_locked_group(arm: Arm, vm: str) -> None:
    lock(arm, arm.group(), "ReadOnly")
    assert lock(arm, arm.sim.vm_id(vm), "ReadOnly").status_code == 201
    assert arm("DELETE", f"{arm.sim.vm_id(vm)}{LOCKS}/l").status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        None,
        {"level": "ReadOnly"},
        {"properties": {"level": "Maybe"}},
        {"properties": {"notes": "x"}},
        {"properties": {"level": "ReadOnly", "colour": "blue"}},
        {"properties": {"level": "ReadOnly", "notes": "x" * 513}},
    ],
)
def test_a_lock_that_is_none(arm: Arm, body: Any) -> None:
    assert arm("PUT", f"{arm.group()}{LOCKS}/l", body).status_code == 400
    assert names(arm, arm.group()) == []


def test_only_what_exists_can_be_locked(arm: Arm) -> None:
    assert code_of(lock(arm, f"{arm.vms()}/ghost", "ReadOnly")) == "ResourceNotFound"
    assert code_of(lock(arm, arm.group(group="nowhere"), "ReadOnly")) == "ResourceGroupNotFound"
    assert lock(arm, arm.group("/providers/Microsoft.Storage/storageAccounts/x"), "ReadOnly").status_code == 501


def test_a_fault_hits_the_locks_of_a_vm(arm: Arm) -> None:
    one, two, *_ = arm.sim.names("flex")
    arm.sim.add_fault({"action": "lock-put", "vm": one, "fault": {"status": 503}})
    answers = [lock(arm, arm.sim.vm_id(name), "ReadOnly").status_code for name in (one, two)]
    assert answers == [503, 201]
    assert [(entry["action"], entry["vm"]) for entry in arm.sim.requests()] == [("lock-put", one), ("lock-put", two)]


def test_a_world_may_have_locks(arm: Arm) -> None:
    read_only = {"level": "ReadOnly", "notes": "why"}
    vm, group = {"locks": {"mine": read_only}}, {"locks": {"ours": {"level": "CanNotDelete"}}}
    web = {"instances": 2, "overrides": {"#1": vm}, "locks": {"sets": read_only}}
    world = {
        "locks": {"all": {"level": "NotSpecified"}},
        "resourceGroups": {"rg": {**group, "scaleSets": {"web": web}}},
    }
    arm.sim.reset(world)
    assert names(arm, f"/subscriptions/{arm.sim.subscription}") == ["all", "ours", "sets", "mine"]
    free, locked = arm.sim.names("web")
    assert [arm.act(name, "restart").status_code for name in (free, locked)] == [202, 409]
    with pytest.raises(ValueError, match="level"):
        arm.sim.reset({"locks": {"l": {}}})
