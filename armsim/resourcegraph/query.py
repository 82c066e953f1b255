"""A query in the supported subset of Kusto."""

from __future__ import annotations

from typing import NamedTuple

from armsim.resourcegraph.index import COLUMNS
from armsim.resourcegraph.lexer import QueryError
from armsim.resourcegraph.operators import OPERATORS, Rows, Step
from armsim.resourcegraph.reader import Reader


class Query(NamedTuple):
    """A parsed query; `limited` tells whether a step cuts the rows, which rules out paging."""

    steps: list[Step]
    columns: tuple[str, ...]
    limited: bool

    def run(self, rows: Rows) -> Rows:
        """Return what is left of the rows after every step."""
        for step in self.steps:
            rows = step.apply(rows)
        return rows


def parse_query(query: str) -> Query:
    """Return the parsed query, or raise QueryError naming what the subset does not have."""
    reader = Reader(query, COLUMNS)
    steps, names = [], []
    more = reader.next.text in OPERATORS  # a query without a table is one of the table resources
    if not more:
        table = reader.expect_kind("word")
        if table.lower() != "resources":
            raise QueryError(f"The table '{table}' is not simulated.", "SemanticError")
    while more or reader.accept("|"):
        more = False
        names.append(reader.expect_kind("word"))
        steps.append(_parse_step(reader, names[-1]))
        reader.columns = steps[-1].columns
    if reader.next.kind != "end":
        raise QueryError(f"Expected '|', found '{reader.next.text}'.")
    return Query(steps, reader.columns, bool({"limit", "take"} & set(names)))


def _parse_step(reader: Reader, name: str) -> Step:
    operator = OPERATORS.get(name)
    if operator is None:
        raise QueryError(f"The operator '{name}' is not simulated.", "UnknownOperator")
    return operator(reader)
