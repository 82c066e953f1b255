"""What was found in a file: parts to rewrite, to review or to keep, and a file with its edits applied."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import unified_diff
from typing import NamedTuple

WORKS = "works"
UNKNOWN = "unknown"


class Edit(NamedTuple):
    """A part of a text and the text that replaces it."""

    start: int
    end: int
    text: str


class Finding(NamedTuple):
    """A call: one to rewrite if it has edits, one to review if it has a reason alone, one to keep if it has neither.

    `command` is its row in the table, empty if that is not known; `support` is what becomes of it on a Flexible set.
    """

    start: int
    end: int
    reason: str
    edits: tuple[Edit, ...] = ()
    command: str = ""
    support: str = UNKNOWN
    instead: str | None = None
    advice: str = ""


class Rewrite(NamedTuple):
    """A call that was rewritten, and the reason."""

    line: int
    before: str
    after: str
    reason: str


class ManualReview(NamedTuple):
    """A call that needs manual review, and the reason."""

    line: int
    call: str
    reason: str


class Advice(NamedTuple):
    """A call that can be made once for many instances."""

    line: int
    call: str
    advice: str


class Translation(NamedTuple):
    """A file for Flexible sets: its text, and all calls that were found in it, in order."""

    before: str
    text: str
    found: list[Finding]
    lines: list[int]
    """The line of each of the calls."""

    @property
    def rewritten(self) -> list[Rewrite]:
        """List the calls that were rewritten."""
        edits = [edit for one in self.found for edit in one.edits]
        return [
            Rewrite(line, self.call(one), _apply_edits(self.before, one.start, one.end, edits), one.reason)
            for one, line in zip(self.found, self.lines, strict=True)
            if one.edits
        ]

    @property
    def needs_review(self) -> list[ManualReview]:
        """List the calls that need manual review."""
        return [
            ManualReview(line, self.call(one), one.reason)
            for one, line in zip(self.found, self.lines, strict=True)
            if one.reason and not one.edits
        ]

    @property
    def advice(self) -> list[Advice]:
        """List the calls that can be made once for many instances."""
        found = zip(self.found, self.lines, strict=True)
        return [Advice(line, self.call(one), one.advice) for one, line in found if one.advice]

    def call(self, one: Finding) -> str:
        """Return the text of a call before it was rewritten."""
        return self.before[one.start : one.end]


def apply(text: str, found: Iterable[Finding]) -> Translation:
    """Apply the edits of all findings to a text."""
    ordered = sorted(found, key=lambda one: (one.start, one.end, one.reason))
    edits = sorted(edit for one in ordered for edit in one.edits)
    lines = [text.count("\n", 0, one.start) + 1 for one in ordered]
    return Translation(text, _apply_edits(text, 0, len(text), edits), ordered, lines)


def format_diff(before: str, after: str, name: str) -> str:
    """Format the difference between two scripts as a unified diff; it is empty if there is none."""
    lines = unified_diff(_split_lines(before), _split_lines(after), name, name)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _apply_edits(text: str, start: int, end: int, edits: list[Edit]) -> str:
    """Return a part of the text with the edits in it applied."""
    parts, at = [], start
    for edit in edits:
        if start <= edit.start and edit.end <= end:
            parts += [text[at : edit.start], edit.text]
            at = edit.end
    return "".join([*parts, text[at:end]])


def _split_lines(text: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+", text)  # str.splitlines also splits at other characters than the line feed
