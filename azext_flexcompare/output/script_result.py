"""The result of a script: its output in parts, its exit code, and whether it failed.

Azure calls an operation Succeeded whose script failed (recorded): on Linux it puts both outputs into one message, on
Windows each into a status of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from azext_flexcompare.instances import Instance
from azext_flexcompare.output.masking import Masker, no_mask
from azext_flexcompare.scheduler.outcome import Error, Outcome, Status
from azext_flexcompare.table.entries import Operation

LINUX = re.compile(
    r"(?P<head>.*?)^\[stdout\]\n(?P<stdout>.*)^\[stderr\](?:\n(?P<stderr>.*))?\Z", re.DOTALL | re.MULTILINE
)
STREAMS = ("stdout", "stderr")  # fields, and on Windows the segments of codes in lower case
EXIT_CODE = re.compile(r"exit (?:status|code)\s*[=:]?\s*(-?\d+)", re.IGNORECASE)
NOT_LOGGED = "The job log does not have its output, because --log-output was not specified."
BADLY = {  # how the script of a managed run command may end, with the code and what is said of it
    "Failed": ("ScriptFailed", "The script failed."),
    "TimedOut": ("ScriptTimedOut", "The script did not end within --timeout-in-seconds."),
    "Canceled": ("ScriptCanceled", "The script was canceled."),
}
ENDED = ("Succeeded", *BADLY)
STARTED = "The script has started (--async-execution); `az vmss-flex run-command wait` waits for its end."
NOT_ENDED = (
    "The service ended the operation and does not show that the script has ended: its executionState is {state}."
)
STANDARD_ERROR = Error("StandardError", "The script wrote to standard error (--fail-on-stderr).")


class ScriptResult(NamedTuple):
    """What a script printed, as fields of a row; None is what the service does not say."""

    output: str | None = None
    stdout: str | None = None
    stderr: str | None = None
    exitCode: int | None = None  # noqa: N815  (the name of the field)


def parse_script_result(result: Any) -> ScriptResult:
    """Parse the result of a script, as the service returns it or as a job log has it; an odd one has no parts."""
    if isinstance(result, dict) and "output" in result:
        return ScriptResult(**{name: result.get(name) for name in ScriptResult._fields})
    if view := _instance_view(result):
        output, errors = (None if view.get(name) is None else str(view[name]) for name in ("output", "error"))
        code = view.get("exitCode") if execution_state(result) in ENDED else None
        return ScriptResult(output, output, errors, code if isinstance(code, int) else None)
    statuses = list(_statuses(result))
    if not statuses and not (isinstance(result, dict) and isinstance(result.get("value"), list)):
        return ScriptResult()
    output = "\n".join(message for _, _, message in statuses)
    parts: dict[str, Any] = {}
    for code, _, message in statuses:
        parts |= _parts(code, message)
    return ScriptResult(output, **parts)


def judge_script(outcome: Outcome[Instance], *, fail_on_stderr: bool) -> Outcome[Instance]:
    """Return an outcome as Failed if the result of its script says so."""
    if outcome.status != Status.SUCCEEDED or not outcome.result:
        return outcome
    error = _error(outcome.result, fail_on_stderr)
    if error:
        return replace(outcome, status=Status.FAILED, error=error)
    return _judge_unended(outcome)


def _judge_unended(outcome: Outcome[Instance]) -> Outcome[Instance]:
    """Return the outcome of a managed run command whose script is not known to have ended with what is known."""
    if not _is_managed(outcome.result):
        return outcome
    state = execution_state(outcome.result)
    if state in ENDED:
        return outcome
    if outcome.result["properties"].get("asyncExecution"):
        return replace(outcome, reason=STARTED)
    return replace(outcome, status=Status.TIMED_OUT, error=Error("ScriptNotEnded", NOT_ENDED.format(state=state)))


def mask_output(result: Any, mask: Masker) -> Any:
    """Return a managed run command with secrets masked in what its script wrote."""
    view = _instance_view(result)
    if not view or mask is no_mask:
        return result
    written = {name: mask(text) for name, text in view.items() if isinstance(text, str)}
    return {**result, "properties": {**result["properties"], "instanceView": {**view, **written}}}


def note_lost_output(operation: Operation, outcome: Outcome[Instance]) -> Outcome[Instance]:
    """Return an outcome of a job log with the reason why it has no output, if its operation has one."""
    if not operation.returns or outcome.result or outcome.reason or outcome.status != Status.SUCCEEDED:
        return outcome
    return replace(outcome, reason=NOT_LOGGED)


def _error(result: Any, fail_on_stderr: bool) -> Error | None:
    parsed = parse_script_result(result)
    exit_code = f" Its exit code is {parsed.exitCode}." if parsed.exitCode is not None else ""
    state = execution_state(result)
    if state in BADLY:
        code, what = BADLY[state]
        return Error(code, f"{what}{exit_code} The list has its output.")
    for code, level, _ in _statuses(result):
        if level == "error" or "failed" in code.lower().split("/"):
            return Error(code or "ScriptFailed", f"The script failed.{exit_code} The list has its output.")
    if parsed.exitCode:
        return Error("ScriptFailed", f"The script failed.{exit_code} The list has its output.")
    return STANDARD_ERROR if fail_on_stderr and (parsed.stderr or "").strip() else None


def _is_managed(result: Any) -> bool:
    """Return whether a result is a managed run command as it was read."""
    return isinstance(result, dict) and isinstance(result.get("properties"), dict)


def _instance_view(result: Any) -> dict[str, Any] | None:
    view = result["properties"].get("instanceView") if _is_managed(result) else None
    return view if isinstance(view, dict) else None


def execution_state(result: Any) -> str:
    """Return the execution state of a managed run command; Unknown is one of Azure's own."""
    return str((_instance_view(result) or {}).get("executionState") or "Unknown")


def _parts(code: str, message: str) -> dict[str, Any]:
    """Return the fields that one status has."""
    streams = [part for part in code.lower().split("/") if part in STREAMS]
    if streams:
        return {streams[0]: message.rstrip("\r\n")}
    found = LINUX.match(message)
    exit_code = EXIT_CODE.search(found["head"] if found else message)
    parts: dict[str, Any] = {"exitCode": int(exit_code[1])} if exit_code else {}
    if found:
        parts |= {"stdout": found["stdout"].rstrip("\r\n"), "stderr": (found["stderr"] or "").rstrip("\r\n")}
    return parts


def _statuses(result: Any) -> Iterator[tuple[str, str, str]]:
    """Yield the code, the level in lower case and the message of each status, whatever else is there."""
    listed = result.get("value") if isinstance(result, dict) else None
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, dict):
            code, level, message = (one.get(name) for name in ("code", "level", "message"))
            yield str(code or ""), str(level or "").lower(), "" if message is None else str(message)
