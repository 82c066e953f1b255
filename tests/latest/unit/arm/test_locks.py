"""Resource locks, and the protection that the scale set itself gives."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given

from armsim import Simulator
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.locks import OURS, Lock, delete_lock, locks_of, merge_policy, protect, put_lock
from azext_flexcompare.instances import Instance
from azext_flexcompare.scheduler.poller import Unanswered
from azext_flexcompare.table.entries import operations
from tests.latest.helpers.factories import instance
from tests.latest.helpers.hostile import Recorder, hostile
from tests.latest.helpers.worlds import changes

Policy = tuple[bool | None, bool | None]  # protectFromScaleIn, protectFromScaleSetActions
VM = instance().id
BY_NAME = {one.name: one for one in operations()}


@pytest.mark.parametrize("call", [delete_lock, partial(put_lock, level="ReadOnly", notes=None)])
@given(name=hostile.filter(bool))
def test_no_name_of_a_lock_leaves_its_instance(call: Callable[..., Any], name: str) -> None:
    asked = Recorder()
    call(asked.azure, instance(), name=name)
    path, query = asked.only()
    assert "/".join(path[:-1]) == f"{instance().id}/providers/Microsoft.Authorization/locks"
    assert path[-1] == name
    assert list(query) == ["api-version"]


@pytest.mark.parametrize(
    ("scope", "holds", "own"),
    [
        (VM, True, True),
        (VM.upper(), True, True),
        (VM.rpartition("/providers")[0], True, False),
        ("/subscriptions/s", True, False),
        (f"{VM}2", False, False),
        (VM[:-1], False, False),
    ],
)
def test_a_lock_holds_for_what_is_in_its_scope(scope: str, holds: bool, own: bool) -> None:
    lock = Lock("l", "ReadOnly", scope, None)
    assert (lock.holds_for(VM), lock.is_on(VM)) == (holds, own)


@pytest.mark.parametrize(
    ("level", "operation", "forbidden"),
    [
        ("ReadOnly", "restart", True),
        ("CanNotDelete", "restart", False),
        ("CanNotDelete", "delete-instances", True),
        ("ReadOnly", "protection remove", False),
        ("ReadOnly", "protection set", False),
    ],
)
def test_a_lock_forbids_what_azure_refuses_under_it(level: str, operation: str, forbidden: bool) -> None:
    assert Lock("l", level, VM, None).forbids(BY_NAME[operation]) is forbidden


def test_a_lock_that_was_put_is_listed_until_it_is_deleted(azure: Azure, members: Callable[[], list[Instance]]) -> None:
    one = members()[0]
    assert put_lock(azure, one, OURS, "CanNotDelete", "Mine.").acceptance.poll.done
    [found] = [lock for lock in locks_of(azure, [one, one]) if lock.is_on(one.id)]
    assert found[:2] == (OURS, "CanNotDelete")
    assert found.notes == "Mine."
    assert delete_lock(azure, one, OURS).acceptance.poll.done
    assert not any(lock.is_on(one.id) for lock in locks_of(azure, [one]))


@pytest.mark.parametrize(
    ("before", "policy", "merged"),
    [
        ((False, False), (None, True), (None, True)),
        ((True, False), (None, True), (True, True)),
        ((False, True), (True, None), (True, True)),
        ((True, True), (None, False), (True, False)),
        ((False, False), (True, None), (True, False)),
        ((True, True), (False, None), (False, True)),
    ],
)
def test_a_policy_that_azure_refuses_is_sent_only_where_it_was_asked_for(
    before: Policy, policy: Policy, merged: Policy
) -> None:
    def as_json(one: Policy) -> dict[str, bool]:
        names = ("protectFromScaleIn", "protectFromScaleSetActions")
        return {name: value for name, value in zip(names, one, strict=True) if value is not None}

    assert merge_policy(as_json(before), as_json(policy)) == as_json(merged)


def test_the_name_of_a_lock_is_compared_without_regard_to_case() -> None:
    lock = Lock("Guard", "CanNotDelete", "/x", None)
    assert lock.is_named("gUARD")
    assert not lock.is_named("guard2")


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 503},
        {"kind": "drop-before"},
        {"kind": "malformed"},
        {"kind": "answer", "text": "[1]"},
        {"kind": "answer", "text": "{}"},
    ],
    ids=str,
)
def test_a_view_that_cannot_be_read_is_read_again_before_anything_is_put(
    azure: Azure, members: Callable[[], list[Instance]], sim: Simulator, fault: dict[str, Any]
) -> None:
    sim.add_fault({"action": "showInstance", "times": 1, "fault": fault})
    one = members()[0]
    with pytest.raises(Unanswered):
        protect(azure, one, {"protectFromScaleIn": True})
    assert changes(sim) == []
    protect(azure, one, {"protectFromScaleIn": True})
    (sent,) = changes(sim)
    assert sent["body"]["location"] == "westeurope"
