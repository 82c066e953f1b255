"""Managed run commands."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from armsim.tests.client import Arm, code_of

DAY = 86400.0
VIEW = {"$expand": "instanceView"}


def put(arm: Arm, vm: str, name: str = "check", script: str = "echo hello", **properties: Any) -> requests.Response:
    body = {"location": "westeurope", "properties": {"source": {"script": script}, **properties}}
    return arm("PUT", f"{arm.sim.vm_id(vm)}/runCommands/{name}", body)


def view(arm: Arm, vm: str, name: str = "check") -> dict[str, Any]:
    body = arm.get(f"{arm.sim.vm_id(vm)}/runCommands/{name}", **VIEW).json()
    found: dict[str, Any] = body["properties"]["instanceView"]
    return found


def test_it_runs_until_its_script_ends(arm: Arm, vm: str) -> None:
    answer = put(arm, vm)
    assert (answer.status_code, answer.json()["properties"]["provisioningState"]) == (201, "Creating")
    assert view(arm, vm)["executionState"] == "Running"
    assert arm.follow(answer).json()["status"] == "InProgress"
    arm.sim.advance(DAY)
    assert arm.follow(answer).json()["status"] == "Succeeded"
    found = view(arm, vm)
    assert {**found, "startTime": 0, "endTime": 0} == {
        "executionState": "Succeeded", "exitCode": 0, "output": "hello", "error": "", "startTime": 0, "endTime": 0
    }  # fmt: skip
    assert put(arm, vm).status_code == 200


@pytest.mark.parametrize(("script", "code"), [("exit 3", 3), ("no-such-thing", 127), ("no-such-thing\nhostname", 0)])
def test_a_script_that_fails_leaves_its_exit_code(arm: Arm, vm: str, script: str, code: int) -> None:
    answer = put(arm, vm, script=script)
    arm.sim.advance(DAY)
    assert arm.follow(answer).json()["status"] == "Succeeded"
    found = view(arm, vm)
    assert (found["exitCode"], found["executionState"]) == (code, "Failed" if code else "Succeeded")


def test_a_failure_of_the_script_may_be_one_of_the_operation(arm: Arm, vm: str) -> None:
    answer = put(arm, vm, script="exit 3", treatFailureAsDeploymentFailure=True)
    arm.sim.advance(DAY)
    assert arm.follow(answer).json()["status"] == "Failed"
    assert view(arm, vm)["exitCode"] == 3


def test_an_asynchronous_one_does_not_wait_for_its_script(arm: Arm, vm: str) -> None:
    answer = put(arm, vm, script="exit 3", asyncExecution=True)
    arm.sim.advance(DAY)
    assert arm.follow(answer).json()["status"] == "Succeeded"
    assert view(arm, vm)["executionState"] == "Running"


def test_secrets_reach_the_script_and_nobody_else(arm: Arm, vm: str) -> None:
    secret = [{"name": "word", "value": "hush-hush"}]
    answer = put(arm, vm, script="echo $word >&2", protectedParameters=secret, runAsUser="me", runAsPassword="pass-me")
    assert "hush" not in answer.text
    arm.sim.advance(DAY)
    assert view(arm, vm)["error"] == "hush-hush"
    shown = arm.get(f"{arm.sim.vm_id(vm)}/runCommands/check").json()["properties"]
    assert shown == {
        "source": {"script": "echo $word >&2"}, "runAsUser": "me", "provisioningState": "Succeeded"
    }  # fmt: skip


def test_they_are_listed_and_deleted(arm: Arm, vm: str) -> None:
    put(arm, vm)
    arm.sim.advance(DAY)
    path = f"{arm.sim.vm_id(vm)}/runCommands"
    (one,) = arm.get(path).json()["value"]
    assert (one["name"], "instanceView" in one["properties"]) == ("check", False)
    assert arm.get(path, **VIEW).json()["value"][0]["properties"]["instanceView"]["output"] == "hello"
    assert arm("DELETE", f"{path}/CHECK").status_code == 202
    arm.sim.advance(DAY)
    assert arm("DELETE", f"{path}/check").status_code == 204
    assert code_of(arm.get(f"{path}/check")) == "ResourceNotFound"


@pytest.mark.parametrize(
    "properties",
    [
        {"source": {}},
        {"source": {"script": "a", "commandId": "b"}},
        {"timeoutInSeconds": "60"},
        {"unknown": 1},
    ],
)
def test_what_is_no_run_command_is_refused(arm: Arm, vm: str, properties: dict[str, Any]) -> None:
    assert put(arm, vm, **properties).status_code == 400
    assert arm.get(f"{arm.sim.vm_id(vm)}/runCommands").json() == {"value": []}
