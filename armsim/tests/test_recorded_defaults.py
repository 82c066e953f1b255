"""Behaviour that recordings of Azure show, as the defaults of the simulator."""

from __future__ import annotations

from typing import Any

import pytest

from armsim.tests.client import Arm, code_of

DAY = 86400.0
INELIGIBLE = (
    "Operation 'performMaintenance' is not allowed on VM 'a' since the Subscription of this VM is not eligible."
)
EXTENSION = {"location": "westeurope", "properties": {"publisher": "P", "type": "T", "typeHandlerVersion": "1.0"}}


def view_of(arm: Arm, vm: str) -> dict[str, Any]:
    view: dict[str, Any] = arm.get(f"{arm.sim.vm_id(vm)}/instanceView").json()
    return view


def agent_of(arm: Arm, vm: str) -> tuple[str, str] | None:
    """Return what the agent reports and when it did."""
    agent = view_of(arm, vm).get("vmAgent")
    return agent and (agent["statuses"][0]["displayStatus"], agent["statuses"][0]["time"])


def finish(arm: Arm, vm: str) -> None:
    while arm.sim.vm(vm)["operation"]:
        arm.sim.advance(60)


@pytest.mark.parametrize(
    ("action", "waits"),
    [
        ("start", ["10", "9", None, None]),
        ("deallocate", ["10", "36", None, None]),
        ("delete", ["10", "30", None, None]),
        ("restart", [None, "10", None, None]),
        ("powerOff", [None] * 4),
        ("redeploy", [None] * 4),
        ("reimage", [None] * 4),
    ],
)
def test_each_operation_has_the_recorded_retry_after(arm: Arm, vm: str, action: str, waits: list[str | None]) -> None:
    arm.sim.configure(retry_after="recorded", retry_after_ms=None)
    answer = arm.act(vm, action)
    polls = [arm.follow(answer) for _ in range(3)]
    assert [one.headers.get("Retry-After") for one in (answer, *polls)] == waits
    arm.sim.advance(DAY)
    assert "Retry-After" not in arm.follow(answer).headers


def test_network_operations_ask_for_every_poll_after_ten_seconds(arm: Arm) -> None:
    arm.sim.configure(retry_after="recorded", retry_after_ms=None)
    path = arm.group("/providers/Microsoft.Network/loadBalancers/flex-lb")
    body = arm.get(path).json()
    answer = arm("PUT", path, body)
    polls = [arm.follow(answer) for _ in range(3)]
    assert [one.headers.get("Retry-After") for one in (answer, *polls)] == ["10"] * 4


def test_one_number_may_stand_for_all_operations(arm: Arm, vm: str) -> None:
    arm.sim.configure(retry_after=7)
    assert arm.act(vm, "powerOff").headers["Retry-After"] == "7"


@pytest.mark.parametrize("wrong", [0, "soon", None, 1.5])
def test_a_wrong_retry_after_is_refused(arm: Arm, wrong: object) -> None:
    with pytest.raises(ValueError, match="retry_after"):
        arm.sim.configure(retry_after=wrong)


def test_urls_of_operations_are_long_and_signed(arm: Arm, vm: str) -> None:
    answer = arm.act(vm, "restart")
    for header in ("Azure-AsyncOperation", "Location"):
        assert 2900 < len(answer.headers[header]) < 3200
        assert arm.follow(answer, header).status_code in {200, 202}
    names = [part.partition("=")[0] for part in answer.headers["Azure-AsyncOperation"].partition("?")[2].split("&")]
    assert names == ["p", "api-version", "t", "c", "s", "h"]


def test_the_request_log_leaves_out_signatures(arm: Arm, vm: str) -> None:
    arm.follow(arm.act(vm, "restart"))
    assert set(arm.sim.requests()[-1]["query"]) == {"p", "api-version"}


@pytest.mark.parametrize("action", ["powerOff", "start", "restart", "reapply"])
def test_an_agent_stays_ready_with_its_old_time(arm: Arm, action: str) -> None:
    power = "stopped" if action == "start" else "running"
    arm.sim.reset({"resourceGroups": {"rg": {"virtualMachines": {"a": {"powerState": power}}}}})
    before = agent_of(arm, "a")
    arm.act("a", action)
    assert agent_of(arm, "a") == before
    finish(arm, "a")
    assert before is not None
    assert agent_of(arm, "a") == before == ("Ready", before[1])


def test_a_guest_that_booted_reports_again_later(arm: Arm, vm: str) -> None:
    before = agent_of(arm, vm)
    answer = arm.act(vm, "restart")
    finish(arm, vm)
    arm.sim.advance(3 * 3600 - 120)
    assert agent_of(arm, vm) == before
    arm.sim.advance(180)
    after = agent_of(arm, vm)
    assert before is not None
    assert after is not None
    assert (after[0], after[1] > arm.follow(answer).json()["endTime"] > before[1]) == ("Ready", True)


def test_a_second_boot_cancels_the_report_of_the_first(arm: Arm, vm: str) -> None:
    before = agent_of(arm, vm)
    for _ in range(2):
        arm.act(vm, "restart")
        finish(arm, vm)
        arm.sim.advance(2 * 3600)
    assert agent_of(arm, vm) == before


def test_a_stopped_vm_keeps_its_guest_until_the_agent_is_unresponsive(arm: Arm, vm: str) -> None:
    before = agent_of(arm, vm)
    arm.act(vm, "powerOff")
    finish(arm, vm)
    assert (view_of(arm, vm)["statuses"][1]["code"], agent_of(arm, vm)) == ("PowerState/stopped", before)
    arm.sim.advance(721)
    assert view_of(arm, vm)["vmAgent"]["statuses"][0]["message"] == "VM Agent is unresponsive."
    assert agent_of(arm, vm) != before


def test_a_start_of_a_deallocated_vm_has_no_guest_until_it_reports(arm: Arm, vm: str) -> None:
    for action in ("deallocate", "start"):
        arm.act(vm, action)
        finish(arm, vm)
        assert agent_of(arm, vm) is None
    arm.sim.advance(3 * 3600)
    assert agent_of(arm, vm) is not None


@pytest.mark.parametrize("never", [False, True])
def test_a_failed_extension_leaves_the_vm_succeeded_with_a_later_time(arm: Arm, never: bool) -> None:
    arm.sim.reset(
        {"resourceGroups": {"rg": {"virtualMachines": {"a": {"vmAgent": "Not Ready" if never else "Ready"}}}}}
    )
    if not never:
        arm.sim.add_fault({"action": "extension-put", "fault": {"kind": "fail"}})
    before = view_of(arm, "a")["statuses"][0]["time"]
    answer = arm("PUT", f"{arm.sim.vm_id('a')}/extensions/e", EXTENSION)
    arm.sim.advance(DAY)
    assert arm.follow(answer).json()["status"] == "Failed"
    body = arm.get(arm.sim.vm_id("a")).json()
    assert body["properties"]["provisioningState"] == "Succeeded"
    assert body["resources"][0]["properties"]["provisioningState"] == "Failed"
    assert view_of(arm, "a")["statuses"][0]["time"] > before


@pytest.mark.parametrize(
    ("action", "etags"),
    [("powerOff", (2, 3)), ("restart", (2, 3)), ("redeploy", (2, 2)), ("deallocate", (2, 4))],
)
def test_etags_are_small_integers(arm: Arm, vm: str, action: str, etags: tuple[int, int]) -> None:
    seen = []
    for _ in range(2):
        answer = arm.get(arm.sim.vm_id(vm))
        assert answer.headers["ETag"] == answer.json()["etag"]
        seen.append(answer.json()["etag"])
        arm.act(vm, action)
        finish(arm, vm)
        arm.sim.advance(DAY)
    assert tuple(seen) == tuple(f'"{one}"' for one in etags)


def test_lists_have_no_etag_unless_set_to(arm: Arm) -> None:
    assert not any("etag" in one for one in arm.get(arm.vms()).json()["value"])
    arm.sim.configure(list_etags=True)
    assert all("etag" in one for one in arm.get(arm.vms()).json()["value"])


def test_a_list_has_the_group_in_capitals_in_ids_of_vms_and_sets_alone(arm: Arm, vm: str) -> None:
    (item,) = [one for one in arm.get(arm.vms()).json()["value"] if one["name"] == vm]
    properties = item["properties"]
    ids = [
        item["id"],
        properties["virtualMachineScaleSet"]["id"],
        properties["networkProfile"]["networkInterfaces"][0]["id"],
        properties["storageProfile"]["osDisk"]["managedDisk"]["id"],
    ]
    assert [one.split("/")[4] for one in ids] == ["RG", "RG", "rg", "rg"]
    assert "/rg/" in arm.get(arm.sim.vm_id(vm)).json()["properties"]["virtualMachineScaleSet"]["id"]


def test_a_set_leaves_protected_instances_out_of_its_own_calls(arm: Arm) -> None:
    guarded = {"protectFromScaleSetActions": True}
    scale_set = {"instances": ["a", "b"], "overrides": {"a": guarded}}
    arm.sim.reset({"resourceGroups": {"rg": {"scaleSets": {"s": scale_set}}}})
    arm("POST", f"{arm.sim.scale_sets['s']}/restart")
    arm.sim.advance(DAY)
    arm("POST", f"{arm.sim.scale_sets['s']}/manualupgrade", {"instanceIds": ["*"]})
    arm.sim.advance(DAY)
    assert arm.sim.accepted() == {("b", "vmss-restart"): 1, ("b", "manualupgrade"): 1}
    arm("POST", f"{arm.sim.scale_sets['s']}/restart", {"instanceIds": ["a"]})
    assert arm.sim.accepted()["a", "vmss-restart"] == 1


def protect(arm: Arm, vm: str, policy: dict[str, bool]) -> Any:
    body = {"location": "westeurope", "properties": {"protectionPolicy": policy}}
    return arm("PUT", f"{arm.sim.scale_sets['flex']}/virtualMachines/{vm}", body)


def test_protection_from_actions_cannot_go_without_that_from_scale_in(arm: Arm, vm: str) -> None:
    refused = protect(arm, vm, {"protectFromScaleIn": False, "protectFromScaleSetActions": True})
    assert (refused.status_code, code_of(refused)) == (400, "InvalidParameter")
    taken = protect(arm, vm, {"protectFromScaleSetActions": True})
    assert taken.json()["properties"]["protectionPolicy"]["protectFromScaleIn"] is True


@pytest.mark.parametrize(
    ("world", "action", "text"),
    [
        ({"powerState": "stopped"}, "restart", "The operation requires the VM to be running (or set to run)."),
        ({}, "simulateEviction", "Operation 'simulateEviction' is allowed only for Spot Virtual Machines"),
        (
            {"maintenanceAllowed": False},
            "performMaintenance",
            INELIGIBLE,
        ),
    ],
)
def test_refusals_have_the_recorded_words(arm: Arm, world: dict[str, Any], action: str, text: str) -> None:
    arm.sim.reset({"resourceGroups": {"rg": {"virtualMachines": {"a": world}}}})
    answer = arm.act("a", action)
    assert (answer.status_code, answer.json()["error"]) == (409, {"code": "OperationNotAllowed", "message": text})


def test_a_lock_keeps_the_spelling_of_its_path(arm: Arm, vm: str) -> None:
    path = arm.sim.vm_id(vm).replace("resourceGroups", "resourcegroups")
    body = {"properties": {"level": "CanNotDelete"}}
    answer = arm("PUT", f"{path}/providers/Microsoft.Authorization/locks/Guard", body)
    assert answer.json()["id"].startswith(f"{path}/")
    again = arm("PUT", f"{arm.sim.vm_id(vm)}/providers/Microsoft.Authorization/locks/guard", body)
    assert (again.status_code, again.json()["name"]) == (200, "Guard")
    assert arm.act(vm, "delete").status_code == 409


def test_a_script_that_fails_succeeds_all_the_same(arm: Arm, vm: str) -> None:
    body = {"commandId": "RunShellScript", "script": ["echo one", "no-such-command --force"]}
    answer = arm.act(vm, "runCommand", body)
    arm.sim.advance(DAY)
    done = arm.follow(answer).json()
    (status,) = done["properties"]["output"]["value"]
    assert (done["status"], status["level"]) == ("Succeeded", "Info")
    assert status["message"].startswith("Enable succeeded: \n[stdout]\none\n\n[stderr]\n")
    assert ": 2: " in status["message"]
    assert "no-such-command: not found" in status["message"]


def test_a_list_of_instances_is_charged_by_the_instance(arm: Arm) -> None:
    answer = arm.get(f"{arm.sim.scale_sets['flex']}/virtualMachines")
    assert answer.headers["x-ms-request-charge"] == "6"
    assert answer.headers["x-ms-ratelimit-remaining-resource"].endswith("VMScaleSetVMViewsSubscriptionMaximum;29994")
    assert "x-ms-request-charge" not in arm.get(arm.vms()).headers


def test_the_instances_of_a_set_have_pages_of_their_own_size(arm: Arm) -> None:
    arm.sim.reset(vms=130)
    first = arm.get(f"{arm.sim.scale_sets['flex']}/virtualMachines").json()
    assert len(first["value"]) == 120
    assert len(arm.session.get(first["nextLink"]).json()["value"]) == 10


def schedule(arm: Arm, request: str, body: dict[str, Any]) -> Any:
    path = f"/subscriptions/{arm.sim.subscription}/providers/Microsoft.ComputeSchedule/locations/westeurope/{request}"
    return arm("POST", path, {"correlationid": "x", **body}, **{"api-version": "2024-10-01"}).json()["results"][0]


def test_rows_of_compute_schedule_are_as_recorded(arm: Arm, vm: str) -> None:
    ids = {"executionParameters": {}, "resources": {"ids": [arm.sim.vm_id(vm)]}}
    started = schedule(arm, "virtualMachinesExecuteDeallocate", ids)["operation"]
    assert (started["timeZone"], started["resourceOperationError"], started["completedAt"]) == ("UTC", None, None)
    row = schedule(arm, "virtualMachinesCancelOperations", {"operationIds": [started["operationId"]]})["operation"]
    assert (row["state"], row["timeZone"]) == ("Cancelled", "")
    assert row["resourceOperationError"]["errorCode"] == "OperationCancelledByUser"
    assert row["completedAt"]


def test_a_bulk_acceptance_may_lack_its_results(arm: Arm, vm: str) -> None:
    arm.sim.configure(bulk_results=False)
    path = arm.group("/providers/Microsoft.Compute/locations/westeurope/virtualMachinesBulkDeallocate")
    body = {"executionParameters": {}, "resources": {"ids": [arm.sim.vm_id(vm)]}}
    answer = arm("POST", path, body, **{"api-version": "2026-06-06"})
    assert (answer.status_code, "results" in answer.json()) == (200, False)
    arm.sim.advance(DAY)
    assert arm.sim.accepted() == {(vm, "bulk-deallocate"): 1}


def test_a_resource_that_is_not_found_names_the_gateway(arm: Arm) -> None:
    assert arm.get(f"{arm.vms()}/none").headers["x-ms-failure-cause"] == "gateway"


def test_polls_are_counted_for_each_operation(arm: Arm, vm: str) -> None:
    arm.sim.configure(limits=True)
    for _ in range(2):
        answer = arm.act(vm, "reapply")
        left = arm.follow(answer).headers["x-ms-ratelimit-remaining-resource"]
        assert left.startswith("Microsoft.Compute/GetOperationResource;44,")
        arm.sim.advance(7200)


@pytest.mark.parametrize(("scale", "name", "value"), [(0.1, "Retry-After", "1"), (0.125, "retry-after-ms", "1250")])
def test_recorded_hints_are_scaled(arm: Arm, vm: str, scale: float, name: str, value: str) -> None:
    arm.sim.configure(retry_after="recorded", retry_after_ms=None, retry_after_scale=scale)
    assert arm.act(vm, "deallocate").headers[name] == value
    with pytest.raises(ValueError, match="retry_after_scale"):
        arm.sim.configure(retry_after_scale=0)
