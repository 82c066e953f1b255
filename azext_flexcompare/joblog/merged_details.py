"""The details of several jobs as one run: together, and of each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from azext_flexcompare.joblog.job_details import details_of
from azext_flexcompare.joblog.job_state import ENDED, INTERRUPTED, KILLED, RUNNING, latest_time
from azext_flexcompare.joblog.merge import merge_logs, missing_shares
from azext_flexcompare.joblog.records import Record
from azext_flexcompare.joblog.replay import LoggedRun, replay
from azext_flexcompare.joblog.values import read_time
from azext_flexcompare.times import format_utc

STATES = (RUNNING, KILLED, INTERRUPTED, ENDED)  # of several, the first is that of all of them
OF_EACH = ("job", "file", "shard", "state", "exit", "instances", "statuses", "stopped", "next")


class ReadLog(NamedTuple):
    """A job log: its records, and whether a process writes it."""

    path: Path
    records: list[Record]
    written: bool


def merged_details(logs: Sequence[ReadLog]) -> dict[str, Any]:
    """Return several jobs as an object of the output: what `job show` has of one, and a row for each of them."""
    run = replay(merge_logs([one.records for one in logs]))
    jobs = [_row(one) for one in logs]
    details = details_of(logs[0].path, run, written=any(one.written for one in logs))
    return {
        **details,
        "job": None,
        "file": None,
        "shard": None,
        "state": next(state for state in STATES if state in {one["state"] for one in jobs}),
        "next": None,
        **_times(run),
        "missingShares": missing_shares(replay(one.records).plan for one in logs),
        "jobs": jobs,
    }


def _row(log: ReadLog) -> dict[str, Any]:
    run = replay(log.records)
    details = details_of(log.path, run, written=log.written)
    return {**{name: details[name] for name in OF_EACH}, **_times(run)}


def _times(run: LoggedRun) -> dict[str, Any]:
    """Return when a run began, its last record, and the time between them."""
    began, last = read_time(run.plan.get("at")), latest_time(run)
    seconds = round((last - began).total_seconds(), 3) if began and last else None
    return {"startedAt": format_utc(began), "lastRecordAt": format_utc(last), "durationSeconds": seconds}
