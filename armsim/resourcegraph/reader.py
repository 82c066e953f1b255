"""Cursor of a parser over the tokens of a query."""

from __future__ import annotations

from armsim.resourcegraph.lexer import QueryError, Token, read_tokens


class Reader:
    """The tokens of a query and the current position; `columns` are those that an expression may name here."""

    def __init__(self, query: str, columns: tuple[str, ...]) -> None:
        self._tokens = read_tokens(query)
        self._place = 0
        self.columns = columns

    @property
    def next(self) -> Token:
        """The word to be read next."""
        return self._tokens[self._place]

    def take(self) -> Token:
        """Read a word."""
        token = self.next
        self._place = min(self._place + 1, len(self._tokens) - 1)
        return token

    def at(self, *texts: str) -> bool:
        """Return whether the next word (no string) is one of these."""
        return self.next.kind in {"word", "symbol"} and self.next.text in texts

    def is_assignment(self) -> bool:
        """Return whether a name and an equals sign come next."""
        after = self._tokens[min(self._place + 1, len(self._tokens) - 1)]
        return self.next.kind == "word" and after == Token("symbol", "=")

    def accept(self, *texts: str) -> str | None:
        """Read the next word if it is one of these."""
        return self.take().text if self.at(*texts) else None

    def expect(self, *texts: str) -> str:
        """Read the next word, which must be one of these."""
        found = self.accept(*texts)
        if found is None:
            raise QueryError(f"Expected {' or '.join(texts)}, found '{self.next.text}'.")
        return found

    def expect_kind(self, kind: str) -> str:
        """Read the next word, which must be of a kind."""
        if self.next.kind != kind:
            raise QueryError(f"Expected a {kind}, found '{self.next.text}'.")
        return self.take().text
