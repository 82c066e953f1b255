"""The details of a job: what is in progress, where it is held up, what failed, and who started it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from azext_flexcompare.instances import last_name
from azext_flexcompare.joblog.drains import out_of_rotation
from azext_flexcompare.joblog.job_state import RESUMABLE, RUNNING, JobState, latest_time, state_of, status_of
from azext_flexcompare.joblog.jobs import reference
from azext_flexcompare.joblog.records import shard_of
from azext_flexcompare.joblog.replay import TO_RETRY, LoggedInstance, LoggedRun
from azext_flexcompare.joblog.values import read_object, read_text, read_time, read_whole
from azext_flexcompare.joblog.waits import GATE, HOOK, read_waits
from azext_flexcompare.output.messages import Retry, logged_command
from azext_flexcompare.scheduler.outcome import BAD, UNFINISHED
from azext_flexcompare.table.entries import operations
from azext_flexcompare.times import format_utc

AFTER = "after-batch"
BY = ("commandLine", "host", "user", "processId", "extensionVersion")  # absent in logs of the first version


def details_of(path: Path, logged_run: LoggedRun, *, written: bool) -> dict[str, Any]:
    """Return a job as an object of the output."""
    state = state_of(path, logged_run, written=written)
    instances = list(logged_run.instances.values())
    return {
        **state.row(),
        "shard": shard_of(logged_run.plan),
        "lastRecordAt": format_utc(latest_time(logged_run)),
        "batch": batch_of(logged_run),
        "batches": read_whole(logged_run.plan.get("batches")),
        "gate": wait_of(logged_run, GATE) if written else None,
        "hook": wait_of(logged_run, HOOK) if written else None,
        "inProgress": names_of(one for one in instances if is_in_progress(one)),
        "outOfRotation": out_of_rotation_in(logged_run),
        "failed": [_failure(one) for one in instances if one.status in BAD],
        "stopped": next((read_text(one.get("reason")) for one in reversed(logged_run.of_kind("stopped"))), None),
        "next": next_command(state, logged_run),
        **{name: _process_of(logged_run).get(name) for name in BY},
    }


def is_in_progress(logged: LoggedInstance) -> bool:
    """Check whether an instance was sent, or may have been, and has no outcome."""
    return logged.was_sent and logged.status is None


def names_of(instances: Iterable[LoggedInstance]) -> list[str]:
    """Return the names of instances."""
    return [read_text(one.planned.get("instance")) or "unnamed" for one in instances]


def batch_of(logged_run: LoggedRun) -> int | None:
    """Return the number of the batch that began last."""
    return next((read_whole(one.get("batch")) for one in reversed(logged_run.of_kind("batch"))), None)


def wait_of(logged_run: LoggedRun, kind: str) -> dict[str, Any] | None:
    """Return the gate or the hook that a run waits for, with the names of the instances that it is of."""
    resumed = max((at for one in logged_run.of_kind("resumed") if (at := read_time(one.get("at")))), default=None)
    found = [
        one
        for one in read_waits(logged_run)
        if one.kind == kind and one.end is None and not (resumed and one.start < resumed)
    ]
    if not found:
        return None
    ids = {id_ for one in found for id_ in one.ids}
    waited_for = [one for id_, one in logged_run.instances.items() if id_ in ids]
    known = {"batch": found[-1].batch, kind: found[-1].name, "since": format_utc(found[0].start)}
    return {**known, "instances": names_of(waited_for)}


def out_of_rotation_in(logged_run: LoggedRun) -> list[str]:
    """Return the names of the instances that the log has out of rotation, by earlier runs in it too."""
    drained = out_of_rotation([*logged_run.before, *logged_run.records])
    return list(dict.fromkeys(last_name(one.instance) for one in drained))


def next_command(state: JobState, logged_run: LoggedRun) -> str | None:
    """Return the command that finishes a run, or retries what failed in it."""
    operation = next((one for one in operations() if one.name == state.operation), None)
    if operation is None or state.state == RUNNING or state.exit == 0:
        return None
    options = read_object(logged_run.plan.get("options"))
    required = [one.name for one in operation.options if one.required]
    retry = Retry(operation.name, options, required, log=reference(str(state.path)))
    statuses = {status_of(one) for one in logged_run.instances.values()}
    if state.state in RESUMABLE or statuses & {*UNFINISHED} or _gate_is_closed(logged_run):
        return logged_command(retry, "--resume")
    return logged_command(retry, "--retry-failed") if statuses & {*TO_RETRY} else None


def _gate_is_closed(logged_run: LoggedRun) -> bool:
    """Check whether the latest command of a run was stopped by a health gate, or by the hook after it."""
    closed = False
    for one in logged_run.of_kind("gate", "hook", "resumed"):
        failed = one.get("hook") == AFTER and one.get("state") == "ended" and one.get("exit") != 0
        closed = one["record"] != "resumed" and (closed or one.get("passed") is False or failed)
    return closed


def _process_of(logged_run: LoggedRun) -> dict[str, Any]:
    """Return the record of the process that wrote the run last."""
    started = [one for one in (logged_run.plan, *logged_run.of_kind("resumed")) if "processId" in one]
    return started[-1] if started else {}


def _failure(logged: LoggedInstance) -> dict[str, Any]:
    outcome = logged.outcome or {}
    known = {"instance": names_of([logged])[0], "status": logged.status}
    return {**known, "error": outcome.get("error"), "reason": read_text(outcome.get("reason"))}
