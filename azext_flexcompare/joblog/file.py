"""The file of a job log: one JSON object a line, appended only.

A line is in the file before what it announces is done, and on the disk before the next request is sent, so that
nothing is lost whenever the process is killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from time import sleep
from typing import IO, Any

import portalocker
from azure.cli.core.azclierror import FileOperationError, InvalidArgumentValueError, ValidationError

from azext_flexcompare.joblog.private_file import open_private
from azext_flexcompare.joblog.records import VERSION, Record
from azext_flexcompare.joblog.schema import is_complete

NONBLOCKING = getattr(os, "O_NONBLOCK", 0)  # so that a pipe without a reader is refused and not waited for
NEEDS_JOB_LOG = "Use a file that --job-log has written."
LOCK_PAUSES = (0.01, 0.02, 0.05)  # seconds


class LogInUse(ValidationError):  # noqa: N818  (a state, named as such)
    """Another process writes a log."""


class JobLog:
    """A job log that only this process may write."""

    required = True

    def __init__(self, file: IO[bytes], path: str) -> None:
        self.file, self.path = file, path
        self.dirty = False

    def write(self, records: Iterable[Record]) -> None:
        """Append records; raises OSError where they cannot be kept, and then leaves the file as it was before."""
        lines = b"".join(json.dumps(one).encode() + b"\n" for one in records)
        if not lines:
            return
        end = self.file.seek(0, os.SEEK_END)
        try:
            while lines:
                lines = lines[self.file.write(lines) :]
        except OSError:
            with contextlib.suppress(OSError):
                self.file.truncate(end)
            raise
        self.dirty = True

    def sync(self) -> None:
        """Flush what was written to the disk."""
        if self.dirty:
            os.fsync(self.file.fileno())
            self.dirty = False

    def close(self) -> None:
        """Close the file, so that another process may write it."""
        with contextlib.suppress(OSError):
            self.sync()
        self.file.close()


def create(path: str) -> JobLog:
    """Create a log; raises InvalidArgumentValueError for a file that is not empty."""
    log = _open(path, "ab")
    if log.file.seek(0, os.SEEK_END):
        log.close()
        raise InvalidArgumentValueError(
            f"--job-log: {path} is not empty, and is not overwritten.",
            recommendation="Use --resume to resume its run, or name another file.",
        )
    return log


def open_to_append(path: str) -> tuple[JobLog, list[Record]]:
    """Open a log to append to it, and return its records; an incomplete last line is removed."""
    read_complete(path)  # before the lock, so that a file that is no log is not touched
    log = _open(path, "r+b")
    try:
        content = log.file.read()
        records = _require_complete(_parse(content, path), path)
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            log.file.truncate(whole)
    except BaseException:
        log.close()
        raise
    return log, records


def read_records(path: str) -> list[Record]:
    """Return the records of a log that may be in use, without an incomplete last line.

    Raises FileOperationError where the file cannot be read, InvalidArgumentValueError where it is no job log.
    """
    try:
        _require_regular(path, Path(path).stat().st_mode)
        return _parse(Path(path).read_bytes(), path)
    except (OSError, ValueError) as error:
        raise FileOperationError(f"The job log {path} cannot be read: {_message(error)}.", NEEDS_JOB_LOG) from error


def read_complete(path: str) -> list[Record]:
    """Return the records of a log to resume; raises InvalidArgumentValueError where one lacks a field."""
    return _require_complete(read_records(path), path)


def _parse(content: bytes, path: str) -> list[Record]:
    lines = content.split(b"\n")[:-1]  # what follows the last line end is incomplete
    try:
        records = [json.loads(line) for line in lines]
    except (ValueError, RecursionError):
        records = [None]
    if not all(isinstance(one, dict) and isinstance(one.get("record"), str) for one in records):
        raise InvalidArgumentValueError(f"{path} is not a job log.", NEEDS_JOB_LOG)
    if not records or records[0]["record"] != "plan":
        raise InvalidArgumentValueError(f"{path} has no plan: it is not a job log.", NEEDS_JOB_LOG)
    if records[0].get("version") != VERSION:
        raise InvalidArgumentValueError(
            f"{path} was written by another version of flexcompare.", "Use the version that wrote it."
        )
    return records


def _require_complete(records: list[Record], path: str) -> list[Record]:
    for line, one in enumerate(records, 1):
        if not is_complete(one):
            raise InvalidArgumentValueError(
                f"Line {line} of {path} is not a valid {one['record']} record.", NEEDS_JOB_LOG
            )
    return records


def _open(path: str, mode: str) -> JobLog:
    try:
        descriptor = open_private(path, os.O_RDWR | NONBLOCKING | (os.O_CREAT | os.O_APPEND if mode == "ab" else 0))
    except (OSError, ValueError) as error:
        raise FileOperationError(
            f"The job log {path} cannot be written: {_message(error)}.", "Name a file that you can write."
        ) from error
    try:
        _require_regular(path, os.fstat(descriptor).st_mode)
        _require_other_than_output(path, descriptor)
        file: Any = os.fdopen(descriptor, mode, buffering=0)
    except BaseException:
        os.close(descriptor)
        raise
    _lock(file, path)
    with contextlib.suppress(OSError):  # a file of another owner, or of a file system that has no modes
        Path(path).chmod(0o600)
    return JobLog(file, path)


def _lock(file: Any, path: str) -> None:
    try:
        _try_lock(file)
    except portalocker.AlreadyLocked:
        file.close()
        raise LogInUse(
            f"Another run is writing {path}.", recommendation="Wait for it to end, or name another file."
        ) from None
    except portalocker.LockException as error:
        file.close()
        raise FileOperationError(
            f"The job log {path} cannot be locked: {_message(error)}.", "Name a file on a file system that has locks."
        ) from error


def _try_lock(file: Any) -> None:
    """Lock a file, in a few attempts: a process that only checks whether it is locked holds it for a moment."""
    for pause in LOCK_PAUSES:
        with contextlib.suppress(portalocker.AlreadyLocked):
            portalocker.lock(file, portalocker.LOCK_EX | portalocker.LOCK_NB)
            return
        sleep(pause)
    portalocker.lock(file, portalocker.LOCK_EX | portalocker.LOCK_NB)


def _require_other_than_output(path: str, descriptor: int) -> None:
    found = os.fstat(descriptor)
    for stream in (1, 2):
        with contextlib.suppress(OSError):
            if os.path.samestat(found, os.fstat(stream)):
                raise FileOperationError(
                    f"The job log {path} is what the command prints to.", "Name a file of its own with --job-log."
                )


def _require_regular(path: str, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise FileOperationError(f"The job log {path} is not a regular file.", "Name a file of its own.")


def _message(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
