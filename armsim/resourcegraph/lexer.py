"""Tokens of a query."""

from __future__ import annotations

import re
from typing import NamedTuple

_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*)
      | (?P<verbatim>@'[^']*'|@"[^"]*")
      | (?P<string>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")
      | (?P<number>\d+)(?![\w.])
      | (?P<word>!?[A-Za-z_]\w*(?:-[a-z]+)*~?)
      | (?P<symbol>==|!=|=~|!~|[|(),.=\[\]])
    """,
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


class QueryError(ValueError):
    """A query that Resource Graph, or this subset of it, does not accept; `code` is the detail's."""

    def __init__(self, message: str, code: str = "ParserFailure") -> None:
        super().__init__(message)
        self.code = code


class Token(NamedTuple):
    """A word of a query: `kind` is string, number, word, symbol or end; a string's text is its value."""

    kind: str
    text: str


def read_tokens(query: str) -> list[Token]:
    """Return the words of a query, with an end after the last one."""
    tokens, position = [], 0
    while position < len(query):
        match = _TOKEN.match(query, position)
        if match is None:
            raise QueryError(f"'{query[position : position + 20]}' is not part of the simulated language.")
        position = match.end()
        if match.lastgroup != "space":
            tokens.append(_token(str(match.lastgroup), match[0]))
    return [*tokens, Token("end", "the end of the query")]


def _token(kind: str, text: str) -> Token:
    if kind == "verbatim":
        return Token("string", text[2:-1])
    if kind == "string":
        return Token("string", re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), text[1:-1]))
    return Token(kind, text)
