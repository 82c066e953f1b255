"""Whether a process writes a job log: by the lock that it holds, which ends with it, however it ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import IO

import portalocker

from azext_flexcompare.joblog.private_file import open_private

SHARED, EXCLUSIVE = portalocker.LOCK_SH | portalocker.LOCK_NB, portalocker.LOCK_EX | portalocker.LOCK_NB
PATIENCE, PAUSE = 10.0, 0.01  # seconds for a lock that others hold for a moment only


def is_written(path: Path) -> bool:
    """Check whether a process writes a log; a process that was killed or whose number is another's does not."""
    try:
        with path.open("rb") as file:
            portalocker.lock(file, SHARED)
    except portalocker.AlreadyLocked:
        return True
    except (OSError, ValueError, portalocker.LockException):
        return False
    return False


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder, for what only one process may do at a time; without a folder there is no lock."""
    try:
        file = os.fdopen(open_private(str(folder / ".lock"), os.O_WRONLY | os.O_CREAT), "wb")
    except OSError:
        yield
        return
    with file:
        end = monotonic() + PATIENCE
        while not _is_locked(file) and monotonic() < end:
            sleep(PAUSE)
        yield


def _is_locked(file: IO[bytes]) -> bool:
    try:
        portalocker.lock(file, EXCLUSIVE)
    except portalocker.AlreadyLocked:
        return False
    except portalocker.LockException:  # a file system without locks
        return True
    return True
