"""The logs of running jobs outside of their folder, by which runs with `--job-log` find each other."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp

from azext_flexcompare.joblog.jobs import folder, make_folder
from azext_flexcompare.joblog.liveness import is_written

NAME = "running"
LONGEST = 10_000  # characters of a path


def note_log(path: str) -> None:
    """Note that a log elsewhere is being written; where that fails, other runs do not find it."""
    log = Path(path).resolve()
    if log.parent == folder().resolve():
        return
    with suppress(OSError):
        notes = _notes(make_folder())
        notes.mkdir(0o700, exist_ok=True)
        descriptor, _ = mkstemp(dir=notes)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as note:
            note.write(str(log))


def noted_logs() -> list[Path]:
    """List the logs elsewhere that are being written, and forget the others."""
    found: list[Path] = []
    with suppress(OSError):
        for note in _notes(folder()).iterdir():
            log = _read(note)
            if log and is_written(log):
                found.append(log)
            else:
                note.unlink(missing_ok=True)
    return found


def _notes(jobs: Path) -> Path:
    return jobs.parent / NAME


def _read(note: Path) -> Path | None:
    with suppress(OSError, ValueError), note.open(encoding="utf-8", errors="surrogateescape") as file:
        return Path(file.read(LONGEST))
    return None
