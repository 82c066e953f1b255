"""The details of a job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from azext_flexcompare.joblog.job_details import details_of
from azext_flexcompare.joblog.jobs import folder
from azext_flexcompare.joblog.replay import replay
from azext_flexcompare.scheduler.outcome import Status
from tests.latest.helpers.logs import IDS, OUTCOME, PLAN, PLANNED

GATE = {"record": "gate", "state": "begun", "batch": 1, "gate": "vm-agent", "at": "2026-11-25T09:00:00Z"}
FAILED = {**OUTCOME, "status": "Failed", "error": {"code": "Busy", "message": "It is."}, "id": IDS[0]}
NAMED = [{"id": id_, **PLANNED, "instance": f"web{number}"} for number, id_ in enumerate(IDS)]
START = {**PLAN, "instances": NAMED, "processId": 7, "host": "here", "user": "ops", "commandLine": "az x"}


def details(*records: dict[str, Any], written: bool = False, name: str = "job") -> dict[str, Any]:
    return details_of(folder() / f"{name}.jsonl", replay([START, *records]), written=written)


def test_it_names_what_is_in_progress_and_what_failed() -> None:
    found = details({"record": "batch", "batch": 1, "of": 1}, {"record": "intent", "id": IDS[1]}, FAILED, written=True)
    assert (found["state"], found["batch"], found["batches"]) == ("running", 1, 1)
    assert found["inProgress"] == ["web1"]
    assert found["failed"] == [{"instance": "web0", "status": "Failed", "error": FAILED["error"], "reason": None}]
    assert (found["host"], found["user"], found["processId"], found["extensionVersion"]) == ("here", "ops", 7, None)
    assert found["next"] is None


def test_it_names_whom_a_gate_waits_for_while_it_does() -> None:
    begun = {**GATE, "instances": IDS[:2]}
    known = {"batch": 1, "gate": "vm-agent", "since": GATE["at"], "instances": ["web0", "web1"]}
    assert details(begun, written=True)["gate"] == known
    assert details(begun)["gate"] is None
    assert details(begun, {**GATE, "state": "ended"}, written=True)["gate"] is None


@pytest.mark.parametrize(
    ("records", "way"),
    [
        ([], "--resume"),
        ([{"record": "end", "exit": 130}], "--resume"),
        ([FAILED, {"record": "end", "exit": 4}], "--retry-failed"),
        ([{**OUTCOME, "id": id_, "status": Status.SKIPPED} for id_ in IDS] + [{"record": "end", "exit": 5}], None),
        ([{"record": "end", "exit": 0}], None),
    ],
    ids=["killed", "interrupted", "failed", "nothing left", "well"],
)
def test_it_names_the_command_that_goes_on(records: list[dict[str, Any]], way: str | None) -> None:
    assert details(*records)["next"] == (way and f"az vmss-flex restart {way} job")


def test_the_command_repeats_what_the_cli_demands_and_names_what_the_log_has_not() -> None:
    script = {**START, "operation": "run-command", "options": {"--command-id": "x", "--scripts": None}}
    found = details_of(Path("a log"), replay([script]), written=False)
    assert found["next"] == "az vmss-flex run-command --resume 'a log' --command-id x, with --scripts as before"


def test_the_process_is_the_one_that_wrote_last() -> None:
    assert details({"record": "resumed", "processId": 8, "host": "there"})["host"] == "there"


def test_a_log_of_the_first_version_names_no_process() -> None:
    found = details_of(Path("log"), replay([PLAN]), written=False)
    assert [found[name] for name in ("commandLine", "host", "user", "processId")] == [None] * 4
