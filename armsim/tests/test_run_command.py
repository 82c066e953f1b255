"""Run command."""

from __future__ import annotations

from typing import Any

import pytest

from armsim.tests.client import Arm, code_of

DAY = 86400.0
SHELL = {"commandId": "RunShellScript", "script": ["echo hello"]}


def output(arm: Arm, vm: str, body: Any) -> list[dict[str, str]]:
    """Run something to its end and return its statuses, as both URLs have them."""
    answer = arm.act(vm, "runCommand", body)
    assert (answer.status_code, answer.content) == (202, b"")
    assert arm.follow(answer, "Location").status_code == 202
    assert "properties" not in arm.follow(answer).json()
    arm.sim.advance(DAY)
    final = arm.follow(answer, "Location")
    assert final.status_code == 200
    assert arm.follow(answer).json()["properties"] == {"output": final.json()}
    statuses: list[dict[str, str]] = final.json()["value"]
    return statuses


@pytest.mark.parametrize(
    ("script", "printed", "complained"),
    [
        (["echo hello"], "hello", ""),
        (["set -e\necho 'one two'", 'echo "three"'], "one two\nthree", ""),
        (["hostname"], "{computer}", ""),
        (["echo bad >&2", "apt-get update"], "", "bad"),
        ([], "", ""),
    ],
)
def test_a_linux_vm_answers_with_one_status(
    arm: Arm, vm: str, script: list[str], printed: str, complained: str
) -> None:
    (status,) = output(arm, vm, {"commandId": "RunShellScript", "script": script})
    computer = arm.get(arm.sim.vm_id(vm)).json()["properties"]["osProfile"]["computerName"]
    printed = printed.format(computer=computer)
    assert status["message"] == f"Enable succeeded: \n[stdout]\n{printed}\n\n[stderr]\n{complained}\n"
    assert status["code"] == "ProvisioningState/succeeded"


def test_a_windows_vm_answers_with_two(arm: Arm) -> None:
    arm.sim.reset({"resourceGroups": {"rg": {"virtualMachines": {"a": {"osType": "Windows"}}}}})
    statuses = output(arm, "a", {"commandId": "runpowershellscript", "script": ["Write-Output hello"]})
    assert [(status["code"], status["message"]) for status in statuses] == [
        ("ComponentStatus/StdOut/succeeded", "hello"),
        ("ComponentStatus/StdErr/succeeded", ""),
    ]


def test_parameters_are_filled_in(arm: Arm, vm: str) -> None:
    parameters = [{"name": "arg1", "value": "hello"}, {"name": "who", "value": "world"}]
    body = {"commandId": "RunShellScript", "script": ["echo $1 $who"], "parameters": parameters}
    assert "hello world" in output(arm, vm, body)[0]["message"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"commandId": "Explode"}, "InvalidParameter"),
        ({"commandId": "RunPowerShellScript"}, "InvalidParameter"),
        ({"script": ["echo"]}, "InvalidParameter"),
        ({**SHELL, "script": [1]}, "InvalidParameter"),
        ({**SHELL, "colour": "blue"}, "InvalidRequestContent"),
    ],
)
def test_a_command_that_is_none(arm: Arm, vm: str, body: Any, code: str) -> None:
    answer = arm.act(vm, "runCommand", body)
    assert (answer.status_code, code_of(answer)) == (400, code)
    assert arm.sim.vm(vm)["accepted"] == {}


def test_one_at_a_time(arm: Arm, vm: str) -> None:
    arm.act(vm, "runCommand", SHELL)
    second = arm.act(vm, "runCommand", SHELL)
    assert (second.status_code, code_of(second)) == (409, "Conflict")
    assert second.json()["error"]["message"].startswith("Run command extension execution is in progress.")
    assert "'runCommand', another operation" in arm.act(vm, "restart").json()["error"]["message"]


def test_a_vm_that_does_not_run_refuses(arm: Arm, vm: str) -> None:
    arm.act(vm, "powerOff")
    arm.sim.advance(DAY)
    answer = arm.act(vm, "runCommand", SHELL)
    assert (answer.status_code, code_of(answer)) == (409, "OperationNotAllowed")


def test_a_failed_command_has_no_output(arm: Arm, vm: str) -> None:
    arm.sim.add_fault({"action": "runCommand", "fault": {"kind": "fail"}})
    answer = arm.act(vm, "runCommand", SHELL)
    arm.sim.advance(DAY)
    body = arm.follow(answer).json()
    assert (body["status"], body["error"]["code"]) == ("Failed", "VMExtensionProvisioningError")
    assert "properties" not in body
