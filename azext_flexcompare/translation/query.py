"""The part of a command's output that a `--query` reads, proven with the parsed JMESPath expression."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from functools import reduce
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

Node = Mapping[str, Any]
JQ_FLAGS = re.compile(r"-[rcMj]+|--raw-output|--compact-output|--monochrome-output")
JQ_PATH = re.compile(r"\.\[\d*\](?:\.?\[\d*\]|\.[A-Za-z_]\w*)*")
LENGTH = re.compile(r"(?:\.\s*\|\s*)?length")


class Shape(Enum):
    """The shape of an intermediate result, as far as it can depend on the layout of a row."""

    ROWS = "list of rows"
    ROW = "row"
    VALUE = "independent of the layout"


class _ReadsMore(Exception):  # noqa: N818  (the query may be right)
    """A query can return or read a field that is not kept."""


def reads_only(query: str, kept: Iterable[str]) -> bool:
    """Check whether the result of a query over a list of rows depends on the kept fields of each row alone."""
    try:
        return _Evaluation(frozenset(kept)).shape(jmespath.compile(query).parsed, Shape.ROWS) is Shape.VALUE
    except (JMESPathError, _ReadsMore):
        return False


def jq_query(words: Sequence[str | None]) -> str | None:
    """Return the `--query` that reads the same as a `jq` command, or None if its filter is not a plain path."""
    if not words or words[0] != "jq" or None in words:
        return None
    filters = [word for word in words[1:] if word and not JQ_FLAGS.fullmatch(word)]
    path = re.sub(r"\s*\|\s*(?=\.)", "", filters[0].strip()) if len(filters) == 1 else ""
    if LENGTH.fullmatch(path):
        return "length(@)"
    return path[1:].replace("].[", "][") if JQ_PATH.fullmatch(path) else None


class _Evaluation:
    """An evaluation of an expression by the shapes of its intermediate results."""

    def __init__(self, kept: frozenset[str]) -> None:
        self.kept = kept
        self.nodes: dict[str, Callable[[Node, Shape], Shape]] = {
            **dict.fromkeys(("identity", "current", "slice"), lambda _, shape: shape),
            **dict.fromkeys(("subexpression", "index_expression", "pipe"), self._in_turn),
            **dict.fromkeys(("projection", "filter_projection"), self._projection),
            **dict.fromkeys(("multi_select_list", "multi_select_dict", "key_val_pair"), self._of_values),
            **dict.fromkeys(("comparator", "and_expression", "or_expression", "not_expression"), self._of_values),
            "literal": lambda *_: Shape.VALUE,
            "index": lambda _, shape: Shape.ROW if shape is Shape.ROWS else Shape.VALUE,
            "flatten": self._flatten,
            "field": self._field,
            "function_expression": self._function,
        }

    def shape(self, node: Node, shape: Shape) -> Shape:
        """Return the shape of a node's result over an input of a shape; raises _ReadsMore where it is not known."""
        if node["type"] not in self.nodes:
            raise _ReadsMore
        return self.nodes[node["type"]](node, shape)

    def _in_turn(self, node: Node, shape: Shape) -> Shape:
        return reduce(lambda each, child: self.shape(child, each), node["children"], shape)

    def _flatten(self, node: Node, shape: Shape) -> Shape:
        flattened = self._in_turn(node, shape)
        return Shape.VALUE if flattened is Shape.ROW else flattened

    def _field(self, node: Node, shape: Shape) -> Shape:
        if shape is Shape.ROW and node["value"] not in self.kept:
            raise _ReadsMore
        return Shape.VALUE

    def _projection(self, node: Node, shape: Shape) -> Shape:
        left, right, *condition = node["children"]
        element = Shape.ROW if self.shape(left, shape) is Shape.ROWS else Shape.VALUE
        if any(self.shape(each, element) is not Shape.VALUE for each in condition):
            raise _ReadsMore
        projected = self.shape(right, element)
        return Shape.ROWS if projected is Shape.ROW else projected

    def _of_values(self, node: Node, shape: Shape) -> Shape:
        if any(self.shape(child, shape) is not Shape.VALUE for child in node["children"]):
            raise _ReadsMore
        return Shape.VALUE

    def _function(self, node: Node, shape: Shape) -> Shape:
        if node["value"] == "length" and self._in_turn(node, shape) is Shape.ROWS:
            return Shape.VALUE
        return self._of_values(node, shape)
