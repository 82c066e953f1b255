"""The stream of records as JSON lines (`--events`)."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import stat
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

from azure.cli.core.azclierror import FileOperationError, MutuallyExclusiveArgumentError
from knack.log import get_logger

from azext_flexcompare.joblog.private_file import open_private
from azext_flexcompare.joblog.records import Record
from azext_flexcompare.output.progress import STDERR
from azext_flexcompare.times import count

MOST_LINES = 10_000  # that wait for a slow reader; those after them are dropped
GRACE = 2.0  # seconds that a slow reader is given at the end of the run


class Events:
    """A recorder that never delays the run: a thread writes, and what a slow reader leaves behind is dropped."""

    required = False

    def __init__(self, place: str) -> None:
        self.place, self.dropped = place, 0
        self.why = "its reader did not keep up"
        try:
            self.descriptor = self._open()
        except (OSError, ValueError) as error:
            raise FileOperationError(
                f"--events: {place} cannot be written: {getattr(error, 'strerror', None) or error}.",
                "Name a file that you can write, or `-` for standard error.",
            ) from error
        self.lines: queue.Queue[bytes | None] = queue.Queue(MOST_LINES)
        self.thread = threading.Thread(target=self._write_lines, daemon=True)  # the process ends without a reader
        self.thread.start()

    def write(self, records: Iterable[Record]) -> None:
        """Pass records to the thread, and count those for which there is no room."""
        for one in records:
            try:
                self.lines.put_nowait(json.dumps(one).encode() + b"\n")
            except queue.Full:  # noqa: PERF203  (each line has its own)
                self.dropped += 1

    def sync(self) -> None:
        """Return at once: each record is written as soon as it can be."""

    def close(self) -> None:
        """Wait a moment for the thread to finish, and warn of the records that were not written."""
        with contextlib.suppress(queue.Full):
            self.lines.put(None, timeout=GRACE)
        self.thread.join(GRACE)
        left = sum(line is not None for line in list(self.lines.queue))
        dropped = self.dropped + left
        if dropped:
            get_logger(__name__).warning(
                "%s of --events could not be written to %s: %s.", count(dropped, "record"), self.place, self.why
            )
        if not self.thread.is_alive() and self.descriptor is not None and self.place != STDERR:
            os.close(self.descriptor)

    def _open(self) -> int | None:
        """Open the place; a pipe is opened by the thread, since that waits for a reader."""
        if self.place == STDERR:
            return sys.stderr.fileno()
        with contextlib.suppress(FileNotFoundError):
            if stat.S_ISFIFO(Path(self.place).stat().st_mode):
                return None
        return open_private(self.place, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def _write_lines(self) -> None:
        try:
            if self.descriptor is None:
                self.descriptor = os.open(self.place, os.O_WRONLY)
            while (line := self.lines.get()) is not None:
                while line:
                    line = line[os.write(self.descriptor, line) :]
        except OSError as error:
            self.why = error.strerror or str(error)
            self.dropped += 1  # the line that could not be written; those after it stay in the queue


def events_to(place: str | None, log_path: str | None = None) -> list[Events]:
    """Return the stream of events, if one is wanted; raises where it would be written into the job log."""
    if place and log_path and place != STDERR and os.path.realpath(place) == os.path.realpath(log_path):
        raise MutuallyExclusiveArgumentError(
            f"--events and the job log are the same file, {place}.", recommendation="Name another file with --events."
        )
    return [Events(place)] if place else []
