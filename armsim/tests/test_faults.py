"""Faults: which calls they hit and what they do."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Event
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


def test_a_malformed_acceptance_was_one_all_the_same(arm: Arm, vm: str) -> None:
    arm.sim.add_fault({"action": "restart", "fault": {"kind": "malformed"}})
    answer = arm.act(vm, "restart")
    assert answer.status_code == 202
    with pytest.raises(requests.JSONDecodeError):
        answer.json()
    assert arm.sim.accepted() == {(vm, "restart"): 1}


def test_an_answer_without_content_cannot_be_malformed(arm: Arm) -> None:
    arm.sim.reset({"resourceGroups": {"rg": {"virtualMachines": {"a": {"priority": "Spot"}}}}})
    arm.sim.add_fault({"action": "simulateEviction", "fault": {"kind": "malformed"}})
    answer = arm.act("a", "simulateEviction")
    assert (answer.status_code, "Content-Type" in answer.headers) == (204, False)


def test_a_malformed_poll_is_no_json(arm: Arm, vm: str) -> None:
    arm.sim.add_fault({"action": "poll", "nth": 1, "fault": {"kind": "malformed"}})
    answer = arm.act(vm, "restart")
    first, second = arm.follow(answer), arm.follow(answer)
    assert (first.status_code, first.text, second.json()["status"]) == (200, '{"value": [{"name": ', "InProgress")


@pytest.mark.parametrize("kind", ["drop-before", "drop-after"])
@pytest.mark.parametrize("action", ["poll", "list"])
def test_a_look_can_be_dropped_and_asked_again(arm: Arm, vm: str, action: str, kind: str) -> None:
    arm.sim.add_fault({"action": action, "times": 1, "fault": {"kind": kind}})
    answer = arm.act(vm, "restart")
    url = {"poll": answer.headers["Azure-AsyncOperation"], "list": f"{arm.sim.url}{arm.vms()}?api-version=2024-03-01"}
    with pytest.raises(requests.ConnectionError):
        arm.session.get(url[action])
    assert arm.session.get(url[action]).status_code == 200


@pytest.mark.parametrize("times", [1, 2])
def test_a_token_can_be_refused_though_it_is_good(arm: Arm, vm: str, times: int) -> None:
    arm.sim.add_fault({"action": "restart", "times": times, "fault": {"status": 401}})
    answers = [arm.act(vm, "restart") for _ in range(times + 1)]
    assert [answer.status_code for answer in answers] == [401] * times + [202]
    assert answers[0].json()["error"]["code"] == "ExpiredAuthenticationToken"
    assert answers[0].headers["WWW-Authenticate"].startswith("Bearer ")


@pytest.mark.parametrize("action", ["restart", "redeploy", "delete"])
def test_a_vm_that_another_client_deletes_cancels_the_operation(arm: Arm, vm: str, action: str) -> None:
    arm.sim.add_fault({"action": action, "fault": {"kind": "deleted"}})
    answer, path = arm.act(vm, action), arm.sim.vm_id(vm)
    assert (arm.follow(answer).json()["status"], arm.get(path).status_code) == ("InProgress", 200)
    arm.sim.advance(DAY)
    body = arm.follow(answer).json()
    assert (body["status"], body["error"]["code"]) == ("Canceled", "OperationPreempted")
    assert arm.get(path).status_code == 404
    assert vm not in arm.sim.names("flex")


def test_a_vm_that_another_client_deallocates_cancels_the_operation(arm: Arm, vm: str) -> None:
    arm.sim.add_fault({"action": "restart", "fault": {"kind": "deallocated"}})
    answer = arm.act(vm, "restart")
    arm.sim.advance(DAY)
    body = arm.follow(answer).json()
    assert (body["status"], body["error"]["code"]) == ("Canceled", "OperationPreempted")
    truth = arm.sim.vm(vm)
    assert (truth["powerState"], truth["provisioningState"]) == ("deallocated", "Succeeded")


def test_with_the_vm_the_operation_may_be_gone_as_well(arm: Arm, vm: str) -> None:
    arm.sim.add_fault({"action": "restart", "fault": {"kind": "deleted", "status": 404}})
    answer = arm.act(vm, "restart")
    assert arm.follow(answer).status_code == 200
    arm.sim.advance(DAY)
    assert [arm.follow(answer, header).status_code for header in ("Azure-AsyncOperation", "Location")] == [404, 404]
    assert arm.sim.vm(vm) is None


def test_a_vm_may_be_deleted_while_an_extension_is_put_into_it(arm: Arm, vm: str) -> None:
    arm.sim.add_fault({"action": "extension-put", "fault": {"kind": "deleted"}})
    body = {"location": "x", "properties": {"publisher": "P", "type": "T", "typeHandlerVersion": "1.0"}}
    answer = arm("PUT", f"{arm.sim.vm_id(vm)}/extensions/e", body)
    arm.sim.advance(DAY)
    assert arm.follow(answer).json()["status"] == "Canceled"
    assert arm.sim.vm(vm) is None


def statuses_of_lists(arm: Arm, times: int) -> list[int]:
    return [arm.get(arm.group()).status_code for _ in range(times)]


def test_a_share_of_the_calls_goes_wrong_the_same_ones_every_time(arm: Arm) -> None:
    def run(seed: int, share: float) -> list[int]:
        arm.sim.reset()
        arm.sim.add_fault({"action": "group", "share": share, "seed": seed, "fault": {"status": 503}})
        return statuses_of_lists(arm, 200)

    first, again, other, more = run(1, 0.25), run(1, 0.25), run(2, 0.25), run(1, 0.75)
    assert first == again != other
    assert 30 <= first.count(503) <= 70
    assert 130 <= more.count(503) <= 170


def test_a_share_ends_with_the_times_of_its_rule(arm: Arm) -> None:
    arm.sim.add_fault({"action": "group", "share": 0.5, "times": 20, "fault": {"status": 503}})
    statuses = statuses_of_lists(arm, 40)
    assert 0 < statuses[:20].count(503) < 20
    assert statuses[20:] == [200] * 20


def test_a_storm_passes(arm: Arm, vm: str) -> None:
    storm = {"action": "restart", "per": "all", "seconds": 60, "fault": {"status": 429, "retryAfter": 5}}
    arm.sim.add_fault(storm)
    assert arm.act(vm, "restart").status_code == 429
    arm.sim.advance(59)
    assert arm.act(vm, "restart").status_code == 429
    arm.sim.advance(1)
    assert arm.act(vm, "restart").status_code == 202


def test_rules_and_limits_may_come_while_requests_run(arm: Arm) -> None:
    arm.sim.configure(limits_capacity=0.01, limits_refill=0.0001)
    names, over = arm.sim.names("flex"), Event()

    def keep_looking() -> set[int]:
        client, statuses = Arm(arm.sim), set()
        while not over.is_set():
            statuses.add(client.get(client.group()).status_code)
        client.session.close()
        return statuses

    with ThreadPoolExecutor(4) as pool:
        looks = [pool.submit(keep_looking) for _ in range(4)]
        try:
            arm.sim.add_fault({"action": "restart", "times": 1, "per": "all", "fault": {"status": 503}})
            first = [arm.act(name, "restart").status_code for name in names[:2]]
            arm.sim.configure(limits=True)
            later = [arm.act(name, "restart").status_code for name in names[2:]]
        finally:
            over.set()
    assert first == [503, 202]
    assert later == [202, 202, 429, 429]
    assert {status for look in looks for status in look.result()} <= {200, 429}
    assert sum(arm.sim.accepted().values()) == 3


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
        ({"action": "restart", "fault": {"status": 500}, "share": 1.5}, "share"),
        ({"action": "restart", "fault": {"status": 500}, "share": 0.5, "nth": 2}, "none with nth"),
        ({"action": "restart", "fault": {"status": 500}, "seed": 7}, "none without a share"),
        ({"action": "restart", "fault": {"status": 500}, "seconds": 0}, "seconds"),
        ({"action": "*", "fault": {"kind": "deleted"}}, "single VM"),
        ({"action": "vmss-restart", "fault": {"kind": "deleted"}}, "single VM"),
        ({"action": "restart", "fault": {"kind": "deleted", "status": 500}}, "404 or none"),
        ({"action": "vmss-restart", "fault": {"kind": "deallocated"}}, "single VM"),
    ],
)
def test_a_rule_that_says_something_else_is_refused(arm: Arm, rule: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        arm.sim.add_fault(rule)


def test_a_reset_lets_nothing_go_wrong(arm: Arm) -> None:
    arm.sim.add_fault({"action": "list", "fault": {"status": 500}})
    arm.sim.reset()
    assert arm.get(arm.vms()).status_code == 200
