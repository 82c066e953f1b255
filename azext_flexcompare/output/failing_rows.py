"""The failing rows of a table: last, where the prompt follows, and marked; a reason is printed once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

FAILING = ("Interrupted", "TimedOut", "Failed")
LAST = ("NotStarted", *FAILING)  # in this order, after all others
MARK = "! "
SENTENCE = 30  # characters from which a reason is not repeated; the code of an error is shorter
AGAIN = "as above"

Row = Mapping[str, Any]


def failing_last(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Return the rows with those that failed at the end, marked, and with `why`."""
    ordered = sorted(rows, key=_place)
    return [{**row, **_marked(row, why)} for row, why in zip(ordered, _printed_once(ordered), strict=True)]


def _place(row: Row) -> int:
    if "status" in row:
        return LAST.index(row["status"]) if row["status"] in LAST else -1
    return 0 if row.get("error") else -1


def _marked(row: Row, why: str) -> dict[str, str]:
    if "status" not in row:  # what is only read
        return {"why": f"{MARK}{why}" if row.get("error") else why}
    return {"status": f"{MARK}{row['status']}" if row["status"] in FAILING else str(row["status"]), "why": why}


def _printed_once(rows: list[Row]) -> Iterable[str]:
    before = ""
    for row in rows:
        why = (row.get("error") or {}).get("code") or row.get("reason") or ""
        yield AGAIN if why == before and len(why) >= SENTENCE else why
        before = why
