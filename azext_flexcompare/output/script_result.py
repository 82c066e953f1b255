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
from azext_flexcompare.scheduler.outcome import Error, Outcome, Status
from azext_flexcompare.table.entries import Operation

LINUX = re.compile(
    r"(?P<head>.*?)^\[stdout\]\n(?P<stdout>.*)^\[stderr\](?:\n(?P<stderr>.*))?\Z", re.DOTALL | re.MULTILINE
)
STREAMS = ("stdout", "stderr")  # fields, and on Windows the segments of codes in lower case
EXIT_CODE = re.compile(r"exit (?:status|code)\s*[=:]?\s*(-?\d+)", re.IGNORECASE)
NOT_LOGGED = "The job log does not have its output, because --log-output was not specified."
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
    return replace(outcome, status=Status.FAILED, error=error) if error else outcome


def note_lost_output(operation: Operation, outcome: Outcome[Instance]) -> Outcome[Instance]:
    """Return an outcome of a job log with the reason why it has no output, if its operation has one."""
    if not operation.returns or outcome.result or outcome.reason or outcome.status != Status.SUCCEEDED:
        return outcome
    return replace(outcome, reason=NOT_LOGGED)


def _error(result: Any, fail_on_stderr: bool) -> Error | None:
    parsed = parse_script_result(result)
    exit_code = f" Its exit code is {parsed.exitCode}." if parsed.exitCode is not None else ""
    for code, level, _ in _statuses(result):
        if level == "error" or "failed" in code.lower().split("/"):
            return Error(code or "ScriptFailed", f"The script failed.{exit_code} The list has its output.")
    if parsed.exitCode:
        return Error("ScriptFailed", f"The script failed.{exit_code} The list has its output.")
    return STANDARD_ERROR if fail_on_stderr and (parsed.stderr or "").strip() else None


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
