"""The jobs of this machine: the job logs of runs that named no file, in the configuration folder of the CLI."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timezone
from difflib import get_close_matches
from itertools import count
from pathlib import Path

from azure.cli.core._environment import get_config_dir
from azure.cli.core.azclierror import AzCLIError, FileOperationError
from knack.log import get_logger

from azext_flexcompare.joblog import file as job_log
from azext_flexcompare.joblog.private_file import OWNER_ONLY
from azext_flexcompare.joblog.records import Record

FOLDER, FOLDER_ONLY_OWNER = ("vmss-flex", "jobs"), 0o700
SUFFIX = ".jsonl"
LAST = "last"
UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
LONGEST = 100  # characters of the names of sets in the name of a job
NEAREST = 3


class Job(job_log.JobLog):
    """The log of a job, without which the run goes on: it is removed where it cannot be kept."""

    required = False
    written = False

    def write(self, records: Iterable[Record]) -> None:
        """Append records; where that fails, remove the log, since a part of it would lead a resumed run astray."""
        try:
            super().write(records)
        except OSError as error:
            self._remove(error)
            raise
        self.written = True

    def sync(self) -> None:
        """Flush what was written to the disk, or remove the log."""
        try:
            super().sync()
        except OSError as error:
            self._remove(error)
            raise

    def close(self) -> None:
        """Close the file, and remove it if nothing was written to it."""
        if not self.written:
            with suppress(OSError):
                Path(self.path).unlink(missing_ok=True)
        super().close()

    def _remove(self, error: OSError) -> None:
        with suppress(OSError):
            self.file.truncate(0)  # a log without a plan cannot be resumed, even if it cannot be removed
        with suppress(OSError):
            Path(self.path).unlink(missing_ok=True)
        self.written, self.dirty = False, False
        _warn(self.path, error)


def folder() -> Path:
    """Return the folder of the jobs."""
    return Path(get_config_dir(), *FOLDER)


def job_paths() -> list[Path]:
    """List the logs of the jobs, the one that began last at the end."""
    try:
        return sorted(path for path in folder().iterdir() if path.suffix == SUFFIX)
    except OSError:
        return []


def name_of(path: Path) -> str:
    """Return the name of a job by its log."""
    return path.name.removesuffix(SUFFIX)


def reference(path: str) -> str:
    """Return what names a log on the command line: the name of a job, or the path of a file."""
    log = Path(path)
    return name_of(log) if log.suffix == SUFFIX and log.parent == folder() else path


def create_job(operation: str, scale_sets: Iterable[str], shard: str | None = None) -> Job | None:
    """Create the log of a job, named by UTC time, operation, scale sets and share; where that fails, only warn."""
    began = datetime.now(timezone.utc).isoformat(timespec="milliseconds").partition("+")[0]
    stamp = re.sub("[-:]", "", began) + "Z"
    sets = "-".join(dict.fromkeys(scale_sets))
    share = shard and shard.replace("/", "of")
    name = UNSAFE.sub("_", "-".join(filter(None, (stamp, operation.replace(" ", "-"), sets[:LONGEST], share))))
    try:
        make_folder()
        path = _reserve(name)
    except OSError as error:
        _warn(str(folder()), error)
        return None
    try:
        created = job_log.create(str(path))
    except AzCLIError as error:
        get_logger(__name__).warning("%s The run is not recorded and cannot be resumed.", error)
        return None
    return Job(created.file, created.path)


def find_log(text: str) -> str:
    """Find the log that a text names: a file, a job by its name or the beginning of it, or `last`.

    Raises FileOperationError where there is none, or several.
    """
    paths = {name_of(path): path for path in job_paths()}
    if text == LAST:
        last = next((path for path in reversed(paths.values()) if _has_plan(path)), None)
        if last is None:
            raise FileOperationError("There is no job on this machine yet.", "Specify the file of a job log.")
        return str(last)
    if os.path.lexists(text):
        return text
    if not text.strip():  # every name begins with nothing, and where there is one job it would be that
        raise FileOperationError("The name of the job is empty.", "`az vmss-flex job list` lists the jobs.")
    found = [text] if text in paths else [name for name in paths if name.casefold().startswith(text.casefold())]
    if len(found) == 1:
        return str(paths[found[0]])
    if found:
        raise FileOperationError(
            f"{text} is the beginning of {len(found)} jobs: {', '.join(found[-NEAREST:])}.",
            "Specify more characters of the name.",
        )
    raise _not_found(text, list(paths))


def make_folder() -> Path:
    """Make the folder of the jobs, which only its owner may read; raises OSError where that fails."""
    place = folder()
    for one in (place.parent, place):
        one.mkdir(FOLDER_ONLY_OWNER, parents=True, exist_ok=True)
    with suppress(OSError):  # a file system without rights
        place.chmod(FOLDER_ONLY_OWNER)
    return place


def _has_plan(path: Path) -> bool:
    """Check whether a log has its first record; a process that was killed before had sent nothing."""
    with suppress(OSError), path.open("rb") as file:
        return file.readline().endswith(b"\n")
    return True  # where a lock keeps others from reading it


def _reserve(name: str) -> Path:
    """Return the path of a new file, with a number where another run of the same moment has its name."""
    for number in count(1):
        path = folder() / f"{name}{f'-{number}' if number > 1 else ''}{SUFFIX}"
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, OWNER_ONLY))
            return path
    raise AssertionError  # there is always another number


def _not_found(text: str, names: list[str]) -> FileOperationError:
    by_rest = {name.partition("-")[2]: name for name in names}  # nobody remembers the time
    by_rest[LAST] = LAST
    close = [by_rest[one] for one in get_close_matches(text, by_rest, NEAREST)]
    near = [name for name in names if text.casefold() in name.casefold()][-NEAREST:] or close
    nearest = f" Nearest: {', '.join(near)}." if near else ""
    return FileOperationError(
        f"The job log {text} cannot be read: there is no such file, and no such job.",
        f"`az vmss-flex job list` lists the jobs.{nearest}",
    )


def _warn(place: str, error: OSError) -> None:
    get_logger(__name__).warning(
        "The job log cannot be written to %s (%s): the run is not recorded and cannot be resumed.",
        place,
        error.strerror or error,
    )
