"""How long jobs are kept: so many days and so many jobs, as `az config` says."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from time import time
from typing import Any

import portalocker
from knack.log import get_logger

from azext_flexcompare.joblog.job_state import RESUMABLE, read_state
from azext_flexcompare.joblog.jobs import job_paths
from azext_flexcompare.joblog.liveness import EXCLUSIVE, is_written

SECTION = "vmss_flex"
DAYS, JOBS = ("job_days", 30), ("job_count", 200)  # options of `az config`, and their defaults
DAY = 86_400  # seconds


def clear_old_jobs(config: Any) -> None:
    """Remove the jobs that are older, or more, than the configuration of the CLI says.

    One that is running stays, and one that can be resumed is removed by its age only.
    """
    days, most = _number(config, *DAYS), _number(config, *JOBS)
    if days is None or most is None:
        return
    paths, now = job_paths(), time()
    old = [path for path in paths if _is_older(path, now - days * DAY)]
    kept = [path for path in paths if path not in old]
    surplus = [path for path in kept[: max(0, len(kept) - most)] if _has_ended(path)]
    for path in (*old, *surplus):
        remove(path)


def remove(path: Path) -> bool:
    """Remove a job, unless a process writes it; return whether it is gone."""
    if is_written(path):
        return False
    with suppress(OSError), path.open("r+b") as file, suppress(portalocker.LockException):
        portalocker.lock(file, EXCLUSIVE)
        path.unlink()
    return not path.exists()


def _is_older(path: Path, limit: float) -> bool:
    with suppress(OSError):
        return path.stat().st_mtime < limit
    return False


def _has_ended(path: Path) -> bool:
    state = read_state(path)
    return state is None or state.state not in RESUMABLE


def _number(config: Any, option: str, default: int) -> int | None:
    """Return a limit of the configuration; None is one that is no number, and then nothing is removed."""
    try:
        return max(0, int(config.get(SECTION, option, fallback=default)))
    except ValueError:
        get_logger(__name__).warning(
            "The configuration %s.%s is not a whole number; no job is removed.", SECTION, option
        )
        return None
