"""Parser of the expressions of a query."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from armsim.resourcegraph.expressions import COMPARISONS, FUNCTIONS, MEMBERSHIPS, Expression, member
from armsim.resourcegraph.lexer import QueryError

if TYPE_CHECKING:
    from armsim.resourcegraph.reader import Reader


class Column(NamedTuple):
    """A named expression."""

    name: str
    value: Expression


def parse_condition(reader: Reader) -> Expression:
    """Read conditions joined by or, each made of ones joined by and."""
    return _joined(reader, "or", _parse_conjunction)


def _parse_conjunction(reader: Reader) -> Expression:
    return _joined(reader, "and", _parse_comparison)


def _joined(reader: Reader, word: str, parse: Parse) -> Expression:
    parts = [parse(reader)]
    while reader.accept(word):
        parts.append(parse(reader))
    if len(parts) == 1:
        return parts[0]
    decide = any if word == "or" else all
    return lambda row: decide(part(row) for part in parts)


def _parse_comparison(reader: Reader) -> Expression:
    left = parse_value(reader)
    token = reader.next
    if reader.at(*COMPARISONS):
        compare = COMPARISONS[reader.take().text]
        right = parse_value(reader)
        return lambda row: compare(left(row), right(row))
    if reader.at(*MEMBERSHIPS):
        same = MEMBERSHIPS[reader.take().text]
        choices = _parse_list(reader)
        return lambda row: any(same(left(row), choice(row)) for choice in choices)
    if token.kind == "end" or reader.at("|", ")", "and", "or", ","):
        return left
    raise QueryError(f"The operator '{token.text}' is not simulated.", "UnknownOperator")


def _parse_list(reader: Reader) -> list[Expression]:
    reader.expect("(")
    values = [parse_value(reader)]
    while reader.accept(","):
        values.append(parse_value(reader))
    reader.expect(")")
    return values


def parse_value(reader: Reader) -> Expression:
    """Read a literal, a path, a function call, or something in parentheses."""
    token = reader.next
    if reader.accept("("):
        inner = parse_condition(reader)
        reader.expect(")")
        return inner
    if token.kind in {"string", "number"}:
        reader.take()
        literal = int(token.text) if token.kind == "number" else token.text
        return lambda _: literal
    if reader.at("true", "false"):
        truth = reader.take().text == "true"
        return lambda _: truth
    return parse_column(reader).value


def parse_column(reader: Reader) -> Column:
    """Read a path or a function call; the name is the path with underscores, or empty for a function."""
    name = reader.expect_kind("word")
    if reader.accept("("):
        return Column("", _parse_call(reader, name))
    if name not in reader.columns:
        message = f"Failed to resolve column or scalar expression named '{name}'."
        raise QueryError(message, "SemanticError")
    steps = (name, *_parse_steps(reader))
    return Column("_".join(map(str, steps)), lambda row: member(row, steps))


def _parse_call(reader: Reader, name: str) -> Expression:
    argument = parse_condition(reader)
    reader.expect(")")
    if name == "not":
        return lambda row: not argument(row)
    if name not in FUNCTIONS:
        raise QueryError(f"The function '{name}' is not simulated.", "UnknownFunction")
    function = FUNCTIONS[name]
    return lambda row: function(argument(row))


def _parse_steps(reader: Reader) -> list[str | int]:
    steps: list[str | int] = []
    while opening := reader.accept(".", "["):
        if opening == ".":
            steps.append(reader.expect_kind("word"))
            continue
        token = reader.take()
        if token.kind not in {"string", "number"}:
            raise QueryError(f"Expected an index, found '{token.text}'.")
        steps.append(int(token.text) if token.kind == "number" else token.text)
        reader.expect("]")
    return steps


if TYPE_CHECKING:
    from collections.abc import Callable

    Parse = Callable[[Reader], Expression]
