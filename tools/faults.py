"""The result of each fault for each operation: a view of `docs/faults.json`.

A fault has a rule for every operation, and exceptions. An exception selects operations by their properties in the
table, never by name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from azext_flexcompare.execution.unknown_outcome import LEAVES_TRACE, REPEATABLE
from azext_flexcompare.output.exit_status import exit_status
from azext_flexcompare.table.entries import Operation, operations

FILE = Path(__file__).parent.parent / "docs" / "faults.json"
HEADINGS = ("When", "For", "Status", "Exit", "Sent", "Carried out", "What happens")


class Expected(NamedTuple):
    """The expected outcome of an instance that has a fault; `sent` and `carried_out` count calls."""

    status: str
    code: str | None
    reason: str | None
    sent: int
    carried_out: int


@cache
def faults() -> list[dict[str, Any]]:
    """Read the faults."""
    found: list[dict[str, Any]] = json.loads(FILE.read_text("utf-8"))
    return found


def expected(fault: dict[str, Any], operation: Operation) -> Expected | None:
    """Return the outcome of a fault, or None if it cannot occur in an operation."""
    found = {**fault, **(_exception(fault, operation) or {})}
    if "never" in found:
        return None
    return Expected(
        found["status"], found.get("code"), found.get("reason"), found["sent"], carried_out=found["carriedOut"]
    )


def table_rows() -> Iterator[tuple[Any, ...]]:
    """List the faults as rows of the documentation's table, each exception after its rule."""
    for fault in faults():
        exceptions = [one for one in fault.get("otherwise", ()) if "never" not in one]
        yield fault["what"], "every operation" if not exceptions else "others", *_cells(fault)
        for one in exceptions:
            whose = [each.name for each in operations() if _exception(fault, each) is one]
            yield "", ", ".join(f"`{name}`" for name in whose), *_cells({**fault, **one})


def _cells(found: dict[str, Any]) -> tuple[Any, ...]:
    status = f"{found['status']}, `{found['code']}`" if found.get("code") else found["status"]
    exit_ = found.get("exit", int(exit_status([found["status"]])))
    return status, exit_, _times(found["sent"]), _times(found["carriedOut"]), found["happens"]


def _times(count: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}[count]


def _exception(fault: dict[str, Any], operation: Operation) -> dict[str, Any] | None:
    return next((one for one in fault.get("otherwise", ()) if _fits(operation, one["for"])), None)


def _fits(operation: Operation, wanted: dict[str, Any]) -> bool:
    facts = {
        "long": operation.is_long,
        "many": operation.target == "set",
        "removes": operation.removes,
        "returns": bool(operation.returns),
        "boots": operation.boots is True and operation.powerState is None,
        "lock": operation.target == "lock",
        "deallocatedToo": operation.deallocatedToo,
        "traced": operation.method in REPEATABLE or operation.name in LEAVES_TRACE,
    }
    return all(
        operation.method in value if name == "method" else facts[name] is value for name, value in wanted.items()
    )
