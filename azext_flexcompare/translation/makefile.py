"""The shell in a Makefile: the recipes of its rules."""

from __future__ import annotations

import re
from collections.abc import Iterator

from azext_flexcompare.translation.fragments import Builder, Fragment, Parts, as_variable

RECIPE = re.compile(r"^\t(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)  # a line and those that continue it
PREFIX = re.compile(r"[ \t]*(?:[@+-][ \t]*)*")
TAB = re.compile(r"\t?")
FOREIGN_SHELL = re.compile(r"^(?:export\s+)?SHELL\s*[:?]?=\s*\S*(?:pwsh|powershell|cmd|python)", re.MULTILINE)
ONE_SHELL = re.compile(r"^\.ONESHELL\b", re.MULTILINE)
DOLLAR = re.compile(r"\$(?:\$|[({]|.)?")
CLOSERS = {"(": ")", "{": "}"}

REST = "It is in a part of a Makefile that is no recipe, which is not rewritten."
OTHER_SHELL = "It is in a Makefile whose recipes run in another shell, which is not rewritten."


def find_parts(text: str) -> Parts:
    """Find the recipes of a Makefile, each a script of its own unless the file has .ONESHELL."""
    if FOREIGN_SHELL.search(text):
        return Parts([], [], OTHER_SHELL)
    recipes = list(RECIPE.finditer(text))
    groups = list(_adjacent(recipes)) if ONE_SHELL.search(text) else [[one] for one in recipes]
    return Parts([one for group in groups if (one := _fragment(group))], [], REST)


def _adjacent(recipes: list[re.Match[str]]) -> Iterator[list[re.Match[str]]]:
    """Group the lines that follow each other."""
    group: list[re.Match[str]] = []
    for one in recipes:
        if group and one.start() != group[-1].end() + 1:
            yield group
            group = []
        group.append(one)
    if group:
        yield group


def _fragment(lines: list[re.Match[str]]) -> Fragment | None:
    """Build the text that the shell reads; None if a reference does not end."""
    builder = Builder()
    for match in lines:
        start, offset = match.start() + 1, 0
        for line in match[0][1:].split("\n"):
            skip = TAB if offset else PREFIX
            skipped = len((skip.match(line) or [""])[0])
            if not _add_line(builder, line[skipped:] + "\n", start + offset + skipped):
                return None
            offset += len(line) + 1
    return builder.build()


def _add_line(builder: Builder, line: str, place: int) -> bool:
    """Add a line with `$$` as `$`, and references as variables of the same length."""
    at = 0
    while match := DOLLAR.search(line, at):
        builder.add(line[at : match.start()], place + at)
        at = match.end()
        if match[0] in ("$$", "$"):
            builder.add("$", place + match.start())
            continue
        if match[0][1] in CLOSERS:
            end = _reference_end(line, at, match[0][1])
            if end is None:
                return False
            at = end
        builder.add(as_variable(line[match.start() : at]), place + match.start())
    builder.add(line[at:], place + at)
    return True


def _reference_end(line: str, at: int, opener: str) -> int | None:
    """Return the offset after the parenthesis that closes a reference."""
    depth = 1
    for offset in range(at, len(line)):
        depth += {opener: 1, CLOSERS[opener]: -1}.get(line[offset], 0)
        if not depth:
            return offset + 1
    return None
