"""Operators of a query and their effect on the rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from armsim.resourcegraph.expressions import Row, sort_key, text
from armsim.resourcegraph.lexer import QueryError
from armsim.resourcegraph.parser import Column, parse_column, parse_condition

if TYPE_CHECKING:
    from armsim.resourcegraph.reader import Reader

Rows = list[Row]


class Step(NamedTuple):
    """One operator: what it does to the rows, and which columns they have then."""

    apply: Callable[[Rows], Rows]
    columns: tuple[str, ...]


def _where(reader: Reader) -> Step:
    condition = parse_condition(reader)
    return Step(lambda rows: [row for row in rows if condition(row)], reader.columns)


def _project(reader: Reader) -> Step:
    columns = _parse_columns(reader)
    names = tuple(column.name for column in columns)
    return Step(lambda rows: [{one.name: one.value(row) for one in columns} for row in rows], names)


def _extend(reader: Reader) -> Step:
    columns = _parse_columns(reader)
    names = tuple(dict.fromkeys((*reader.columns, *(column.name for column in columns))))
    return Step(lambda rows: [{**row, **{one.name: one.value(row) for one in columns}} for row in rows], names)


def _sort(reader: Reader) -> Step:
    reader.expect("by")
    keys = [_parse_key(reader)]
    while reader.accept(","):
        keys.append(_parse_key(reader))

    def order(rows: Rows) -> Rows:
        for column, descending in reversed(keys):
            rows = sorted(rows, key=lambda row: sort_key(column.value(row)), reverse=descending)
        return rows

    return Step(order, reader.columns)


def _parse_key(reader: Reader) -> tuple[Column, bool]:
    column = parse_column(reader)
    return column, reader.accept("asc", "desc") != "asc"


def _limit(reader: Reader) -> Step:
    number = int(reader.expect_kind("number"))
    return Step(lambda rows: rows[:number], reader.columns)


def _count(reader: Reader) -> Step:  # noqa: ARG001 - every operator takes the reader
    return Step(lambda rows: [{"Count": len(rows)}], ("Count",))


def _summarize(reader: Reader) -> Step:
    name = _parse_count(reader)
    groups = _parse_columns(reader) if reader.accept("by") else []

    def summarize(rows: Rows) -> Rows:
        found: dict[tuple[str, ...], Row] = {}
        for row in rows:
            values = {column.name: column.value(row) for column in groups}
            group = found.setdefault(tuple(map(text, values.values())), {**values, name: 0})
            group[name] += 1
        return list(found.values()) if groups else [{name: len(rows)}]

    return Step(summarize, (*(column.name for column in groups), name))


def _parse_count(reader: Reader) -> str:
    name, word = "count_", reader.expect_kind("word")
    if reader.accept("="):
        name, word = word, reader.expect_kind("word")
    if word != "count":
        raise QueryError(f"The aggregation '{word}' is not simulated.", "UnknownFunction")
    reader.expect("(")
    reader.expect(")")
    return name


def _parse_columns(reader: Reader) -> list[Column]:
    columns = [_parse_named(reader)]
    while reader.accept(","):
        columns.append(_parse_named(reader))
    return columns


def _parse_named(reader: Reader) -> Column:
    """Read `name = expression`, or an expression that has a name by itself."""
    if reader.is_assignment():
        name = reader.expect_kind("word")
        reader.expect("=")
        return Column(name, parse_condition(reader))
    column = parse_column(reader)
    if not column.name:
        raise QueryError("An expression without a name is not simulated: write name = expression.")
    return column


OPERATORS: dict[str, Callable[[Reader], Step]] = {
    "where": _where,
    "project": _project,
    "extend": _extend,
    "order": _sort,
    "sort": _sort,
    "limit": _limit,
    "take": _limit,
    "count": _count,
    "summarize": _summarize,
}
