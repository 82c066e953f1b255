"""The state of a job: how far its last run has come, and whether a process still writes it."""

from __future__ import annotations

import json
import os
from collections import Counter
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

from azure.cli.core.azclierror import AzCLIError

from azext_flexcompare.instances import last_name
from azext_flexcompare.joblog.file import read_records
from azext_flexcompare.joblog.jobs import name_of
from azext_flexcompare.joblog.liveness import is_written
from azext_flexcompare.joblog.records import Record
from azext_flexcompare.joblog.replay import LoggedInstance, LoggedRun, replay
from azext_flexcompare.joblog.values import read_list, read_object, read_text, read_time, read_whole
from azext_flexcompare.output.exit_status import Exit
from azext_flexcompare.times import format_utc

RUNNING, ENDED, INTERRUPTED, KILLED = "running", "ended", "interrupted", "killed"
RESUMABLE = (INTERRUPTED, KILLED)
UNFINISHED = "Unfinished"  # its call was sent, and the log has no outcome
IN_PROGRESS = "InProgress"  # the same while the run goes on
WAITING = "Waiting"  # its turn has not come
TAIL = 65_536  # bytes at the end of a log in which its last record is


class JobState(NamedTuple):
    """What `job list` shows of a job; `statuses` counts the instances of its last run."""

    name: str
    path: Path
    state: str
    operation: str | None
    scale_sets: tuple[str, ...]
    started: str | None
    exit: int | None
    statuses: dict[str, int]

    def row(self) -> dict[str, Any]:
        """Return the job as an object of the output."""
        return {
            "job": self.name,
            "operation": self.operation,
            "scaleSets": list(self.scale_sets),
            "startedAt": self.started,
            "state": self.state,
            "exit": self.exit,
            "instances": sum(self.statuses.values()),
            "statuses": self.statuses,
            "file": str(self.path),
        }


def read_state(path: Path) -> JobState | None:
    """Return the state of a job by its log; None is a file that is no job log."""
    written = is_written(path)  # before it is read: a run that ends in between has its end in the log
    last = _last_record(path)
    if not written and last and last.get("record") == "end" and isinstance(last.get("statuses"), dict):
        return _state(path, last, last.get("operation"), last.get("scaleSets"), statuses=last["statuses"])
    try:
        logged_run = replay(read_records(str(path)))
    except AzCLIError:
        return _state(path, None, None, None, statuses={})._replace(state=RUNNING) if written else None
    return state_of(path, logged_run, written=written)


def state_of(path: Path, logged_run: LoggedRun, *, written: bool) -> JobState:
    """Return the state of a job by its last run."""
    plan, last = logged_run.plan, None if written or not logged_run.records else logged_run.records[-1]
    counts = Counter(status_of(one) for one in logged_run.instances.values())
    found = _state(path, last, plan.get("operation"), plan.get("scaleSets"), statuses=dict(counts))
    if not written:
        return found
    statuses = {IN_PROGRESS if name == UNFINISHED else name: number for name, number in counts.items()}
    return found._replace(state=RUNNING, statuses=statuses)


def status_of(logged: LoggedInstance) -> str:
    """Return the status of an instance, or what it is in without one."""
    return logged.status or (UNFINISHED if logged.was_sent else WAITING)


def began(path: Path) -> str | None:
    """Return the time in the name of a job."""
    with suppress(ValueError):
        found = datetime.strptime(path.name.partition("-")[0], "%Y%m%dT%H%M%S.%fZ")  # noqa: DTZ007  (it is UTC)
        return format_utc(found.replace(tzinfo=timezone.utc))
    return None


def latest_time(logged_run: LoggedRun) -> datetime | None:
    """Return the time of the last record of a run."""
    times = [read_time(one.get("at")) for one in (logged_run.plan, *logged_run.records)]
    return max((one for one in times if one), default=None)


def _state(path: Path, last: Record | None, operation: object, sets: object, *, statuses: dict[str, int]) -> JobState:
    ended = last is not None and last.get("record") == "end"
    exit_ = read_whole(last.get("exit")) if last and ended else None
    state = KILLED if not ended else INTERRUPTED if exit_ == Exit.INTERRUPTED else ENDED
    names = tuple(last_name(text) for one in read_list(sets) if (text := read_text(one)))
    counts = {name: number for name, value in read_object(statuses).items() if (number := read_whole(value))}
    return JobState(
        name_of(path),
        path,
        state,
        operation=read_text(operation),
        scale_sets=names,
        started=began(path),
        exit=exit_,
        statuses=counts,
    )


def _last_record(path: Path) -> Record | None:
    """Return the last record of a log without reading all of it."""
    with suppress(OSError, ValueError), path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - TAIL))
        found = json.loads(file.read().rstrip(b"\n").rpartition(b"\n")[2])
        return found if isinstance(found, dict) else None
    return None
