"""Records of accepted changes and of operations."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from armsim.tests.client import Arm

DAY = 86400.0


def test_what_was_carried_out_is_counted_and_what_was_refused_is_not(arm: Arm) -> None:
    one, two, three, four, five, six = arm.sim.names("flex")
    for vm, fault in (
        (two, {"status": 409}),
        (three, {"status": 429}),
        (four, {"status": 500}),
        (five, {"kind": "fail"}),
        (six, {"kind": "gone"}),
    ):
        arm.sim.add_fault({"vm": vm, "action": "restart", "times": 1, "fault": fault})
    for vm in (one, two, three, four, five, six, one):
        arm.act(vm, "restart")
    assert arm.sim.accepted() == {(one, "restart"): 1, (five, "restart"): 1, (six, "restart"): 1}
    arm.sim.advance(DAY)
    for vm in (one, two):
        arm.act(vm, "restart")
    assert (arm.sim.accepted()[one, "restart"], arm.sim.accepted()[two, "restart"]) == (2, 1)


@pytest.mark.parametrize(("kind", "times"), [("drop-before", 0), ("drop-after", 1)])
def test_an_answer_that_got_lost_does_not_change_what_was_carried_out(arm: Arm, vm: str, kind: str, times: int) -> None:
    arm.sim.add_fault({"action": "deallocate", "fault": {"kind": kind}})
    with pytest.raises(requests.ConnectionError):
        arm.act(vm, "deallocate")
    assert arm.sim.accepted()[vm, "deallocate"] == times
    assert len(arm.sim.intervals()) == times


def test_everything_that_changes_a_vm_is_counted(arm: Arm, vm: str) -> None:
    path = arm.sim.vm_id(vm)
    extension = {"location": "x", "properties": {"publisher": "P", "type": "T", "typeHandlerVersion": "1.0"}}
    lock = f"{path}/providers/Microsoft.Authorization/locks/mine"
    for method, tail, body in (
        ("PATCH", path, {"tags": {"a": "b"}}),
        ("PUT", f"{path}/extensions/e", extension),
        ("DELETE", f"{path}/extensions/e", None),
        ("DELETE", f"{path}/extensions/e", None),
        ("POST", f"{path}/runCommand", {"commandId": "RunShellScript"}),
        ("PUT", lock, {"properties": {"level": "CanNotDelete"}}),
        ("DELETE", lock, None),
        ("DELETE", lock, None),
        ("DELETE", path, None),
    ):
        assert arm(method, tail, body).status_code < 300
        arm.sim.advance(DAY)
    actions = ["vm-update", "extension-put", "extension-delete", "runCommand", "lock-put", "lock-delete", "delete"]
    assert arm.sim.accepted() == {(vm, action): 1 for action in actions}


def test_an_interval_has_the_place_of_its_vm_and_its_times(arm: Arm, vm: str) -> None:
    truth = arm.sim.vm(vm)
    arm.act(vm, "restart")
    (running,) = arm.sim.intervals()
    assert running[:4] == (vm, truth["zone"], truth["faultDomain"], "restart")
    assert running.ended is None
    assert running.began == arm.sim.requests()[0]["monotonic"]
    arm.sim.advance(DAY)
    (over,) = arm.sim.intervals()
    assert over[:5] == running[:5]
    assert 0.7 * 3600 <= over.ended - over.began <= 1.3 * 3600


def test_intervals_tell_whether_two_zones_were_ever_worked_on_at_once(arm: Arm) -> None:
    def overlaps() -> bool:
        done = arm.sim.intervals()
        pairs = ((one, other) for one in done for other in done if one.zone != other.zone)
        return any(one.began < other.ended and other.began < one.ended for one, other in pairs)

    names = arm.sim.names("flex")
    for zone in "123":
        for name in names:
            if arm.sim.vm(name)["zone"] == zone:
                arm.act(name, "restart")
        arm.sim.advance(DAY)
    assert len(arm.sim.intervals()) == len(names)
    assert not overlaps()
    for name in names[:2]:
        arm.act(name, "restart")
    arm.sim.advance(DAY)
    assert overlaps()


def test_a_stuck_operation_has_no_end(arm: Arm, vm: str) -> None:
    arm.sim.add_fault({"action": "restart", "fault": {"kind": "stuck"}})
    arm.act(vm, "restart")
    arm.sim.advance(DAY)
    assert [one.ended for one in arm.sim.intervals()] == [None]


@pytest.mark.parametrize(("tail", "action"), [("restart", "vmss-restart"), ("manualupgrade", "manualupgrade")])
def test_a_call_for_many_has_an_interval_for_each(arm: Arm, tail: str, action: str) -> None:
    names = arm.sim.names("flex")[:3]
    arm("POST", f"{arm.sim.scale_sets['flex']}/{tail}", {"instanceIds": names})
    assert [(one.vm, one.action, one.ended) for one in arm.sim.intervals()] == [(name, action, None) for name in names]
    arm.sim.advance(DAY)
    assert all(one.ended for one in arm.sim.intervals())
    assert arm.sim.accepted() == {(name, action): 1 for name in names}


def test_another_process_gets_it_all_in_one_request(arm: Arm, vm: str) -> None:
    arm.act(vm, "restart")
    told: dict[str, Any] = arm.session.get(f"{arm.sim.url}/_sim/changes").json()
    assert told["accepted"] == [{"id": arm.sim.vm_id(vm), "action": "restart", "times": 1}]
    assert told["intervals"] == [one._asdict() for one in arm.sim.intervals()]


def test_a_reset_forgets_what_was(arm: Arm, vm: str) -> None:
    arm.act(vm, "restart")
    arm.sim.reset()
    assert (arm.sim.accepted(), arm.sim.intervals()) == ({}, [])
