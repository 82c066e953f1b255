"""The claims about Azure: a read-only view of claims.json.

A read is one request and the expected answer; a step is one operation of the table on one instance. Expectations are
JMESPath expressions (`look`) over the document that observation.py builds of an answer: `is` is the value, `between`
its bounds, `as` another expression of the same value. `note` is written down and not compared. `grades` are the entries
of the table for which an answer is evidence.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from azext_flexcompare.table.entries import BulkService, Operation, bulk_services, operations

CLAIMS = Path(__file__).with_name("claims.json")
Expectation = dict[str, Any]


class Read(NamedTuple):
    """A request that changes nothing."""

    id: str
    statement: str
    method: str
    path: str
    query: dict[str, str]
    expect: tuple[Expectation, ...]
    note: dict[str, str]
    grades: tuple[tuple[str, ...], ...]
    body: Any = None


class Step(NamedTuple):
    """A reversible operation, sent to one instance in the power state `since`."""

    id: str
    operation: Operation
    engine: str
    since: str
    limits: tuple[str, ...]
    expect: tuple[Expectation, ...]
    note: dict[str, str]
    grades: tuple[tuple[str, ...], ...]
    retryAfter: str | None = None  # noqa: N815  (seconds, in the answer that accepts the call)

    @property
    def statement(self) -> str:
        """Return the claim as a sentence."""
        ways = {"vm": "as a call to the VM", "set": "as a call of the set with its name", "bulk": "as a bulk operation"}
        return f"{self.operation.name} of an instance that is {self.since}, {ways[self.engine]}, ends well."

    @property
    def leads(self) -> str:
        """Return the power state that it leads to."""
        return self.operation.powerState or self.since

    @property
    def call(self) -> str:
        """Return the call as the table writes it, such as `POST {vm}/restart`."""
        return self.operation.request if self.engine == "vm" else str(self._way["request"])

    @property
    def verb(self) -> str:
        """Return its name in the bulk services."""
        return str(self._way["verb"])

    @property
    def service(self) -> BulkService:
        """Return the bulk service that is tried first."""
        return bulk_services(self.verb)[0]

    @property
    def _way(self) -> dict[str, Any]:
        return (self.operation.engines or {})[self.engine]


def reads() -> list[Read]:
    """List the reads, in the order in which they are sent."""
    return [
        Read(**{**entry, "expect": tuple(entry["expect"]), "grades": _paths(entry["grades"])})
        for entry in claims_file()["reads"]
    ]


def steps() -> list[Step]:
    """List the steps in order; each begins in the state in which the one before ends."""
    by_name = {operation.name: operation for operation in operations()}
    return [
        Step(
            entry["id"],
            by_name[entry["operation"]],
            entry["engine"],
            entry["from"],
            limits=tuple(entry["limits"]),
            expect=tuple(claims_file()["expectOfSteps"]["bulk" if entry["engine"] == "bulk" else "call"]),
            note=claims_file()["noteOfSteps"],
            grades=_paths(entry["grades"]),
            retryAfter=entry.get("retryAfter"),
        )
        for entry in claims_file()["steps"]
    ]


@lru_cache(maxsize=1)
def claims_file() -> dict[str, Any]:
    """Read claims.json, once."""
    claims: dict[str, Any] = json.loads(CLAIMS.read_text("utf-8"))
    return claims


def _paths(grades: list[list[str]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(path) for path in grades)
