"""The cells of a table: one line of text, cut to a width, or a number at the right of its column."""

from __future__ import annotations

import unicodedata

ELLIPSIS = "…"


class RightAligned(str):
    """A text that keeps the spaces before it: the table of the CLI strips every text, and aligns it to the left."""

    __slots__ = ()

    def strip(self, _: str | None = None, /) -> str:
        """Return the text with its spaces."""
        return self

    def __format__(self, spec: str) -> str:
        """Format the text, as what it is."""
        return super().__format__(spec) if spec else self


def text_of(value: object) -> str:
    """Format a value as one line."""
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(map(text_of, value))
    return " ".join(str(value).split())


def seconds_of(value: float | None) -> str:
    """Format a duration with one decimal."""
    return "" if value is None else f"{value:.1f}"


def displayed(text: str) -> int:
    """Return the number of columns in which a terminal displays a text."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else not unicodedata.combining(one) for one in text)


def cut(text: str, width: int, *, middle: bool = False) -> str:
    """Cut a text to a width, at its end or in the middle, as names differ at both ends."""
    if displayed(text) <= width:
        return text
    after = (width - 1) // 2 if middle else 0
    end = _begin(text[::-1], after)[::-1] if after else ""
    return f"{_begin(text, width - 1 - after)}{ELLIPSIS}{end}"


def natural_width(cells: list[str], heading: int) -> int:
    """Return the width of a column as the table pads it: by numbers of characters, of which some are wide."""
    longest = max(heading, *map(len, cells))
    return max(longest, *(displayed(cell) + longest - len(cell) for cell in cells))


def fitted(cells: list[str], heading: int, width: int, *, middle: bool = False) -> list[str]:
    """Cut the cells of a column so that each fits; the heading takes so many columns itself."""
    for limit in range(width, 0, -1):
        found = [cut(cell, limit, middle=middle) for cell in cells]
        if natural_width(found, heading) <= width:
            return found
    return [""] * len(cells)


def _begin(text: str, width: int) -> str:
    for place in range(len(text)):
        if displayed(text[: place + 1]) > width:
            return text[:place]
    return text
