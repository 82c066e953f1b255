"""The details of several jobs as one run."""

from __future__ import annotations

import json
from pathlib import Path

from azext_flexcompare.joblog.merged_details import ReadLog, merged_details
from tests.latest.helpers.report_logs import Log, ended, plan, planned, said
from tools import schemas

FIRST: Log = [
    plan(planned("a"), planned("b"), choice={"shard": "1/3"}, batches=1),
    said("intent", 1, "a"),
    said("intent", 1, "b"),
    ended("a", "Succeeded", 1, 2),
    ended("b", "Failed", 1, 4),
    said("end", 5, exit=4),
]
SECOND: Log = [
    plan(planned("c"), when=2, choice={"shard": "2/3"}, batches=1),
    said("batch", 2, batch=1, of=1),
    said("intent", 3, "c"),
]


def logs(*, running: bool) -> list[ReadLog]:
    return [ReadLog(Path("1.jsonl"), FIRST, written=False), ReadLog(Path("2.jsonl"), SECOND, written=running)]


def test_counts_failures_and_times_are_of_all_and_each_run_has_a_row() -> None:
    found = merged_details(logs(running=True))
    assert found["statuses"] == {"Succeeded": 1, "Failed": 1, "InProgress": 1}
    assert (found["state"], found["exit"], found["instances"], found["durationSeconds"]) == ("running", None, 3, 4.0)
    assert ([one["instance"] for one in found["failed"]], found["inProgress"]) == (["b"], ["c"])
    assert found["missingShares"] == ["3/3"]
    rows = [(one["job"], one["shard"], one["state"], one["exit"], one["durationSeconds"]) for one in found["jobs"]]
    assert rows == [("1", "1/3", "ended", 4, 5.0), ("2", "2/3", "running", None, 1.0)]
    assert found["jobs"][0]["next"] == "az vmss-flex restart --retry-failed 1.jsonl"


def test_it_is_what_the_schema_says() -> None:
    assert schemas.problems("job-show", json.loads(json.dumps(merged_details(logs(running=True))))) == []


def test_a_run_that_was_killed_is_the_state_of_all() -> None:
    assert merged_details(logs(running=False))["state"] == "killed"
