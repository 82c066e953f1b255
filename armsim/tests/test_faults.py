"""Does each kind of fault hit exactly the calls that its rule names?"""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from armsim.tests.client import Arm

DAY = 86400.0


def test_nth_counts_the_calls_of_each_vm_by_itself(arm: Arm) -> None:
    one, two, *_ = arm.sim.names("flex")
    arm.sim.add_fault({"action": "reapply", "nth": 2, "fault": {"status": 503}})
    assert [arm.act(name, "reapply").status_code for name in (one, two)] == [202, 202]
    arm.sim.advance(DAY)
    assert [arm.act(name, "reapply").status_code for name in (one, two, one)] == [503, 503, 202]


def test_per_all_counts_all_vms_together(arm: Arm) -> None:
    arm.sim.add_fault({"action": "restart", "times": 2, "per": "all", "fault": {"status": 500}})
    statuses = [arm.act(name, "restart").status_code for name in arm.sim.names("flex")]
    assert statuses == [500, 500, 202, 202, 202, 202]


def test_a_glob_chooses_the_vms(arm: Arm) -> None:
    chosen, other = arm.sim.names("flex")[0], arm.sim.names("other")[0]
    arm.sim.add_fault({"vm": "FLEX_*", "action": "*", "fault": {"status": 409}})
    assert (arm.act(chosen, "restart").status_code, arm.act(other, "restart").status_code) == (409, 202)
    assert arm.get(arm.sim.vm_id(chosen)).status_code == 409
    assert arm.get(arm.vms()).status_code == 200


def test_a_throttled_answer_is_the_compute_providers(arm: Arm, vm: str) -> None:
    arm.sim.add_fault({"vm": vm, "action": "restart", "nth": 1, "fault": {"status": 429, "retryAfter": 7}})
    arm.sim.add_fault({"vm": vm, "action": "restart", "nth": 2, "fault": {"status": 429}})
    first, second = arm.act(vm, "restart"), arm.act(vm, "restart")
    assert (first.headers["Retry-After"], second.headers.get("Retry-After")) == ("7", None)
    error = first.json()["error"]
    assert (error["code"], error["details"][0]["code"]) == ("OperationNotAllowed", "TooManyRequests")
    assert json.loads(error["details"][0]["message"])["operationGroup"] == "UpdateVM"
    assert arm.sim.vm(vm)["accepted"] == {}


def test_status_code_and_message_are_free(arm: Arm, vm: str) -> None:
    fault = {"status": 418, "code": "Teapot", "message": "Short and stout."}
    arm.sim.add_fault({"action": "get", "fault": fault})
    answer = arm.get(arm.sim.vm_id(vm))
    assert (answer.status_code, answer.json()) == (
        418,
        {"error": {"code": "Teapot", "message": "Short and stout."}},
    )


@pytest.mark.parametrize(("kind", "accepted"), [("drop-before", {}), ("drop-after", {"restart": 1})])
def test_a_dropped_connection_leaves_the_request_accepted_or_not(
    arm: Arm, vm: str, kind: str, accepted: dict[str, int]
) -> None:
    arm.sim.add_fault({"vm": vm, "action": "restart", "times": 1, "fault": {"kind": kind}})
    with pytest.raises(requests.ConnectionError):
        arm.act(vm, "restart")
    assert arm.sim.vm(vm)["accepted"] == accepted
    assert [entry["status"] for entry in arm.sim.requests()] == [None]
    assert arm.get(arm.sim.vm_id(vm)).status_code == 200


def test_a_failed_operation_says_why_everywhere(arm: Arm, vm: str) -> None:
    arm.sim.add_fault({"action": "start", "fault": {"kind": "fail", "code": "AllocationFailed", "message": "Full."}})
    arm.act(vm, "deallocate")
    arm.sim.advance(DAY)
    answer = arm.act(vm, "start")
    arm.sim.advance(DAY)
    error = {"code": "AllocationFailed", "message": "Full."}
    poll = arm.follow(answer).json()
    assert (poll["status"], poll["error"]) == ("Failed", error)
    assert arm.follow(answer, "Location").json() == {"error": error}
    view = arm.get(f"{arm.sim.vm_id(vm)}/instanceView").json()["statuses"]
    assert view[0]["code"] == "ProvisioningState/failed/AllocationFailed"
    assert view[1]["code"] == "PowerState/deallocated"
    assert arm.get(arm.sim.vm_id(vm)).json()["properties"]["provisioningState"] == "Failed"


def test_a_stuck_operation_never_ends(arm: Arm, vm: str) -> None:
    arm.sim.add_fault({"action": "restart", "fault": {"kind": "stuck"}})
    answer = arm.act(vm, "restart")
    arm.sim.advance(DAY)
    assert arm.follow(answer).json()["status"] == "InProgress"
    assert arm.sim.vm(vm)["operation"] == "restart"


def test_a_gone_operation_cannot_be_polled_and_yet_goes_on(arm: Arm, vm: str) -> None:
    arm.sim.add_fault({"action": "powerOff", "fault": {"kind": "gone"}})
    answer = arm.act(vm, "powerOff")
    assert arm.follow(answer).status_code == 404
    arm.sim.advance(DAY)
    assert arm.sim.vm(vm)["powerState"] == "stopped"


def test_polls_of_a_vm_can_fail(arm: Arm, vm: str) -> None:
    arm.sim.add_fault({"vm": vm, "action": "poll", "nth": 2, "fault": {"status": 503}})
    answer = arm.act(vm, "restart")
    assert [arm.follow(answer).status_code for _ in range(3)] == [200, 503, 200]


def test_a_malformed_answer_is_no_json(arm: Arm) -> None:
    arm.sim.add_fault({"action": "list", "fault": {"kind": "malformed"}})
    answer = arm.get(arm.vms())
    assert answer.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_resource_graph_can_be_throttled(arm: Arm) -> None:
    arm.sim.add_fault({"action": "arg", "times": 1, "fault": {"status": 429, "retryAfter": 1}})
    assert [arm.ask("resources").status_code for _ in range(2)] == [429, 200]


@pytest.mark.parametrize(
    ("rule", "named"),
    [
        ({"action": "restart"}, "an action and a fault"),
        ({"action": "explode", "fault": {"status": 500}}, "explode"),
        ({"action": "restart", "fault": {"status": 200}}, "200"),
        ({"action": "restart", "fault": {"kind": "sulk"}}, "sulk"),
        ({"action": "restart", "fault": {}}, "None"),
        ({"action": "get", "fault": {"kind": "stuck"}}, "starts no operation"),
        ({"action": "simulateEviction", "fault": {"kind": "fail"}}, "starts no operation"),
        ({"action": "restart", "fault": {"status": 500, "color": 1}}, "color"),
        ({"action": "restart", "fault": {"status": 500}, "nht": 1}, "nht"),
        ({"action": "restart", "fault": {"status": 500}, "nth": 1, "times": 1}, "not both"),
        ({"action": "restart", "fault": {"status": 500}, "per": "set"}, "per 'vm' or 'all'"),
    ],
)
def test_a_rule_that_says_something_else_is_refused(arm: Arm, rule: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        arm.sim.add_fault(rule)


def test_a_reset_lets_nothing_go_wrong(arm: Arm) -> None:
    arm.sim.add_fault({"action": "list", "fault": {"status": 500}})
    arm.sim.reset()
    assert arm.get(arm.vms()).status_code == 200
