"""The state of a job by its log and the lock of whoever writes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from azext_flexcompare.joblog import file as job_log
from azext_flexcompare.joblog import job_state
from azext_flexcompare.joblog.job_state import read_state
from tests.latest.helpers.logs import IDS, OUTCOME, PLAN, write

NAME = "20261125T090000.125Z-restart-web.jsonl"
SENT = [PLAN, {"record": "intent", "id": IDS[0]}, {**OUTCOME, "id": IDS[0]}, {"record": "intent", "id": IDS[1]}]
END = {"record": "end", "exit": 4}
SUMMARY = {"operation": "stop", "scaleSets": ["/a/web"], "statuses": {"Succeeded": 7}}


def row_of(path: Path, *records: dict[str, Any], torn: bytes = b"") -> dict[str, Any]:
    write(path, *records, torn=torn)
    state = read_state(path)
    assert state
    return state.row()


def test_a_job_without_an_end_was_killed(tmp_path: Path) -> None:
    row = row_of(tmp_path / NAME, *SENT, torn=b'{"record": "end", "exit"')
    assert row == {
        "job": "20261125T090000.125Z-restart-web",
        "operation": "restart",
        "scaleSets": ["set"],
        "startedAt": "2026-11-25T09:00:00.125Z",
        "state": "killed",
        "exit": None,
        "instances": 3,
        "statuses": {"Succeeded": 1, "Unfinished": 1, "Waiting": 1},
        "file": str(tmp_path / NAME),
    }


@pytest.mark.parametrize(("exit_", "state"), [(0, "ended"), (5, "ended"), (130, "interrupted")])
def test_a_job_with_an_end_has_its_exit_status(tmp_path: Path, exit_: int, state: str) -> None:
    row = row_of(tmp_path / NAME, *SENT, {**END, "exit": exit_})
    assert (row["state"], row["exit"]) == (state, exit_)


def test_a_job_that_was_resumed_and_killed_then_was_killed(tmp_path: Path) -> None:
    assert row_of(tmp_path / NAME, *SENT, END, {"record": "resumed"})["state"] == "killed"


def test_a_job_is_running_while_its_log_is_written(tmp_path: Path) -> None:
    path = tmp_path / NAME
    write(path, *SENT)
    log, _ = job_log.open_to_append(str(path))
    try:
        log.write([{**END, **SUMMARY}])  # of a run before, which is going on
        state = read_state(path)
    finally:
        log.close()
    assert state
    assert (state.state, state.exit) == ("running", None)
    assert state.statuses == {"Succeeded": 1, "InProgress": 1, "Waiting": 1}
    ended = read_state(path)
    assert ended
    assert (ended.state, ended.statuses) == ("ended", {"Succeeded": 7})


def test_the_end_of_a_log_is_enough(tmp_path: Path) -> None:
    """A list of many jobs does not read all that is in them."""
    path = tmp_path / NAME
    path.write_bytes(b"x" * 2 * job_state.TAIL + b"\n" + json.dumps({**END, **SUMMARY}).encode() + b"\n")
    state = read_state(path)
    assert state
    assert (state.operation, state.scale_sets, state.exit, state.statuses) == ("stop", ("web",), 4, {"Succeeded": 7})


@pytest.mark.parametrize("content", [b"", b"mine", b'{"record": "end"}\n', b'[]\n{"record":"end","statuses":3}\n'])
def test_what_is_no_log_is_no_job(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / NAME
    path.write_bytes(content)
    assert read_state(path) is None


def test_a_log_that_has_no_plan_yet_is_of_a_run_that_begins(tmp_path: Path) -> None:
    log = job_log.create(str(tmp_path / NAME))
    try:
        state = read_state(tmp_path / NAME)
    finally:
        log.close()
    assert state
    assert (state.state, state.row()["instances"]) == ("running", 0)


def test_a_name_without_a_time_has_no_start(tmp_path: Path) -> None:
    assert job_state.began(tmp_path / "restart.jsonl") is None
