"""Stream the records of a run as JSON lines (`--events`)."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import IO

from azure.cli.core.azclierror import FileOperationError

from azext_flexcompare.joblog.records import Record
from azext_flexcompare.output.progress import STDERR


class Events:
    """Writes each record as a line, at once; whoever stops reading does not stop the run."""

    required = False

    def __init__(self, place: str) -> None:
        try:
            self.file: IO[str] = sys.stderr if place == STDERR else open(place, "a", encoding="utf-8")  # noqa: PTH123, SIM115  (closed below)
        except (OSError, ValueError) as error:
            raise FileOperationError(
                f"--events: {place} cannot be written: {getattr(error, 'strerror', None) or error}.",
                "Name a file in a folder that is yours, or `-` for standard error.",
            ) from error

    def write(self, records: Iterable[Record]) -> None:
        """Write records."""
        for one in records:
            self.file.write(json.dumps(one) + "\n")
        self.file.flush()

    def sync(self) -> None:
        """Have nothing left to do: each record is written at once."""

    def close(self) -> None:
        """Close what was opened here."""
        if self.file is not sys.stderr:
            self.file.close()


def events_to(place: str | None) -> list[Events]:
    """Give whoever follows a run as JSON lines, if somebody does."""
    return [Events(place)] if place else []
