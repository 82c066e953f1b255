"""The rows of the table for the commands of `az vmss`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from azext_flexcompare.table.entries import facts
from azext_flexcompare.translation.findings import WORKS

MAX_WORDS = 4  # no command has more
SHORTEST = 5  # of the abbreviations that `az` takes for an option: `--` and three letters

Row = dict[str, Any]


@lru_cache(maxsize=1)
def rows() -> dict[str, Row]:
    """Return the rows by the names of the commands, without `az vmss`."""
    return {row["name"]: row for row in facts()["commands"]}


def row_named(words: list[str]) -> Row | None:
    """Return the row of the command that some words begin with."""
    names = (" ".join(words[:count]) for count in range(min(len(words), MAX_WORDS), 0, -1))
    return next((rows()[name] for name in names if name in rows()), None)


def is_group(words: list[str]) -> bool:
    """Check whether words are the beginning of the name of a command, or none at all."""
    return any(f"{name} ".startswith("".join(f"{word} " for word in words)) for name in rows())


def always_works(row: Row) -> bool:
    """Check whether a command works whatever its options are."""
    return {row["onFlexible"], *row.get("withOptions", {}).values()} == {WORKS}


def support_with(row: Row, options: Iterable[str]) -> str:
    """Return what becomes of a command on a Flexible set if it is given some options, also by abbreviations."""
    option = exception_of(row, options)
    return str(row["withOptions"][option] if option else row["onFlexible"])


def exception_of(row: Row, options: Iterable[str]) -> str:
    """Return the exception of a row that an option is, with or without a value; empty if none is."""
    given = [option.partition(" ") for option in options]
    matches = (
        exception
        for name, _, value in given
        for exception in row.get("withOptions", ())
        if _is_name(name, exception.partition(" ")[0]) and exception.partition(" ")[2].lower() in ("", value.lower())
    )
    return next(matches, "")


def _is_name(given: str, option: str) -> bool:
    return given == option or (len(given) >= SHORTEST and option.startswith(given))
