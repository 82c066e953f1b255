"""What is claimed about Azure? A read-only view of claims.json.

A read is one request and what its answer should show; a step is one operation of the table on one instance. What is to
be seen are JMESPath expressions (`look`) over what observing.py makes of an answer: `is` says the value, `between` its
bounds, `as` where else it stands. `note` is written down and compared with nothing. `grades` are the entries of the
table for which an answer is evidence.
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
    says: str
    method: str
    path: str
    query: dict[str, str]
    expect: tuple[Expectation, ...]
    note: dict[str, str]
    grades: tuple[tuple[str, ...], ...]
    body: Any = None


class Step(NamedTuple):
    """An operation that an instance comes back from, sent to one instance in the power state `since`."""

    id: str
    operation: Operation
    engine: str
    since: str
    limits: tuple[str, ...]
    expect: tuple[Expectation, ...]
    note: dict[str, str]
    grades: tuple[tuple[str, ...], ...]

    @property
    def says(self) -> str:
        """Say what is claimed."""
        ways = {"vm": "as a call to the VM", "set": "as a call of the set with its name", "bulk": "as a bulk operation"}
        return f"{self.operation.name} of an instance that is {self.since}, {ways[self.engine]}, ends well."

    @property
    def leads(self) -> str:
        """Say which power state it leads to."""
        return self.operation.powerState or self.since

    @property
    def call(self) -> str:
        """Say what is sent, as the table writes it: `POST {vm}/restart`."""
        return self.operation.request if self.engine == "vm" else str(self._way["request"])

    @property
    def verb(self) -> str:
        """Say how the bulk services call it."""
        return str(self._way["verb"])

    @property
    def service(self) -> BulkService:
        """Give the bulk service that is asked first."""
        return bulk_services(self.verb)[0]

    @property
    def _way(self) -> dict[str, Any]:
        return (self.operation.engines or {})[self.engine]


def reads() -> list[Read]:
    """List the reads, in the order in which they are asked."""
    return [
        Read(**{**entry, "expect": tuple(entry["expect"]), "grades": _paths(entry["grades"])})
        for entry in written()["reads"]
    ]


def steps() -> list[Step]:
    """List the steps, each of which finds the instance as the one before has left it."""
    by_name = {operation.name: operation for operation in operations()}
    return [
        Step(
            entry["id"],
            by_name[entry["operation"]],
            entry["engine"],
            entry["from"],
            tuple(entry["limits"]),
            tuple(written()["expectOfSteps"]["bulk" if entry["engine"] == "bulk" else "call"]),
            written()["noteOfSteps"],
            _paths(entry["grades"]),
        )
        for entry in written()["steps"]
    ]


@lru_cache(maxsize=1)
def written() -> dict[str, Any]:
    """Read claims.json, once."""
    claims: dict[str, Any] = json.loads(CLAIMS.read_text("utf-8"))
    return claims


def _paths(grades: list[list[str]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(path) for path in grades)
