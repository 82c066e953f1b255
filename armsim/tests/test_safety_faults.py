"""Faults that break a client's safety features: refusals, odd answers, other clients, lost connections."""

from __future__ import annotations

import json
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
import requests

from armsim.tests.client import Arm, code_of

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY = 86400.0
HTML = "<html><body>502 Bad Gateway</body></html>"


def fault(arm: Arm, action: str, *, nth: int | None = None, method: str = "", **body: Any) -> None:
    rule = {"action": action, "per": "all", "fault": body}
    rule |= {"nth": nth} if nth else {}
    arm.sim.add_fault(rule | ({"method": method} if method else {}))


def for_a_while(arm: Arm, action: str, **body: Any) -> None:
    arm.sim.add_fault({"action": action, "seconds": 60, "fault": body})


def agent_of(arm: Arm, vm: str) -> str:
    word: str = arm.get(f"{arm.sim.vm_id(vm)}/instanceView").json()["vmAgent"]["statuses"][0]["displayStatus"]
    return word


@pytest.mark.parametrize("action", ["poll", "list", "scaleSet", "locks", "get"])
def test_a_right_to_read_may_be_missing_for_a_while(arm: Arm, vm: str, action: str) -> None:
    paths = {
        "poll": arm.act(vm, "restart").headers["Azure-AsyncOperation"].removeprefix(arm.sim.url),
        "list": arm.vms(),
        "scaleSet": arm.sim.scale_sets["flex"],
        "locks": arm.group("/providers/Microsoft.Authorization/locks"),
        "get": arm.sim.vm_id(vm),
    }
    for_a_while(arm, action, status=403)
    answer = arm.get(paths[action])
    assert (answer.status_code, code_of(answer)) == (403, "AuthorizationFailed")
    arm.sim.advance(61)
    assert arm.get(paths[action]).status_code == 200


def test_an_account_may_act_and_not_read(arm: Arm, vm: str) -> None:
    fault(arm, "*", method="GET", status=403)
    answer = arm.act(vm, "restart")
    assert answer.status_code == 202
    assert [arm.get(path).status_code for path in (arm.vms(), arm.sim.vm_id(vm))] == [403, 403]
    assert arm.follow(answer).status_code == 403
    arm.login()
    arm.sim.advance(DAY)
    assert arm.act(vm, "restart").status_code == 202


def test_a_token_is_refused_until_there_is_a_new_one(arm: Arm, vm: str) -> None:
    arm.sim.expire_tokens()
    assert [arm.act(vm, "restart").status_code for _ in range(2)] == [401, 401]
    arm.login()
    assert arm.act(vm, "restart").status_code == 202


@pytest.mark.parametrize(("status", "seconds"), [(409, 5), (429, 3600), (412, 7)])
def test_any_refusal_may_say_when_to_come_back(arm: Arm, vm: str, status: int, seconds: int) -> None:
    fault(arm, "restart", status=status, retryAfter=seconds)
    answer = arm.act(vm, "restart")
    assert (answer.status_code, answer.headers["Retry-After"]) == (status, str(seconds))


def test_the_reason_may_be_in_details_and_innererror_alone(arm: Arm) -> None:
    details = [{"code": "ReferencedResourceNotProvisioned", "message": "It is not in Succeeded state."}]
    inner = {"code": "Deep", "innererror": {"code": "Deeper"}}
    fault(arm, "lb-put", status=429, code="RetryableError", message="Retry.", details=details, innererror=inner)
    path = arm.group("/providers/Microsoft.Network/loadBalancers/flex-lb")
    error = arm("PUT", path, arm.get(path).json()).json()["error"]
    assert error == {"code": "RetryableError", "message": "Retry.", "details": details, "innererror": inner}


def test_a_failed_operation_may_have_details(arm: Arm, vm: str) -> None:
    fault(arm, "restart", kind="fail", details=[{"code": "X", "message": "Y"}])
    answer = arm.act(vm, "restart")
    arm.sim.advance(DAY)
    assert arm.follow(answer).json()["error"]["details"] == [{"code": "X", "message": "Y"}]


@pytest.mark.parametrize("text", ["\ud83d cut", "\x1b]0;title\x07", "\u202etxet", "\x85\x9b"])
def test_a_message_may_have_any_character(arm: Arm, vm: str, text: str) -> None:
    fault(arm, "restart", status=409, message=text)
    assert arm.act(vm, "restart").json()["error"]["message"] == text


ODD = [
    ({"status": 502, "text": HTML, "headers": {"Content-Type": "text/html"}}, 502, HTML.encode()),
    ({"status": 202, "text": HTML, "headers": {"Content-Type": "text/html"}}, 202, HTML.encode()),
    ({"text": ""}, 200, b""),
    ({"hex": "ff7b"}, 200, b"\xff{"),
    ({"body": []}, 200, b"[]"),
    ({"body": None}, 200, b"null"),
    ({"body": "x"}, 200, b'"x"'),
    ({"status": 304}, 304, b""),
]


@pytest.mark.parametrize(("change", "status", "content"), ODD)
def test_a_poll_may_have_any_answer(arm: Arm, vm: str, change: dict[str, Any], status: int, content: bytes) -> None:
    url = arm.act(vm, "restart").headers["Azure-AsyncOperation"]
    fault(arm, "poll", nth=1, kind="answer", **change)
    answer = arm.session.get(url)
    assert (answer.status_code, answer.content) == (status, content)
    assert answer.headers.get("Content-Type", "application/json").startswith(
        change.get("headers", {}).get("Content-Type", "application/json")
    )
    assert arm.session.get(url).json()["status"] == "InProgress"


@pytest.mark.parametrize(
    "members", [{"startTime": "0001-01-01T00:00:00"}, {"status": 200}, {"error": "text"}, {"status": None}]
)
def test_members_of_a_body_may_be_odd(arm: Arm, vm: str, members: dict[str, Any]) -> None:
    answer = arm.act(vm, "restart")
    fault(arm, "poll", kind="answer", members=members)
    assert arm.follow(answer).json().items() >= members.items()


def test_a_member_is_named_by_its_path(arm: Arm, vm: str) -> None:
    place = "properties.instanceView.vmAgent.statuses.0.displayStatus"
    fault(arm, "get", kind="answer", members={place: "Not Ready"})
    body = arm.get(arm.sim.vm_id(vm), **{"$expand": "instanceView"}).json()
    assert body["properties"]["instanceView"]["vmAgent"]["statuses"][0]["displayStatus"] == "Not Ready"
    assert agent_of(arm, vm) == "Ready"


def test_an_answer_may_end_before_its_length(arm: Arm) -> None:
    fault(arm, "list", nth=1, kind="answer", text='{"value": [', headers={"Content-Length": "5000"})
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        arm.get(arm.vms())
    assert arm.get(arm.vms()).status_code == 200


@pytest.mark.parametrize("status", [302, 307, 304])
@pytest.mark.parametrize("accepted", [True, False])
def test_a_request_may_be_redirected_with_and_without_effect(arm: Arm, vm: str, status: int, accepted: bool) -> None:
    elsewhere = {"Location": "https://localhost:1/elsewhere"}
    fault(arm, "restart", kind="answer", status=status, headers=elsewhere, accepted=accepted)
    url = f"{arm.sim.url}{arm.sim.vm_id(vm)}/restart?api-version=2024-03-01"
    answer = arm.session.post(url, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (status, elsewhere["Location"])
    assert arm.sim.accepted() == ({(vm, "restart"): 1} if accepted else {})


def test_an_acceptance_may_lead_nowhere(arm: Arm, vm: str) -> None:
    fault(arm, "restart", kind="answer", headers={"azure-asyncoperation": None, "Location": None})
    answer = arm.act(vm, "restart")
    assert answer.status_code == 202
    assert not {"Azure-AsyncOperation", "Location"} & set(answer.headers)
    assert arm.sim.vm(vm)["operation"] == "restart"


def test_a_gateway_may_give_up_after_the_acceptance(arm: Arm, vm: str) -> None:
    fault(arm, "restart", kind="answer", status=504, text=HTML, headers={"Content-Type": "text/html"})
    assert arm.act(vm, "restart").status_code == 504
    assert arm.sim.accepted() == {(vm, "restart"): 1}


class Stranger(BaseHTTPRequestHandler):
    seen: list[str]

    def do_GET(self) -> None:
        self.seen.append(self.path)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def stranger() -> Iterator[tuple[str, list[str]]]:
    """Another server on the loopback interface: its address and the paths that it was asked for."""
    Stranger.seen = []
    with HTTPServer(("127.0.0.1", 0), Stranger) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", Stranger.seen
        server.shutdown()
        thread.join()


def test_links_may_lead_to_another_host(arm: Arm, vm: str, stranger: tuple[str, list[str]]) -> None:
    host, seen = stranger
    arm.sim.configure(page_size=2)
    fault(arm, "restart", kind="answer", host=host)
    fault(arm, "list", kind="answer", host=host)
    answer = arm.act(vm, "restart")
    links = [answer.headers["Azure-AsyncOperation"], answer.headers["Location"], arm.get(arm.vms()).json()["nextLink"]]
    assert [link.partition("/subscriptions/")[0] for link in links] == [host] * 3
    for link in links:
        requests.get(link, timeout=10)
    assert len(seen) == 3


def test_connections_are_refused_for_a_while(arm: Arm, vm: str) -> None:
    for_a_while(arm, "*", kind="refuse")
    with pytest.raises(requests.ConnectionError):
        arm.act(vm, "restart")
    until = time.monotonic() + 30
    refused = ""
    while "refused" not in refused and time.monotonic() < until:
        with pytest.raises(requests.ConnectionError) as caught:
            arm.act(vm, "restart")
        refused = str(caught.value)
    assert "refused" in refused
    arm.sim.advance(61)
    while time.monotonic() < until:
        try:
            assert arm.act(vm, "restart").status_code == 202
            break
        except requests.ConnectionError:
            pass
    assert arm.sim.accepted() == {(vm, "restart"): 1}


def pages(arm: Arm, most: int = 20) -> list[list[str]]:
    answer = arm.get(arm.vms()).json()
    found = [[one["name"] for one in answer["value"]]]
    while "nextLink" in answer and len(found) < most:
        answer = arm.session.get(answer["nextLink"]).json()
        found.append([one["name"] for one in answer["value"]])
    return found


def test_a_vm_may_be_on_two_pages(arm: Arm) -> None:
    arm.sim.configure(page_size=3)
    whole = [name for page in pages(arm) for name in page]
    fault(arm, "list", nth=1, kind="overlap")
    found = [name for page in pages(arm) for name in page]
    assert (sorted(set(found)), len(found) - len(whole)) == (sorted(whole), 1)


def test_a_link_may_lead_to_its_own_page(arm: Arm) -> None:
    arm.sim.configure(page_size=3)
    fault(arm, "list", kind="loop")
    found = pages(arm)
    assert len(found) == 20
    assert all(page == found[0] for page in found)


def test_ids_may_change_their_case_between_lists(arm: Arm) -> None:
    fault(arm, "list", nth=2, kind="case")
    groups = [arm.get(arm.vms()).json()["value"][0]["id"].split("/")[4] for _ in range(3)]
    assert groups == ["RG", "rg", "RG"]


def vm_id(arm: Arm, vm: str) -> str:
    identifier: str = arm.get(arm.sim.vm_id(vm)).json()["properties"]["vmId"]
    return identifier


def test_a_vm_may_be_removed_before_a_request(arm: Arm) -> None:
    first, second, *_ = arm.sim.names("flex")
    fault(arm, "*", nth=3, kind="event", do="remove", vm=second)
    path = arm.sim.vm_id(second)
    assert [arm.get(path).status_code for _ in range(3)] == [200, 200, 404]
    assert arm.sim.vm(second) is None
    assert arm.sim.vm(first) is not None


def test_an_operation_on_a_vm_that_is_removed_is_canceled(arm: Arm, vm: str) -> None:
    answer = arm.act(vm, "restart")
    fault(arm, "poll", nth=1, kind="event", do="remove")
    assert arm.follow(answer).status_code == 200
    arm.sim.advance(DAY)
    assert arm.follow(answer).json()["error"]["code"] == "OperationPreempted"


def test_a_batch_ends_without_a_vm_that_is_removed(arm: Arm, vm: str) -> None:
    answer = arm("POST", f"{arm.sim.scale_sets['flex']}/restart")
    fault(arm, "group", kind="event", do="remove", vm=vm)
    arm.get(arm.group())
    arm.sim.advance(DAY)
    assert arm.follow(answer).json()["status"] == "Failed"


def test_a_scale_set_may_get_another_vm(arm: Arm, vm: str) -> None:
    names = arm.sim.names("flex")
    fault(arm, "group", nth=1, kind="event", do="add", vm=vm)
    arm.get(arm.group())
    (added,) = set(arm.sim.names("flex")) - set(names)
    assert added.startswith("flex_")
    assert arm.get(arm.sim.vm_id(added)).json()["properties"]["vmId"] != vm_id(arm, vm)


def test_a_vm_may_be_replaced_under_its_name(arm: Arm, vm: str) -> None:
    before, names = vm_id(arm, vm), arm.sim.names("flex")
    fault(arm, "restart", nth=1, kind="event", do="replace")
    assert arm.act(vm, "restart").status_code == 202
    assert vm_id(arm, vm) != before
    assert sorted(arm.sim.names("flex")) == sorted(names)
    assert arm.sim.vm(vm)["vmId"] == vm_id(arm, vm)
    nic = arm.group(f"/providers/Microsoft.Network/networkInterfaces/{vm}-nic")
    assert arm.get(nic).status_code == 200


def test_a_vm_may_be_in_deletion_before_its_turn(arm: Arm, vm: str) -> None:
    fault(arm, "restart", nth=1, kind="event", do="delete")
    assert code_of(arm.act(vm, "restart")) == "Conflict"
    assert arm.sim.vm(vm)["provisioningState"] == "Deleting"
    arm.sim.advance(DAY)
    assert arm.sim.vm(vm) is None


def test_another_client_acts_and_is_counted_apart(arm: Arm, vm: str) -> None:
    before = arm.get(f"{arm.sim.vm_id(vm)}/instanceView").json()["statuses"][0]["time"]
    fault(arm, "list", nth=1, kind="event", do="reapply", vm=vm)
    arm.get(arm.vms())
    arm.sim.advance(DAY)
    assert arm.get(f"{arm.sim.vm_id(vm)}/instanceView").json()["statuses"][0]["time"] > before
    assert arm.sim.accepted() == {(vm, "other-reapply"): 1}
    assert arm.sim.vm(vm)["accepted"] == {}


def test_an_event_may_come_later(arm: Arm, vm: str) -> None:
    fault(arm, "restart", kind="event", do="remove", delay=600)
    assert arm.act(vm, "restart").status_code == 202
    assert arm.sim.vm(vm) is not None
    arm.sim.advance(601)
    assert arm.sim.vm(vm) is None


def test_health_may_flap(arm: Arm) -> None:
    arm.sim.reset({"resourceGroups": {"rg": {"virtualMachines": {"a": {"vmHealth": "healthy"}}}}})
    fault(arm, "instanceView", nth=2, kind="event", do="health", word="unhealthy")
    fault(arm, "instanceView", nth=3, kind="event", do="health", word="healthy")
    path = f"{arm.sim.vm_id('a')}/instanceView"
    seen = [arm.get(path).json()["vmHealth"]["status"]["code"] for _ in range(3)]
    assert seen == ["HealthState/healthy", "HealthState/unhealthy", "HealthState/healthy"]


def test_an_agent_may_stop_reporting(arm: Arm, vm: str) -> None:
    fault(arm, "restart", kind="event", do="agent", word="Not Ready")
    arm.act(vm, "restart")
    assert agent_of(arm, vm) == "Not Ready"


def test_a_deletion_may_show_failed_in_between(arm: Arm, vm: str) -> None:
    fault(arm, "delete", kind="event", do="provisioning", word="Failed", delay=60)
    fault(arm, "delete", kind="event", do="provisioning", word="Deleting", delay=120)
    answer = arm.act(vm, "delete")
    seen = []
    for _ in range(3):
        seen.append(arm.get(arm.sim.vm_id(vm)).json()["properties"]["provisioningState"])
        arm.sim.advance(61)
    assert (seen, arm.follow(answer).json()["status"]) == (["Deleting", "Failed", "Deleting"], "InProgress")
    arm.sim.advance(DAY)
    assert arm.sim.vm(vm) is None


def test_a_run_command_may_end_with_an_error_in_its_output(arm: Arm, vm: str) -> None:
    value = [{"code": "ProvisioningState/failed", "level": "Error", "message": "exit status 1"}]
    fault(arm, "runCommand", kind="output", value=value)
    answer = arm.act(vm, "runCommand", {"commandId": "RunShellScript", "script": ["echo one"]})
    arm.sim.advance(DAY)
    done = arm.follow(answer).json()
    assert (done["status"], done["properties"]["output"]["value"]) == ("Succeeded", value)


def test_a_member_that_has_no_place_is_left_out(arm: Arm, vm: str) -> None:
    fault(arm, "poll", kind="answer", members={"properties.output.value.0.level": "Error", "name": "other"})
    body = arm.follow(arm.act(vm, "restart")).json()
    assert (body["name"], "properties" in body) == ("other", False)


def test_an_event_leaves_other_rules_their_turn(arm: Arm, vm: str) -> None:
    fault(arm, "restart", kind="event", do="agent", word="Not Ready")
    fault(arm, "restart", status=503)
    assert arm.act(vm, "restart").status_code == 503
    assert agent_of(arm, vm) == "Not Ready"


@pytest.mark.parametrize("forever", [False, True])
def test_reports_may_stay_stale_for_ever(arm: Arm, vm: str, forever: bool) -> None:
    arm.sim.configure(report_after=1e9 if forever else 3)
    path = f"{arm.sim.vm_id(vm)}/instanceView"
    before = arm.get(path).json()["vmAgent"]
    arm.act(vm, "restart")
    arm.sim.advance(DAY)
    assert (arm.get(path).json()["vmAgent"] == before) is forever


def test_a_batch_may_begin_late(arm: Arm, vm: str) -> None:
    arm.sim.configure(batch_delay=600)
    answer = arm("POST", f"{arm.sim.scale_sets['flex']}/restart", {"instanceIds": [vm]})
    assert (answer.status_code, arm.sim.vm(vm)["operation"], arm.sim.accepted()) == (202, None, {})
    arm.sim.advance(601)
    assert arm.sim.vm(vm)["operation"] == "vmss-restart"
    arm.sim.advance(DAY)
    assert arm.follow(answer).json()["status"] == "Succeeded"


def test_a_bulk_operation_may_wait_in_the_queue(arm: Arm, vm: str) -> None:
    arm.sim.configure(bulk_delay=DAY)
    path = arm.group("/providers/Microsoft.Compute/locations/westeurope/virtualMachinesBulkDeallocate")
    body = {"executionParameters": {}, "resources": {"ids": [arm.sim.vm_id(vm)]}}
    arm("POST", path, body, **{"api-version": "2026-06-06"})
    arm.sim.advance(DAY / 2)
    assert arm.sim.accepted() == {}
    arm.sim.advance(DAY)
    assert arm.sim.accepted() == {(vm, "bulk-deallocate"): 1}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"action": "list", "fault": {"kind": "answer", "status": 99}}, "200 to 599"),
        ({"action": "list", "fault": {"kind": "answer", "text": "a", "hex": "00"}}, "one of"),
        ({"action": "list", "fault": {"kind": "answer", "members": []}}, "members"),
        ({"action": "list", "fault": {"kind": "answer", "code": "x"}}, "code"),
        ({"action": "list", "fault": {"kind": "event", "do": "explode"}}, "explode"),
        ({"action": "list", "fault": {"kind": "event", "do": "health", "word": "ill"}}, "ill"),
        ({"action": "list", "fault": {"kind": "event", "do": "remove", "delay": -1}}, "delay"),
        ({"action": "restart", "fault": {"kind": "output", "value": []}}, "output"),
        ({"action": "list", "method": "FETCH", "fault": {"status": 403}}, "method"),
    ],
)
def test_a_wrong_rule_is_refused(arm: Arm, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        arm.sim.add_fault(wrong)


def test_faults_come_over_http_as_well(arm: Arm, vm: str) -> None:
    rule = {"action": "restart", "fault": {"kind": "event", "do": "remove"}}
    answer = arm.session.post(f"{arm.sim.url}/_sim/faults", data=json.dumps(rule))
    assert answer.json() == {"added": 1}
    assert arm.act(vm, "restart").status_code == 404
