"""Commands for your shell in a job log, which a resumed run takes only from a file that is yours alone."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from azure.cli.core.azclierror import RequiredArgumentMissingError

from azext_flexcompare.joblog.jobs import folder

COMMANDS = {
    "before_batch": "beforeBatch",
    "after_batch": "afterBatch",
    "health_command": "healthCommand",
    "stop_on": "stopOn",
}
WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def is_own(path: str) -> bool:
    """Check whether a file belongs to you and no other user may write it.

    On a system without such permissions, check whether it is in the folder of your jobs.
    """
    if not hasattr(os, "geteuid"):
        return Path(path).parent == folder()
    try:
        found = os.stat(path)  # noqa: PTH116  (as open would find it)
    except (OSError, ValueError):
        return True  # what is wrong with the file is found when it is opened
    return found.st_uid == os.geteuid() and not found.st_mode & WRITABLE_BY_OTHERS


def require_own(path: str, *, recorded: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Raise RequiredArgumentMissingError for a command that only the log has, of a file that is not yours alone.

    Call it before the log is opened for writing, which removes the write permission of other users.
    """
    missing = [name for name, logged in COMMANDS.items() if recorded.get(logged) and not given.get(name)]
    if missing:
        flag = f"--{missing[0].replace('_', '-')}"
        raise RequiredArgumentMissingError(
            f"{flag} is a command of {path}, which another user may have written, and is not run unseen.",
            recommendation=f"Read it there ({COMMANDS[missing[0]]}), and repeat {flag} with the command that you want.",
        )
