"""The result of a script."""

from __future__ import annotations

from typing import Any

import pytest

from azext_flexcompare.output.script_result import ScriptResult, judge_script, mask_output, parse_script_result
from azext_flexcompare.scheduler.outcome import Outcome, Status
from tests.latest.helpers.factories import instance

LINUX = "Enable succeeded: \n[stdout]\n{out}\n[stderr]\n{err}"
FAILED = "Enable failed: failed to execute command: command terminated with exit status=3\n[stdout]\n\n[stderr]\nno\n"


def result(*statuses: Any) -> dict[str, Any]:
    return {"value": list(statuses)}


def status(message: Any, code: str = "ProvisioningState/succeeded", level: str = "Info") -> dict[str, Any]:
    return {"code": code, "level": level, "displayStatus": "Provisioning succeeded", "message": message}


def windows(out: str, err: str) -> dict[str, Any]:
    return result(status(out, "ComponentStatus/StdOut/succeeded"), status(err, "ComponentStatus/StdErr/succeeded"))


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        (result(status(LINUX.format(out="hello\n", err=""))), ("hello", "", None)),
        (result(status(LINUX.format(out="", err="sh: at: not found\n"))), ("", "sh: at: not found", None)),
        (result(status(LINUX.format(out="a\n\nb [stderr] c\n", err="d\ne\n"))), ("a\n\nb [stderr] c", "d\ne", None)),
        (result(status(LINUX.format(out="x\n[stderr]\ny\n", err="z\n"))), ("x\n[stderr]\ny", "z", None)),
        (result(status(LINUX.format(out="exit status=9\n", err=""))), ("exit status=9", "", None)),
        (result(status(FAILED)), ("", "no", 3)),
        (windows("hello\r\n", ""), ("hello", "", None)),
        (windows("", "At line:1"), ("", "At line:1", None)),
        (result(status("Something else.")), (None, None, None)),
        (result(status(7), status(None)), (None, None, None)),
        (result("text", None, {"code": None}), (None, None, None)),
        ({"value": "text"}, (None, None, None)),
        ("text", (None, None, None)),
        (None, (None, None, None)),
    ],
)
def test_the_parts_of_an_output(given: Any, parts: tuple[str | None, str | None, int | None]) -> None:
    assert parse_script_result(given)[1:] == parts


@pytest.mark.parametrize(
    ("given", "output"),
    [(result(status("a"), status(7)), "a\n7"), (result(), ""), (None, None), ({"value": None}, None)],
)
def test_the_output_has_every_message(given: Any, output: str | None) -> None:
    assert parse_script_result(given).output == output


def test_a_job_log_has_the_parts_already() -> None:
    kept = {"output": "o", "stdout": "s", "stderr": "e", "exitCode": 1}
    assert parse_script_result({"status": "Succeeded", **kept}) == ScriptResult("o", "s", "e", 1)


def judged(given: Any, *, fail_on_stderr: bool = False) -> tuple[str, str | None]:
    found = judge_script(Outcome(instance(), Status.SUCCEEDED, result=given), fail_on_stderr=fail_on_stderr)
    assert found.result == given
    return found.status, found.error and found.error.code


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (result(status("x", level="Error")), "ProvisioningState/succeeded"),
        (result(status("x", code="ProvisioningState/failed/1")), "ProvisioningState/failed/1"),
        (result(status("x", code="", level="error")), "ScriptFailed"),
        (result(status(FAILED)), "ScriptFailed"),
    ],
)
def test_a_script_that_failed_is_failed(given: Any, code: str) -> None:
    assert judged(given) == (Status.FAILED, code)


def test_an_error_does_not_repeat_what_the_script_printed() -> None:
    (found,) = [
        judge_script(Outcome(instance(), Status.SUCCEEDED, result=result(status(FAILED))), fail_on_stderr=False)
    ]
    assert found.error is not None
    assert found.error.message == "The script failed. Its exit code is 3. The list has its output."


@pytest.mark.parametrize("given", [windows("a", "b"), result(status(LINUX.format(out="", err="b")))])
def test_standard_error_fails_a_script_where_that_is_asked_for(given: Any) -> None:
    assert judged(given) == (Status.SUCCEEDED, None)
    assert judged(given, fail_on_stderr=True) == (Status.FAILED, "StandardError")


@pytest.mark.parametrize("given", [None, {}, "text", {"value": [None, 7]}, windows("a", " \n"), {"output": "a"}])
def test_what_does_not_say_that_it_failed_has_succeeded(given: Any) -> None:
    assert judged(given, fail_on_stderr=True) == (Status.SUCCEEDED, None)


def managed(state: Any, code: Any = 0, **properties: Any) -> dict[str, Any]:
    view = {"executionState": state, "exitCode": code, "output": "some", "error": 7}
    return {"properties": {**properties, "instanceView": view}}


def test_the_parts_of_a_managed_run_command() -> None:
    assert parse_script_result(managed("Failed", 3)) == ScriptResult("some", "some", "7", 3)
    assert parse_script_result(managed("Running")) == ScriptResult("some", "some", "7", None)
    assert parse_script_result({"properties": {}}) == ScriptResult()


@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        (managed("Succeeded"), (Status.SUCCEEDED, None)),
        (managed("Succeeded", 1), (Status.FAILED, "ScriptFailed")),
        (managed("Failed", 3), (Status.FAILED, "ScriptFailed")),
        (managed("Failed", None), (Status.FAILED, "ScriptFailed")),
        (managed("TimedOut"), (Status.FAILED, "ScriptTimedOut")),
        (managed("Canceled"), (Status.FAILED, "ScriptCanceled")),
        (managed("Running", asyncExecution=True), (Status.SUCCEEDED, None)),
        (managed("Running"), (Status.TIMED_OUT, "ScriptNotEnded")),
        (managed(["Failed"]), (Status.TIMED_OUT, "ScriptNotEnded")),
        ({"properties": {}}, (Status.TIMED_OUT, "ScriptNotEnded")),
    ],
)
def test_a_managed_run_command_is_what_its_script_was(given: Any, outcome: tuple[str, str | None]) -> None:
    assert judged(given) == outcome


def test_a_secret_that_a_script_wrote_is_masked() -> None:
    def mask(text: str) -> str:
        return text.replace("some", "***")

    assert parse_script_result(mask_output(managed("Failed", 3), mask)) == ScriptResult("***", "***", "7", 3)
    assert mask_output(None, mask) is None
