"""The process that runs, as a job log names it: by whom, where, and in which version of the extension."""

from __future__ import annotations

import getpass
import os
import platform
from contextlib import suppress
from importlib import metadata
from typing import Any

EXTENSION = "flexcompare"


def process_fields(command_line: str) -> dict[str, Any]:
    """Return the fields of a record that name this process; what cannot be found out is None."""
    return {
        "commandLine": command_line or None,
        "host": platform.node() or None,
        "user": _user(),
        "processId": os.getpid(),
        "extensionVersion": _version(),
    }


def _user() -> str | None:
    with suppress(OSError, KeyError, ImportError):  # a container may have no name for its user
        return getpass.getuser()
    return None


def _version() -> str | None:
    with suppress(metadata.PackageNotFoundError):
        return metadata.version(EXTENSION)
    return None
