"""Times in answers."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests

from armsim.compute.lifecycle import ACTIONS
from armsim.tests.client import Arm

DAY = 86400.0
EXTENSION = {"location": "x", "properties": {"publisher": "P", "type": "T", "typeHandlerVersion": "1.0"}}
MANAGED = {"location": "x", "properties": {"source": {"script": "hostname"}}}
WRITES: dict[str, tuple[str, str, Any]] = {
    "vm-update": ("PATCH", "", {"tags": {"a": "b"}}),
    "vm-put": ("PUT", "", {"location": "westeurope", "properties": {"priority": "Spot"}}),
    "extension-put": ("PUT", "/extensions/new", EXTENSION),
    "extension-update": ("PATCH", "/extensions/old", {"properties": {"enableAutomaticUpgrade": True}}),
    "extension-delete": ("DELETE", "/extensions/old", None),
    "run-command-put": ("PUT", "/runCommands/new", MANAGED),
    "run-command-delete": ("DELETE", "/runCommands/old", None),
    "runCommand": ("POST", "/runCommand", {"commandId": "RunShellScript"}),
}
POSTS: dict[str, tuple[str, str, Any]] = {
    name: ("POST", f"/{name}", None) for name in ACTIONS if name not in {"simulateEviction", "delete"}
}


def provisioning_of(arm: Arm, vm: str) -> dict[str, str]:
    status: dict[str, str] = arm.get(f"{arm.sim.vm_id(vm)}/instanceView").json()["statuses"][0]
    return status


def end_of(status: dict[str, str]) -> datetime:
    return datetime.fromisoformat(status["time"])


@pytest.fixture
def vm(arm: Arm) -> str:
    """The name of a running Spot VM with an extension and a managed run command."""
    one = {"priority": "Spot", "extensions": ["old"], "runCommands": ["old"]}
    arm.sim.reset({"resourceGroups": {"rg": {"scaleSets": {"s": {"instances": ["a"], "overrides": {"a": one}}}}}})
    return "a"


def send(arm: Arm, vm: str, method: str, tail: str, body: Any) -> requests.Response:
    answer = arm(method, f"{arm.sim.vm_id(vm)}{tail}", body)
    assert answer.status_code in {200, 201, 202}, answer.text
    return answer


@pytest.mark.parametrize("action", sorted({**POSTS, **WRITES}))
@pytest.mark.parametrize("outcome", ["succeeded", "failed"])
def test_an_operation_shows_at_once_and_leaves_a_newer_time(arm: Arm, vm: str, action: str, outcome: str) -> None:
    if outcome == "failed":
        arm.sim.add_fault({"action": action, "fault": {"kind": "fail"}})
    shown = "succeeded" if action.startswith(("extension", "run")) else outcome
    before = provisioning_of(arm, vm)
    answer = send(arm, vm, *{**POSTS, **WRITES}[action])
    # Microsoft's page on the states of a VM shows this status without a time.
    meanwhile = {"code": "ProvisioningState/updating", "level": "Info", "displayStatus": "Updating"}
    assert provisioning_of(arm, vm) == meanwhile
    arm.sim.advance(DAY)
    after = provisioning_of(arm, vm)
    assert after["code"].startswith(f"ProvisioningState/{shown}")
    assert end_of(after) > end_of(before)
    ended = datetime.fromisoformat(arm.follow(answer).json()["endTime"])
    assert abs(ended - end_of(after)) < timedelta(seconds=1)


def test_two_operations_within_a_second_leave_different_times(arm: Arm, vm: str) -> None:
    arm.sim.configure(seconds=0)
    times = []
    for _ in range(10):
        send(arm, vm, "POST", "/restart", None)
        times.append(end_of(provisioning_of(arm, vm)))
    assert times == sorted(set(times))


@pytest.mark.parametrize("kind", ["drop-before", "drop-after"])
def test_a_refused_change_leaves_no_trace_and_a_lost_answer_does(arm: Arm, vm: str, kind: str) -> None:
    arm.sim.add_fault({"action": "restart", "fault": {"kind": kind}})
    before = provisioning_of(arm, vm)
    with pytest.raises(requests.ConnectionError):
        arm.act(vm, "restart")
    arm.sim.advance(DAY)
    assert (provisioning_of(arm, vm) == before) is (kind == "drop-before")


def test_a_lock_leaves_no_trace(arm: Arm, vm: str) -> None:
    before = provisioning_of(arm, vm)
    lock = f"{arm.sim.vm_id(vm)}/providers/Microsoft.Authorization/locks/mine"
    assert arm("PUT", lock, {"properties": {"level": "CanNotDelete"}}).status_code == 201
    assert provisioning_of(arm, vm) == before
    assert arm("DELETE", lock).status_code == 200
    assert provisioning_of(arm, vm) == before


def test_an_eviction_leaves_its_trace_when_it_comes(arm: Arm, vm: str) -> None:
    before = provisioning_of(arm, vm)
    arm.act(vm, "simulateEviction")
    assert provisioning_of(arm, vm) == before
    arm.sim.advance(DAY)
    assert end_of(provisioning_of(arm, vm)) > end_of(before)


@pytest.mark.parametrize("skew", [-3600, 0, 7200.5])
def test_the_service_may_have_another_time_than_its_clients(arm: Arm, vm: str, skew: float) -> None:
    arm.sim.configure(clock_skew=skew, seconds=0)
    earliest = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(seconds=skew)
    answer = send(arm, vm, "PUT", "/extensions/new", EXTENSION)
    operation = arm.follow(answer).json()
    view = arm.get(f"{arm.sim.vm_id(vm)}/instanceView").json()
    latest = datetime.now(timezone.utc) + timedelta(seconds=skew)
    told = [operation["startTime"], operation["endTime"], view["statuses"][0]["time"]]
    assert len(told) == 3
    times = [datetime.fromisoformat(time) for time in told] + [parsedate_to_datetime(answer.headers["Date"])]
    assert all(earliest - timedelta(seconds=1) <= time <= latest for time in times)


def test_a_token_does_not_go_by_the_clock_of_the_service(arm: Arm) -> None:
    arm.sim.configure(clock_skew=365 * DAY)
    assert arm.get(arm.group()).status_code == 200
    arm.login()
    arm.sim.configure(clock_skew=0)
    assert arm.get(arm.group()).status_code == 200


def test_the_date_header_passes_as_time_does(arm: Arm) -> None:
    before = parsedate_to_datetime(arm.get(arm.group()).headers["Date"])
    arm.sim.advance(DAY)
    assert parsedate_to_datetime(arm.get(arm.group()).headers["Date"]) - before >= timedelta(days=1)
