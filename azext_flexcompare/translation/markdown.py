"""The shell in a Markdown document: its fenced blocks, with or without prompts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from azext_flexcompare.translation.fragments import Builder, Fragment, Parts, Region

OPENING = re.compile(
    r"(?P<indent>(?:[ \t>]|[-*+][ \t]|\d+[.)][ \t])*)(?P<fence>`{3,}|~{3,})[ \t]*\{?\.?(?P<info>[^`\n]*)"
)
CLOSING = re.compile(r"[ \t>]*(`{3,}|~{3,})\s*")
LANGUAGE = re.compile(r"[\w+-]*")
CONSOLE = {"console", "shell-session", "sh-session", "shellsession", "terminal"}
SHELLS = {"", "azurecli", "azurecli-interactive", "bash", "ksh", "sh", "shell", "zsh", *CONSOLE}
OUTPUT = {"json", "output", "diff"}
PROMPT = re.compile(r"(?:[\w.-]+@[\w.-]+:?[\w~/.-]*)?\$ +(?=\S)")
PLACEHOLDER = re.compile(r"(?<![<\w$&])<[A-Za-z](?:[\w ./|-]*\w)?>(?=[\s\"'\\),;/:.-]|\Z)")

PROSE = "It is in a text, which is not rewritten."
OTHER_BLOCK = "It is in a block of {language}, which is not rewritten."


class _Line(NamedTuple):
    start: int
    text: str


def find_parts(text: str) -> Parts:
    """Find the blocks of shell in a Markdown document."""
    fragments, regions, at = list[Fragment](), list[Region](), 0
    lines = [_Line(match.start(), match[0]) for match in re.finditer(r"[^\n]*\n|[^\n]+", text)]
    while at < len(lines):
        opening = OPENING.match(lines[at].text)
        if not opening:
            at += 1
            continue
        block = _block(lines, at + 1, opening["fence"])
        at += len(block) + 2
        _read_block(block, opening, fragments, regions)
    return Parts(fragments, regions, PROSE)


def _block(lines: list[_Line], at: int, fence: str) -> list[_Line]:
    """Return the lines up to the closing fence."""
    first = at
    while at < len(lines):
        closing = CLOSING.fullmatch(lines[at].text)
        if closing and closing[1].startswith(fence):
            break
        at += 1
    return lines[first:at]


def _read_block(block: list[_Line], opening: re.Match[str], fragments: list[Fragment], regions: list[Region]) -> None:
    language = (LANGUAGE.match(opening["info"]) or [""])[0].lower()
    dedented = list(_dedent(block, len(opening["indent"])))
    shell = language in SHELLS
    if shell:
        fragments += [one.masked(PLACEHOLDER) for one in _fragments_of(dedented)]
    if block:  # what is in no fragment of a block of shell is output
        reason = None if shell or language in OUTPUT else OTHER_BLOCK.format(language=language)
        regions.append(Region(block[0].start, block[-1].start + len(block[-1].text), reason))


def _dedent(block: list[_Line], indent: int) -> Iterator[_Line]:
    """Remove at most as much indentation, also of a quotation, as the opening fence has."""
    for line in block:
        taken = len((re.match(r"[ \t>]*", line.text[:indent]) or [""])[0])
        yield _Line(line.start + taken, line.text[taken:])


def _fragments_of(block: list[_Line]) -> Iterator[Fragment]:
    """Build one fragment of a block, or one of each command that follows a prompt."""
    if not any(PROMPT.match(line.text) for line in block):
        yield _fragment(block)
        return
    at = 0
    while at < len(block):
        prompt = PROMPT.match(block[at].text)
        last = at + 1
        while prompt and last < len(block) and block[last - 1].text.rstrip("\r\n").endswith("\\"):
            last += 1
        if prompt:
            first = _Line(block[at].start + prompt.end(), block[at].text[prompt.end() :])
            yield _fragment([first, *block[at + 1 : last]])
        at = last


def _fragment(lines: list[_Line]) -> Fragment:
    builder = Builder()
    for line in lines:
        builder.add(line.text, line.start)
    return builder.build()
