"""The stream of records as JSON lines (`--events`)."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from typing import IO

from azure.cli.core.azclierror import FileOperationError

from azext_flexcompare.joblog.private_file import open_private
from azext_flexcompare.joblog.records import Record
from azext_flexcompare.output.progress import STDERR

APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT


class Events:
    """A recorder that writes each record as a line at once; a reader that stops does not stop the run."""

    required = False

    def __init__(self, place: str) -> None:
        try:
            self.file: IO[str] = sys.stderr if place == STDERR else _open(place)
        except (OSError, ValueError) as error:
            raise FileOperationError(
                f"--events: {place} cannot be written: {getattr(error, 'strerror', None) or error}.",
                "Name a file that you can write, or `-` for standard error.",
            ) from error

    def write(self, records: Iterable[Record]) -> None:
        """Write records."""
        for one in records:
            self.file.write(json.dumps(one) + "\n")
        self.file.flush()

    def sync(self) -> None:
        """Return at once: each record is flushed when it is written."""

    def close(self) -> None:
        """Close the file."""
        if self.file is not sys.stderr:
            self.file.close()


def _open(path: str) -> IO[str]:
    return os.fdopen(open_private(path, APPEND), "a", encoding="utf-8")


def events_to(place: str | None) -> list[Events]:
    """Return the stream of events, if one is wanted."""
    return [Events(place)] if place else []
