"""PATCH and PUT of a VM."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from armsim.tests.client import TAG, Arm, code_of

DAY = 86400.0


def write(arm: Arm, method: str, name: str, body: Any, **headers: str) -> requests.Response:
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    url = f"{arm.sim.url}{arm.sim.vm_id(name)}?api-version=2024-03-01"
    return arm.session.request(method, url, json=body, headers=headers)


def show(arm: Arm, name: str) -> dict[str, Any]:
    body: dict[str, Any] = arm.get(arm.sim.vm_id(name)).json()
    return body


def replacement(arm: Arm, name: str) -> dict[str, Any]:
    """Return a body for PUT that changes nothing."""
    return {key: value for key, value in show(arm, name).items() if key != "resources"}


def test_a_patch_is_told_as_an_operation_and_seen_at_once(arm: Arm, vm: str) -> None:
    answer = write(arm, "PATCH", vm, {"properties": {"hardwareProfile": {"vmSize": "Standard_D4s_v5"}}})
    assert answer.status_code == 200
    assert answer.json()["properties"]["provisioningState"] == "Updating"
    assert arm.follow(answer).json()["status"] == "InProgress"
    assert "Location" not in answer.headers
    assert show(arm, vm)["properties"]["hardwareProfile"] == {"vmSize": "Standard_D4s_v5"}
    arm.sim.advance(DAY)
    assert arm.follow(answer).json()["status"] == "Succeeded"
    assert show(arm, vm)["properties"]["provisioningState"] == "Succeeded"
    assert arm.sim.vm(vm)["accepted"] == {"vm-update": 1}


def test_a_new_size_restarts_a_running_vm_and_no_other(arm: Arm) -> None:
    one, two, *_ = arm.sim.names("flex")
    arm.act(two, "deallocate")
    arm.sim.advance(DAY)
    size = {"properties": {"hardwareProfile": {"vmSize": "Standard_D4s_v5"}}}
    for name in (one, two):
        write(arm, "PATCH", name, size)
    assert [arm.sim.vm(name)["powerState"] for name in (one, two)] == ["starting", "deallocated"]
    arm.sim.advance(DAY)
    assert [arm.sim.vm(name)["powerState"] for name in (one, two)] == ["running", "deallocated"]


def test_tags_alone_leave_a_vm_running(arm: Arm, vm: str) -> None:
    write(arm, "PATCH", vm, {"tags": {"a": "b"}})
    assert arm.sim.vm(vm)["powerState"] == "running"


def test_a_patch_replaces_the_tags_and_merges_the_rest(arm: Arm, vm: str) -> None:
    diagnostics = {"bootDiagnostics": {"enabled": True}}
    write(arm, "PATCH", vm, {"tags": {"a": "b"}, "properties": {"diagnosticsProfile": diagnostics}})
    arm.sim.advance(DAY)
    write(arm, "PATCH", vm, {"properties": {"additionalCapabilities": {"hibernationEnabled": True}}})
    arm.sim.advance(DAY)
    body = show(arm, vm)
    assert body["tags"] == {"a": "b"}
    assert body["properties"]["diagnosticsProfile"] == diagnostics
    assert body["properties"]["osProfile"]["computerName"]
    assert arm.act(vm, "deallocate", hibernate="true").status_code == 202


def test_a_put_replaces_all_but_what_a_vm_has_for_life(arm: Arm, vm: str) -> None:
    write(arm, "PATCH", vm, {"properties": {"diagnosticsProfile": {"bootDiagnostics": {"enabled": True}}}})
    arm.sim.advance(DAY)
    before = show(arm, vm)
    answer = write(arm, "PUT", vm, {"location": before["location"], "properties": {}})
    assert answer.status_code == 200
    after = answer.json()
    assert "tags" not in after
    assert "diagnosticsProfile" not in after["properties"]
    for kept in ("storageProfile", "osProfile", "networkProfile", "virtualMachineScaleSet", "vmId", "timeCreated"):
        assert after["properties"][kept] == before["properties"][kept]


def test_resource_graph_hears_of_every_write_in_its_turn(arm: Arm, vm: str) -> None:
    arm.sim.configure(staleness=60, seconds=1)
    query = f"resources | where name == '{vm}' | project tags"
    seen = []
    for value in ("b", "c"):
        write(arm, "PATCH", vm, {"tags": {"a": value}})
        seen.append(arm.ask(query).json()["data"][0]["tags"])
        arm.sim.advance(40)
    seen.append(arm.ask(query).json()["data"][0]["tags"])
    arm.sim.advance(40)
    seen.append(arm.ask(query).json()["data"][0]["tags"])
    assert seen == [{**TAG, "role": "web"}, {**TAG, "role": "web"}, {"a": "b"}, {"a": "c"}]


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_conditions_hold_a_write_to_the_version_that_was_seen(arm: Arm, vm: str, method: str) -> None:
    body = replacement(arm, vm) if method == "PUT" else {"tags": {"a": "b"}}
    seen = show(arm, vm)["etag"]
    assert write(arm, method, vm, body, If_Match=seen).status_code == 200
    arm.sim.advance(DAY)
    stale = write(arm, method, vm, body, If_Match=seen)
    assert (stale.status_code, code_of(stale)) == (412, "ConditionNotMet")
    assert write(arm, method, vm, body, If_None_Match="*").status_code == 412
    assert code_of(write(arm, method, vm, body, If_None_Match=seen)) == "InvalidParameter"
    assert arm.sim.vm(vm)["provisioningState"] == "Succeeded"
    assert write(arm, method, vm, body, If_Match="*").status_code == 200


def test_a_busy_vm_refuses_a_write(arm: Arm, vm: str) -> None:
    arm.act(vm, "restart")
    answer = write(arm, "PATCH", vm, {"tags": {"a": "b"}})
    assert (answer.status_code, code_of(answer)) == (409, "Conflict")
    assert show(arm, vm)["tags"] == {**TAG, "role": "web"}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"colour": "blue"}, 400, "InvalidRequestContent"),
        ({"properties": {"colour": "blue"}}, 400, "InvalidRequestContent"),
        ([], 400, "InvalidRequestContent"),
        ({"tags": {"a": 1}}, 400, "InvalidParameter"),
        ({"properties": {"hardwareProfile": {"vmSize": "huge"}}}, 400, "InvalidParameter"),
        ({"properties": {"hardwareProfile": "huge"}}, 400, "InvalidParameter"),
        ({"properties": {"osProfile": {"computerName": "x"}}}, 409, "PropertyChangeNotAllowed"),
        ({"properties": {"storageProfile": {"imageReference": {"sku": "x"}}}}, 409, "PropertyChangeNotAllowed"),
        ({"properties": {"priority": "Spot"}}, 409, "PropertyChangeNotAllowed"),
        ({"zones": ["2"]}, 409, "ResourceAvailabilityZonesCannotBeModified"),
        ({"properties": {"virtualMachineScaleSet": {"id": "/other"}}}, 501, "NotSimulated"),
    ],
)
def test_what_cannot_be_written(arm: Arm, vm: str, body: Any, status: int, code: str) -> None:
    before = show(arm, vm)
    answer = write(arm, "PATCH", vm, body)
    assert (answer.status_code, code_of(answer)) == (status, code)
    assert show(arm, vm) == before


@pytest.mark.parametrize(
    ("location", "status", "code"), [("eastus", 409, "InvalidResourceLocation"), (None, 400, "LocationRequired")]
)
def test_a_put_stays_where_the_vm_is(arm: Arm, vm: str, location: str | None, status: int, code: str) -> None:
    answer = write(arm, "PUT", vm, replacement(arm, vm) | {"location": location})
    assert (answer.status_code, code_of(answer)) == (status, code)


def test_a_put_creates_nothing(arm: Arm) -> None:
    assert arm("PUT", f"{arm.vms()}/ghost", {"location": "westeurope"}).status_code == 501


def test_a_write_can_fail(arm: Arm, vm: str) -> None:
    fault = {"kind": "fail", "code": "AllocationFailed", "message": "Full."}
    arm.sim.add_fault({"action": "vm-update", "fault": fault})
    answer = write(arm, "PATCH", vm, {"properties": {"hardwareProfile": {"vmSize": "Standard_D64s_v5"}}})
    arm.sim.advance(DAY)
    assert arm.follow(answer).json()["error"]["code"] == "AllocationFailed"
    assert arm.sim.vm(vm)["provisioningState"] == "Failed"
