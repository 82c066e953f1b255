"""Bulk services: acceptance, schedule, execution and cancellation."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from armsim.tests.client import Arm, code_of

HOUR, DAY = 3600.0, 86400.0
RETRY = {"retryPolicy": {"retryCount": 3, "retryWindowInMinutes": 60}}
BULK = {"api-version": "2026-06-06"}
SCHEDULE = {"api-version": "2025-05-01"}
CORRELATED = {"correlationid": "3f1e7a5c-0000-4000-8000-000000000001"}


class Bulk:
    """The service of Microsoft.Compute: one resource group, four operations."""

    def __init__(self, arm: Arm, group: str = "rg", location: str = "westeurope") -> None:
        self.arm = arm
        self.path = arm.group(f"/providers/Microsoft.Compute/locations/{location}", group)

    def post(self, name: str, body: Any, **query: str) -> requests.Response:
        return self.arm("POST", f"{self.path}/virtualMachinesBulk{name}", body, **{**BULK, **query})

    def start(self, kind: str, names: list[str], **extra: Any) -> list[dict[str, Any]]:
        ids = [name if "/" in name else self.arm.sim.vm_id(name) for name in names]
        answer = self.post(kind, {"executionParameters": RETRY, "resources": {"ids": ids}, **extra})
        assert answer.status_code == 200, answer.text
        return answer.json()["results"]

    def tell(self, rows: list[dict[str, Any]], name: str = "GetOperationStatus") -> list[dict[str, Any]]:
        ids = [row["operation"]["operationId"] for row in rows]
        answer = self.post(name, {"operationIds": ids})
        assert answer.status_code == 200, answer.text
        return answer.json()["results"]

    def states(self, rows: list[dict[str, Any]], name: str = "GetOperationStatus") -> list[str]:
        return [row["operation"]["state"] for row in self.tell(rows, name)]


class Schedule(Bulk):
    """Microsoft.ComputeSchedule: the whole subscription, three operations, a correlation id."""

    def __init__(self, arm: Arm, location: str = "westeurope") -> None:
        super().__init__(arm)
        self.path = f"/subscriptions/{arm.sim.subscription}/providers/Microsoft.ComputeSchedule/locations/{location}"

    def post(self, name: str, body: Any, **query: str) -> requests.Response:
        verbs = {"GetOperationStatus": name, "Cancel": "CancelOperations"}
        path = f"{self.path}/virtualMachines{verbs.get(name, f'Execute{name}')}"
        return self.arm("POST", path, {**CORRELATED, **body}, **{**SCHEDULE, **query})


@pytest.fixture(params=[Bulk, Schedule])
def service(request: pytest.FixtureRequest, arm: Arm) -> Bulk:
    return request.param(arm)


def test_an_operation_goes_through_its_states(service: Bulk, vm: str) -> None:
    sim = service.arm.sim
    rows = service.start("Deallocate", [vm])
    seen = [rows[0]["operation"]["state"]]
    for _ in range(8):
        sim.advance(HOUR * 0.05)
        seen += service.states(rows)
    assert list(dict.fromkeys(seen)) == ["PendingScheduling", "Scheduled", "PendingExecution", "Executing"]
    truth = sim.vm(vm)
    assert (truth["powerState"], truth["provisioningState"]) == ("deallocating", "Updating")
    sim.advance(DAY)
    (row,) = service.tell(rows)
    assert (row["operation"]["state"], row["operation"]["completedAt"] is None) == ("Succeeded", False)
    assert sim.vm(vm)["powerState"] == "deallocated"
    assert sum(sim.vm(vm)["accepted"].values()) == 1


def test_the_answer_is_shaped_as_documented(arm: Arm, vm: str) -> None:
    body = {"executionParameters": RETRY, "resources": {"ids": [arm.sim.vm_id(vm)]}}
    whole = Bulk(arm).post("Start", body).json()
    (row,) = whole.pop("results")
    assert whole == {"description": "Start Resource request", "type": "VirtualMachines", "location": "westeurope"}
    operation = row.pop("operation")
    assert row == {"resourceId": arm.sim.vm_id(vm), "errorCode": None, "errorDetails": None}
    assert len(operation.pop("operationId")) == 36
    assert operation.pop("deadline").startswith("20")
    assert operation == {
        "resourceId": arm.sim.vm_id(vm),
        "opType": "Start",
        "subscriptionId": arm.sim.subscription,
        "deadlineType": "InitiateAt",
        "state": "PendingScheduling",
        "timezone": "UTC",
        "retryPolicy": {"retryCount": 3, "retryWindowInMinutes": 60},
    }


@pytest.mark.parametrize("kind", ["Start", "Deallocate", "Hibernate"])
def test_both_services_do_the_same(service: Bulk, kind: str) -> None:
    overrides = {"*": {"hibernationEnabled": True, "powerState": "deallocated" if kind == "Start" else "running"}}
    sets = {"web": {"instances": 3, "overrides": overrides}}
    service.arm.sim.reset({"resourceGroups": {"rg": {"scaleSets": sets}}})
    names = service.arm.sim.names("web")
    rows = service.start(kind, names)
    service.arm.sim.advance(DAY)
    assert service.states(rows) == ["Succeeded"] * 3
    power = {"Start": "running", "Deallocate": "deallocated", "Hibernate": "hibernated"}[kind]
    assert {service.arm.sim.vm(name)["powerState"] for name in names} == {power}


def test_only_one_of_them_deletes(arm: Arm, vm: str) -> None:
    rows = Bulk(arm).start("Delete", [vm], forceDeletion=True)
    arm.sim.advance(DAY)
    assert Bulk(arm).states(rows) == ["Succeeded"]
    assert arm.sim.vm(vm) is None
    assert Schedule(arm).post("Delete", {}).status_code == 501


def test_each_row_is_judged_by_itself(arm: Arm) -> None:
    groups: Any = {
        "rg": {
            "virtualMachines": {"good": {}, "busy": {}, "locked": {"locks": {"l": {"level": "ReadOnly"}}}, "no": {}}
        },
        "rg2": {"virtualMachines": {"near": {}}},
        "far": {"location": "eastus", "virtualMachines": {"far": {}}},
    }
    arm.sim.reset({"resourceGroups": groups})
    arm.sim.add_fault({"action": "*", "vm": "no", "fault": {"status": 403, "code": "AuthorizationFailed"}})
    arm.act("busy", "restart")
    service = Bulk(arm)
    ghost = f"{arm.vms()}/ghost"
    named = ["good", "good", "busy", "locked", "no", "near", "far", ghost, "/nonsense"]
    rows = service.start("Start", named)
    codes = [None, "Conflict", "Conflict", "ScopeLocked", "AuthorizationFailed", "ResourceGroupMismatch",
             "ResourceGroupMismatch", "ResourceNotFound", "InvalidResourceId"]  # fmt: skip
    assert [row["errorCode"] for row in rows] == codes
    assert ["operation" in row for row in rows] == [True] + [False] * 8
    assert rows[-2]["resourceId"] == ghost
    rows = Schedule(arm).start("Start", ["near", "far"])
    assert [row["errorCode"] for row in rows] == [None, "LocationMismatch"]
    far = Schedule(arm, "EastUS").start("Start", ["far"])
    assert far[0]["errorCode"] is None
    assert "errorCode" in Schedule(arm).tell(far)[0]
    assert Schedule(arm).tell(far)[0]["errorCode"] == "OperationNotFound"


@pytest.mark.parametrize(
    ("rule", "state"),
    [
        ({"action": "start", "fault": {"kind": "fail", "code": "Full", "message": "No."}}, "Failed"),
        ({"action": "bulk-start", "fault": {"kind": "fail", "code": "Full", "message": "No."}}, "Failed"),
        ({"action": "start", "fault": {"kind": "stuck"}}, "Executing"),
        ({"action": "bulk-start", "fault": {"kind": "stuck", "code": "Blocked"}}, "Blocked"),
    ],
)
def test_faults_hit_the_vm_that_they_name(arm: Arm, vm: str, rule: dict[str, Any], state: str) -> None:
    arm.sim.add_fault({**rule, "vm": vm})
    rows = Bulk(arm).start("Start", arm.sim.names("flex"))
    arm.sim.advance(DAY)
    assert Bulk(arm).states(rows) == [state] + ["Succeeded"] * 5
    error = Bulk(arm).tell(rows)[0]["operation"].get("resourceOperationError")
    assert error == ({"errorCode": "Full", "errorDetails": "No."} if state == "Failed" else None)
    assert arm.sim.vm(vm)["provisioningState"] == {"Failed": "Failed", "Executing": "Updating"}.get(state, "Succeeded")


def test_faults_of_the_whole_request(arm: Arm, vm: str) -> None:
    arm.sim.add_fault({"action": "bulk-start", "nth": 1, "fault": {"kind": "fail"}})
    arm.sim.add_fault({"action": "bulk-start", "nth": 2, "fault": {"kind": "gone"}})
    arm.sim.add_fault({"action": "bulk-status", "nth": 3, "fault": {"status": 503}})
    service = Bulk(arm)
    first = service.start("Start", [vm])
    arm.sim.advance(DAY)
    assert service.states(first) == ["Failed"]
    assert service.tell(service.start("Start", [vm]))[0]["errorCode"] == "OperationNotFound"
    assert service.post("GetOperationStatus", {"operationIds": ["x"]}).status_code == 503


def test_what_the_vm_does_not_allow_fails_when_its_turn_comes(service: Bulk, vm: str) -> None:
    rows = service.start("Hibernate", [vm])
    service.arm.sim.advance(DAY)
    (row,) = service.tell(rows)
    assert (row["operation"]["state"], row["errorCode"]) == ("Failed", None)
    assert row["operation"]["resourceOperationError"]["errorCode"] == "OperationNotAllowed"
    assert service.arm.sim.vm(vm)["provisioningState"] == "Succeeded"


@pytest.mark.parametrize(("count", "state"), [(1, "Succeeded"), (0, "Failed")])
def test_a_vm_that_became_busy_is_waited_for_where_retries_are_allowed(
    arm: Arm, vm: str, count: int, state: str
) -> None:
    service, policy = Bulk(arm), {"retryPolicy": {"retryCount": count, "retryWindowInMinutes": 5}}
    body = {"executionParameters": policy, "resources": {"ids": [arm.sim.vm_id(vm)]}}
    rows = service.post("Deallocate", body).json()["results"]
    arm.act(vm, "redeploy")
    arm.sim.advance(HOUR)
    assert service.states(rows) == ["PendingExecution" if count else "Failed"]
    arm.sim.advance(DAY)
    assert service.states(rows) == [state]
    assert arm.sim.vm(vm)["powerState"] == ("deallocated" if count else "running")


def test_a_vm_that_is_gone_by_then(arm: Arm, vm: str) -> None:
    rows = Bulk(arm).start("Start", [vm])
    arm.sim.configure(seconds=1)
    arm.act(vm, "delete")
    arm.sim.advance(DAY)
    error = Bulk(arm).tell(rows)[0]["operation"]["resourceOperationError"]
    assert error["errorCode"] == "ResourceNotFound"


def test_so_many_execute_at_once_and_what_has_not_started_is_cancelled(service: Bulk) -> None:
    sim = service.arm.sim
    sim.configure(bulk_executing=2)
    rows = service.start("Deallocate", sim.names("flex"))
    sim.advance(HOUR * 0.5)
    assert service.states(rows) == ["Executing"] * 2 + ["PendingExecution"] * 4
    assert service.states(rows[1:4], "Cancel") == ["Executing", "Cancelled", "Cancelled"]
    sim.advance(DAY)
    assert service.states(rows) == ["Succeeded"] * 2 + ["Cancelled"] * 2 + ["Succeeded"] * 2
    assert service.states(rows, "Cancel") == service.states(rows)
    powers = [sim.vm(name)["powerState"] for name in sim.names("flex")]
    assert powers == ["deallocated"] * 2 + ["running"] * 2 + ["deallocated"] * 2
    bulk = service.arm.session.get(f"{sim.url}/_sim/state").json()["bulk"]
    assert bulk == {"states": {"Succeeded": 4, "Cancelled": 2}, "peak": 2}
    assert service.start("Start", sim.names("flex"))[2]["errorCode"] is None


def test_more_begin_as_soon_as_more_may(arm: Arm) -> None:
    arm.sim.configure(bulk_executing=1)
    arm.sim.add_fault({"action": "start", "fault": {"kind": "stuck"}})
    rows = Bulk(arm).start("Start", arm.sim.names("flex")[:3])
    arm.sim.advance(DAY)
    assert Bulk(arm).states(rows) == ["Executing"] + ["PendingExecution"] * 2
    arm.sim.configure(bulk_executing=None)
    assert Bulk(arm).states(rows) == ["Executing"] * 3


def test_sets_and_vms_have_regions(arm: Arm) -> None:
    sets = {"near": {"instances": 1}, "far": {"instances": 1, "location": "eastus"}}
    group = {"scaleSets": sets, "virtualMachines": {"lonely": {"location": "eastus"}}}
    arm.sim.reset({"resourceGroups": {"rg": group}})
    names = [arm.sim.names("near")[0], arm.sim.names("far")[0], "lonely"]
    rows = Bulk(arm, location="eastus").start("Start", names)
    assert [row["errorCode"] for row in rows] == ["LocationMismatch", None, None]
    assert arm.get(arm.sim.scale_sets["far"]).json()["location"] == "eastus"
    assert arm.get(arm.sim.vm_id("lonely")).json()["location"] == "eastus"
    assert "/locations/eastus/" in arm.act("lonely", "restart").headers["Location"]
    with pytest.raises(ValueError, match="location"):
        arm.sim.reset({"resourceGroups": {"rg": {"scaleSets": {"a": {"overrides": {"*": {"location": "eastus"}}}}}}})


def test_a_blocked_operation_can_be_cancelled_and_a_scheduled_one(arm: Arm) -> None:
    one, two, *_ = arm.sim.names("flex")
    arm.sim.add_fault({"action": "start", "vm": one, "fault": {"kind": "stuck", "code": "Blocked"}})
    rows = Bulk(arm).start("Start", [one])
    arm.sim.advance(DAY)
    rows += Bulk(arm).start("Start", [two])
    assert Bulk(arm).states(rows) == ["Blocked", "PendingScheduling"]
    assert Bulk(arm).states(rows, "Cancel") == ["Cancelled"] * 2
    arm.sim.advance(DAY)
    assert Bulk(arm).states(rows) == ["Cancelled"] * 2


def body_of(arm: Arm, **changes: Any) -> dict[str, Any]:
    return {"executionParameters": RETRY, "resources": {"ids": [arm.sim.vm_id(arm.sim.names("flex")[0])]}, **changes}


@pytest.mark.parametrize(
    "changes",
    [
        {"resources": {"ids": []}},
        {"resources": {"ids": ["/x"] * 101}},
        {"resources": {}},
        {"resources": None},
        {"resources": {"ids": ["/x"], "more": 1}},
        {"executionParameters": None},
        {"executionParameters": {"retryPolicy": {"retryCount": 8}}},
        {"executionParameters": {"retryPolicy": {"retryCount": True}}},
        {"executionParameters": {"retryPolicy": {"retryWindowInMinutes": 4}}},
        {"executionParameters": {"retryPolicy": {"retryWindowInMinutes": 121}}},
        {"executionParameters": {"retryPolicy": {"onFailureAction": "Explode"}}},
        {"executionParameters": {"optimizationPreference": "Luck"}},
        {"schedule": {}},
        {"forceDeletion": True},
    ],
)
def test_a_request_that_makes_no_sense(service: Bulk, changes: dict[str, Any]) -> None:
    answer = service.post("Start", body_of(service.arm, **changes))
    assert answer.status_code == 400
    assert code_of(answer) in {"InvalidParameter", "InvalidRequestContent"}


def test_what_only_one_service_knows(arm: Arm) -> None:
    preference = {"executionParameters": {**RETRY, "optimizationPreference": "Cost"}}
    assert Schedule(arm).post("Start", body_of(arm, **preference)).status_code == 200
    assert Bulk(arm).post("Start", body_of(arm, **preference)).status_code == 400
    assert Bulk(arm).post("Start", body_of(arm, **CORRELATED)).status_code == 400
    assert Bulk(arm).post("Delete", body_of(arm, forceDeletion="yes")).status_code == 400
    for name in ("Start", "GetOperationStatus", "Cancel"):
        answer = Schedule(arm).post(name, {**body_of(arm), "operationIds": ["x"], "correlationid": None})
        assert (answer.status_code, "'correlationid' is missing" in answer.text) == (400, True)


@pytest.mark.parametrize("ids", [None, [], [1], ["x"] * 101])
@pytest.mark.parametrize("name", ["GetOperationStatus", "Cancel"])
def test_no_operation_is_meant(service: Bulk, name: str, ids: Any) -> None:
    assert service.post(name, {"operationIds": ids}).status_code == 400


def test_a_region_has_it_or_not(arm: Arm, service: Bulk) -> None:
    setting = "bulk_regions" if type(service) is Bulk else "schedule_regions"
    assert service.post("Start", body_of(arm)).status_code == 200
    arm.sim.configure(**{setting: ["EastUS"]})
    answer = service.post("GetOperationStatus", {"operationIds": ["x"]})
    assert (answer.status_code, code_of(answer)) == (400, "NoRegisteredProviderFound")
    arm.sim.configure(**{setting: []})
    answer = service.post("Start", body_of(arm))
    wanted = (404, "InvalidResourceType") if type(service) is Bulk else (409, "MissingSubscriptionRegistration")
    assert (answer.status_code, code_of(answer)) == wanted
    arm.sim.configure(**{setting: ["WestEurope"]})
    assert service.post("GetOperationStatus", {"operationIds": ["x"]}).status_code == 200
    answer = service.post("Start", body_of(arm), **{"api-version": "2024-03-01"})
    assert (answer.status_code, code_of(answer)) == (400, "NoRegisteredProviderFound")


@pytest.mark.parametrize("change", [{"bulk_regions": "westeurope"}, {"schedule_regions": [1]}, {"bulk_executing": 0}])
def test_settings_that_make_no_sense(arm: Arm, change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        arm.sim.configure(**change)


def test_a_hundred_vms_in_one_request(arm: Arm) -> None:
    arm.sim.reset(vms=100)
    arm.sim.configure(limits=True, limits_refill=0.001)
    rows = Bulk(arm).start("Deallocate", arm.sim.names("flex"))
    arm.sim.advance(DAY)
    assert set(Bulk(arm).states(rows)) == {"Succeeded"}
    assert [entry["action"] for entry in arm.sim.requests()] == ["bulk-deallocate", "bulk-status"]
