"""The details of a job."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_flexcompare.joblog.job_details import details_of
from azext_flexcompare.joblog.jobs import folder
from azext_flexcompare.joblog.replay import replay
from azext_flexcompare.joblog.undo import undo_lines
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
    known = {"batch": 1, "gate": "vm-agent", "since": "2026-11-25T09:00:00.000Z", "instances": ["web0", "web1"]}
    assert details(begun, written=True)["gate"] == known
    assert details(begun)["gate"] is None
    assert details(begun, {**GATE, "state": "ended"}, written=True)["gate"] is None


def test_it_names_the_hook_that_runs_and_who_is_out_of_rotation() -> None:
    hook = {"record": "hook", "state": "begun", "batch": 1, "hook": "before-batch", "at": GATE["at"]}
    address = {"id": f"/a/{IDS[0]}", "address": "10.0.0.4", "before": "None"}
    out = {"record": "drain", "state": "begun", "batch": 1, "pool": "p", "at": GATE["at"], "addresses": [address]}
    found = details(hook, out, written=True)
    names = ["web0", "web1", "web2"]
    assert found["hook"] == {
        "batch": 1,
        "hook": "before-batch",
        "since": "2026-11-25T09:00:00.000Z",
        "instances": names,
    }
    assert found["outOfRotation"] == ["vm0"]
    earlier = details_of(folder() / "job.jsonl", replay([START, out, START]), written=False)
    assert earlier["outOfRotation"] == ["vm0"]
    assert details(hook, {"record": "resumed", "at": "2026-11-25T09:00:01Z"}, written=True)["hook"] is None


HOOK_FAILED = {"record": "hook", "state": "ended", "batch": 1, "hook": "after-batch", "exit": 1}
CLOSED = {**GATE, "state": "ended", "passed": False}


@pytest.mark.parametrize(
    ("records", "way"),
    [
        ([], "--resume"),
        ([{"record": "end", "exit": 130}], "--resume"),
        ([FAILED, {"record": "end", "exit": 4}], "--retry-failed"),
        ([FAILED, CLOSED, {"record": "end", "exit": 5}], "--resume"),
        ([FAILED, CLOSED, {"record": "resumed"}, {"record": "end", "exit": 4}], "--retry-failed"),
        ([FAILED, HOOK_FAILED, {"record": "end", "exit": 5}], "--resume"),
        ([FAILED, HOOK_FAILED, {"record": "resumed"}, {"record": "end", "exit": 4}], "--retry-failed"),
        ([FAILED, {**HOOK_FAILED, "exit": 0}, {"record": "end", "exit": 4}], "--retry-failed"),
        ([FAILED, {**FAILED, "id": IDS[1], "status": "NotStarted"}, {"record": "end", "exit": 5}], "--resume"),
        ([{**OUTCOME, "id": id_, "status": Status.SKIPPED} for id_ in IDS] + [{"record": "end", "exit": 5}], None),
        ([{"record": "end", "exit": 0}], None),
    ],
    ids=[
        *("killed", "interrupted", "failed", "behind a gate", "behind no gate", "behind a hook", "behind no hook"),
        *("after a hook", "not begun", "nothing left", "well"),
    ],
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


def places_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield (*path, key)
        yield from places_in(child, (*path, key))


EDITED = [START, {**GATE, "instances": IDS[:2]}, FAILED, {"record": "end", "exit": 4, "statuses": {"Failed": 1}}]
PLACES = [path for path in places_in(EDITED) if len(path) > 1 and path[-1] != "record"]
VALUES = st.none() | st.booleans() | st.floats() | st.text(max_size=3) | st.just([None]) | st.just({"x": []})


@given(st.lists(st.tuples(st.sampled_from(PLACES), VALUES), max_size=3))
def test_a_log_that_was_edited_is_shown_nevertheless(edits: list[tuple[tuple[Any, ...], Any]]) -> None:
    log: Any = copy.deepcopy(EDITED)
    for path, value in sorted(edits, key=lambda edit: -len(edit[0])):
        place = log
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
    assert details_of(Path("log"), replay(log), written=True)["job"] == "log"
    assert undo_lines(log)
