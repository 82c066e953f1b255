"""Shell text inside another file, with the place of each of its characters."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import NamedTuple

from azext_flexcompare.translation.bash import Output
from azext_flexcompare.translation.findings import Edit, Finding

NOT_IN_ONE_PIECE = "Its words do not stand in the file as the shell reads them."


class Fragment(NamedTuple):
    """A shell text; each anchor is an offset in it and the place in the file from which the characters follow."""

    text: str
    anchors: tuple[tuple[int, int], ...]
    output: Output = Output.SHOWN

    def place(self, offset: int) -> int:
        """Return the place in the file of a character, or of the end of the text."""
        at, place = self.anchors[bisect_right(self.anchors, (offset, 1 << 62)) - 1]
        return place + offset - at

    def end_place(self, offset: int) -> int:
        """Return the place in the file after the character before an offset."""
        return self.place(offset - 1) + 1 if offset else self.place(0)

    def finding(self, one: Finding) -> Finding:
        """Return a finding in the file for one in the text."""
        edits = tuple(Edit(self._start(edit), self.end_place(edit.end), edit.text) for edit in one.edits)
        found = one._replace(start=self.place(one.start), end=self.end_place(one.end), edits=edits)
        whole = all(new.end - new.start == old.end - old.start for new, old in zip(edits, one.edits, strict=True))
        return found if whole else found._replace(edits=(), reason=f"{one.reason} {NOT_IN_ONE_PIECE}")

    def masked(self, pattern: re.Pattern[str]) -> Fragment:
        """Return it with what another program replaces as variables of the same length."""
        return self._replace(text=pattern.sub(lambda match: as_variable(match[0]), self.text))

    def _start(self, edit: Edit) -> int:
        return self.place(edit.start) if edit.end > edit.start else self.end_place(edit.start)


class Region(NamedTuple):
    """A part of a file that is not read as shell, and the reason; None if it has no calls."""

    start: int
    end: int
    reason: str | None


class Parts(NamedTuple):
    """The fragments of a file, the regions that are none for a reason of their own, and the reason for the rest."""

    fragments: list[Fragment]
    regions: list[Region]
    reason: str


class Builder:
    """A fragment that is built piece by piece."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.anchors: list[tuple[int, int]] = []
        self.length = 0

    def add(self, text: str, place: int) -> None:
        """Add a text that stands at a place of the file."""
        if text:
            self.anchors.append((self.length, place))
            self.pieces.append(text)
            self.length += len(text)

    def build(self, output: Output = Output.SHOWN) -> Fragment:
        """Build the fragment; it has an anchor even if it is empty."""
        return Fragment("".join(self.pieces), tuple(self.anchors) or ((0, 0),), output)


def as_variable(text: str) -> str:
    """Return an expansion of a variable that is as long as a text of two or more characters."""
    return f"${{{'_' * (len(text) - 3)}}}" if len(text) > len("${}") else "$__"[: len(text)]
