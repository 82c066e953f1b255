"""`job show --watch`: a run of another process, followed by its job log to the end."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from time import sleep
from typing import Any

from knack.log import get_logger

from azext_flexcompare.joblog.file import read_records
from azext_flexcompare.joblog.job_details import details_of
from azext_flexcompare.joblog.job_state import KILLED, WAITING, status_of
from azext_flexcompare.joblog.liveness import is_written
from azext_flexcompare.joblog.replay import LoggedRun, replay
from azext_flexcompare.output.exit_status import Exit, leave_after_output
from azext_flexcompare.output.messages import first_names
from azext_flexcompare.output.progress import BatchEnd, BatchLines, ProgressLine, Snapshot, progress_on
from azext_flexcompare.scheduler.interruption import interruptible
from azext_flexcompare.times import count

INTERVAL = 0.5  # seconds between two reads of the log

Displays = list[ProgressLine | BatchLines]


class Follower:
    """A log that grows: it is parsed again only where it has."""

    def __init__(self, path: Path) -> None:
        self.path, self.size = path, -1
        self.logged_run: LoggedRun | None = None

    def read(self) -> LoggedRun:
        """Return the run as its log has it now."""
        size = self.path.stat().st_size
        if self.logged_run is None or size != self.size:
            self.logged_run, self.size = replay(read_records(str(self.path))), size
        return self.logged_run


def watch(cli_ctx: Any, path: Path) -> dict[str, Any]:
    """Show the progress of a run until it ends or you press Ctrl-C, which does not touch it; return its details.

    The exit status of the process is that of the run, or 130 where the run or its follower was interrupted.
    """
    follower, displays, told = Follower(path), Displays(), 0
    with interruptible() as interrupted:
        while True:
            written = is_written(path)
            logged_run = follower.read()
            displays = displays or progress_on(cli_ctx, None, _acting(logged_run))
            told = _show(displays, logged_run, told)
            if not written or interrupted():
                break
            sleep(INTERVAL)
    for display in displays:
        display.close()
    details = details_of(path, logged_run, written=written)
    _conclude(cli_ctx, details, written=written)
    return details


def _acting(logged_run: LoggedRun) -> int:
    return sum(one.batch is not None for one in logged_run.instances.values())


def _show(displays: Displays, logged_run: LoggedRun, told: int) -> int:
    """Show how far a run has come; return the number of the last batch whose end was shown."""
    found = snapshot_of(logged_run)
    ended = found.batch[0] - (0 if _is_over(logged_run, found.batch[0]) else 1)
    for display in displays:
        for number in range(told + 1, ended + 1):
            display.end_batch(_end_of(logged_run, number, found.batch[1]))
        display.show(found)
    return max(told, ended)


def snapshot_of(logged_run: LoggedRun) -> Snapshot:
    """Return the progress of a run by its log, as the run itself shows it."""
    details = details_of(Path("-"), logged_run, written=True)
    gate, batch = details["gate"], (details["batch"] or 1, details["batches"] or 1)
    acting = [one for one in logged_run.instances.values() if one.batch is not None]
    counts = Counter(one.status for one in acting if one.status)
    waiting = sum(status_of(one) == WAITING and one.batch == batch[0] for one in acting)
    if gate and not details["inProgress"]:  # with a window others are in operation meanwhile
        return Snapshot("not healthy yet", gate["instances"], waiting, counts, batch=batch)
    if details["hook"]:
        return Snapshot(f"running --{details['hook']['hook']}", None, 0, counts, batch=batch)
    if not details["inProgress"] and not waiting:
        return Snapshot("between batches", None, 0, counts, batch=batch)
    return Snapshot("in progress", details["inProgress"], waiting, counts, batch=batch)


def _is_over(logged_run: LoggedRun, number: int) -> bool:
    return all(one.status for one in logged_run.instances.values() if one.batch == number)


def _end_of(logged_run: LoggedRun, number: int, batches: int) -> BatchEnd:
    members = [one for one in logged_run.instances.values() if one.batch == number]
    return BatchEnd((number, batches), len(members), "", Counter(map(status_of, members)))


def _conclude(cli_ctx: Any, details: dict[str, Any], *, written: bool) -> None:
    """Set the exit status, and what is said after the output."""
    known = not written and details["exit"] in list(Exit)
    status = Exit(details["exit"]) if known else Exit.INTERRUPTED
    statuses = ", ".join(f"{number} {name}" for name, number in details["statuses"].items())
    lines = (
        [f"The run goes on: {statuses}."] if written else [f"{count(details['instances'], 'instance')}: {statuses}."]
    )
    lines += [details["stopped"]] if details["stopped"] else []
    lines += ["The process of the run was killed."] if details["state"] == KILLED else []
    out = details["outOfRotation"]
    lines += [f"Out of rotation: {first_names(out)}"] if out and not written else []
    lines += [f"Failed: {first_names([one['instance'] for one in details['failed']])}"] if details["failed"] else []
    lines += [f"Next: {details['next']}"] if details["next"] else []

    def report() -> None:
        for line in lines:
            get_logger(__name__).warning(line)

    leave_after_output(cli_ctx, status, report)
