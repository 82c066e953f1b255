"""What commands print and record, held against the JSON schemas of docs/schemas."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from azext_flexcompare.table.entries import operations
from tests.latest.helpers.az import Ran
from tools import schemas

PRINTED = (0, 4, 5)  # exit statuses after which there is a list on standard output
OTHERWISE = ("-o", "--output", "--query")
LOGS = ("--job-log", "--no-job-log", "--resume", "--retry-failed", "--events")


def command_of(words: Sequence[str]) -> str:
    """Return the command that some words begin with, of two words or one."""
    return next((name for name in (" ".join(words[:2]), words[0]) if name in schemas.commands()), "")


def with_records(words: Sequence[str], folder: Path) -> list[str]:
    """Return a command with options that record it in a folder, if it is an operation without such options."""
    operates = command_of(words) in {one.name for one in operations()}
    if not operates or any(word.partition("=")[0] in LOGS for word in words):
        return [*words]
    return [*words, "--job-log", str(folder / "log"), "--events", str(folder / "events")]


def require_schemas(words: Sequence[str], done: Ran, folder: Path) -> None:
    """Require that the output of a command, and what it recorded in a folder, follow their schemas."""
    told = done.exit in PRINTED and done.stdout and not any(word in OTHERWISE for word in words)
    if told:
        assert schemas.problems(schemas.commands()[command_of(words)], done.json) == []
    logs = [path.read_text("utf-8") for name in ("log", "events") if (path := folder / name).exists()]
    for text in logs:
        assert schemas.problems_of_lines(text) == []
    assert len({*logs}) <= 1  # the events are the records of the log
