"""The commands `job list`, `job show` and `job delete`, which read the jobs of this machine and send no request."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from azure.cli.core.azclierror import InvalidArgumentValueError, ManualInterrupt, NoTTYError, ValidationError
from knack.prompting import NoTTYException, prompt_y_n

from azext_flexcompare.execution.job_watch import watch
from azext_flexcompare.joblog.file import read_records
from azext_flexcompare.joblog.job_details import details_of
from azext_flexcompare.joblog.job_state import RESUMABLE, read_state
from azext_flexcompare.joblog.jobs import LAST, find_log, folder, job_paths, name_of
from azext_flexcompare.joblog.liveness import is_written
from azext_flexcompare.joblog.merged_details import ReadLog, merged_details
from azext_flexcompare.joblog.replay import replay
from azext_flexcompare.joblog.retention import remove
from azext_flexcompare.joblog.undo import undo_lines
from azext_flexcompare.output.standard_streams import write_output
from azext_flexcompare.output.text import show_invisible
from azext_flexcompare.times import count

MOST_NAMED = 5


def list_jobs() -> list[dict[str, Any]]:
    """Return a row for each job of this machine, the one that began last at the end."""
    return [state.row() for path in job_paths() if (state := read_state(path))]


def show_job(
    cli_ctx: Any, job: str | None, *, follow: bool = False, undo: bool = False, merge: Sequence[str] = ()
) -> dict[str, Any] | None:
    """Return the details of a job, at its end if it is followed, or print the commands that undo it.

    Jobs to `merge` are shown as one run.
    """
    _check_show(job, follow=follow, undo=undo, merge=merge)
    paths = [Path(find_log(one)) for one in dict.fromkeys(merge or [job or LAST])]
    if undo:
        lines = undo_lines([record for path in paths for record in read_records(str(path))])
        write_output("".join(f"{show_invisible(line)}\n" for line in lines))
        return None
    if merge:
        return merged_details([_read_log(path) for path in paths])
    path = paths[0]
    if follow:
        return watch(cli_ctx, path)
    written = is_written(path)
    return details_of(path, replay(read_records(str(path))), written=written)


def _check_show(job: str | None, *, follow: bool, undo: bool, merge: Sequence[str]) -> None:
    if follow and (undo or merge):
        other = "--undo" if undo else "--merge"
        raise InvalidArgumentValueError(f"{other} and --watch cannot be combined.", recommendation="Omit one of them.")
    if job and merge:
        raise InvalidArgumentValueError(
            f"The job {job} and --merge cannot be combined.", recommendation="Name all jobs after --merge."
        )


def _read_log(path: Path) -> ReadLog:
    written = is_written(path)  # before it is read: a run that ends in between has its end in the log
    return ReadLog(path, read_records(str(path)), written)


def delete_jobs(jobs: list[str], *, yes: bool) -> None:
    """Remove the logs of jobs, if you agree; raises before the first where one is running or there is none."""
    paths = list(dict.fromkeys(_job_path(one) for one in jobs))
    running = [name_of(path) for path in paths if is_written(path)]
    if running:
        raise ValidationError(
            f"The job {running[0]} is running and is not deleted.",
            recommendation=f"Wait for its end: az vmss-flex wait --job-log {running[0]}",
        )
    if not yes:
        _ask(paths)
    left = [name_of(path) for path in paths if not remove(path)]
    if left:
        raise ValidationError(f"The job {left[0]} could not be deleted.", recommendation=f"Delete it in {folder()}.")


def _job_path(job: str) -> Path:
    path = Path(find_log(job))
    if path.parent != folder():
        raise InvalidArgumentValueError(
            f"{job} is a file and no job.", recommendation="`az vmss-flex job list` lists the jobs."
        )
    return path


def _ask(paths: list[Path]) -> None:
    states = [state for path in paths if (state := read_state(path))]
    open_ = sum(one.state in RESUMABLE for one in states)
    more = f" and {len(paths) - MOST_NAMED} more" if len(paths) > MOST_NAMED else ""
    names = ", ".join(name_of(path) for path in paths[:MOST_NAMED]) + more
    warning = f" {open_} of them can still be resumed, and then no longer." if open_ else ""
    question = f"Delete {count(len(paths), 'job')} ({names})?{warning}"
    try:
        agreed = prompt_y_n(question)
    except NoTTYException as error:
        raise NoTTYError(
            "job delete needs your confirmation, and there is no terminal to ask on.",
            recommendation="Use --yes to confirm.",
        ) from error
    if not agreed:
        raise ManualInterrupt("Operation cancelled; nothing was deleted.")
