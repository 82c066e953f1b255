"""Mentions of `az vmss` in a text that may be calls and cannot be rewritten."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator

from azext_flexcompare.translation.bash import Command, Output, Script
from azext_flexcompare.translation.findings import UNKNOWN, WORKS, Finding
from azext_flexcompare.translation.options import NUMBER
from azext_flexcompare.translation.rows import Row, always_works, row_named, support_with
from azext_flexcompare.translation.runners import skip_runners

PRINTING = {"echo", "printf", ":"}
MAX_INNER = 1000  # commands in the substitutions of one command; with more of them, the command is not found

SPACE = r"(?:[ \t]|\\\r?\n)+"
GAP = rf"(?:{SPACE}|[\"']\s*,\s*(?=[\"']))[\"']?"  # between the words of a command, or of a list of strings
MENTION = re.compile(
    rf"(?<![\w.-])[\"']?az(?:\.cmd|\.exe)?[\"']?{GAP}vmss(?![\w-])(?=(?P<rest>(?:{GAP}[a-z][a-z-]*(?![\w$-])){{0,4}}))"
)
SUSPECT = re.compile(rf"(?<![\w-])az[\"']?{SPACE}[\"']?[$`]|\$[\w{{}}:.-]{{1,99}}[\"']?{SPACE}[\"']?vmss(?![\w-])")
CONTINUED = re.compile(r"[^\n]*?[\\`^]\r?\n")  # in shell, PowerShell and batch
OPTION = re.compile(r"--[a-z][a-z-]+(?:[ =][A-Za-z]+)?")
DYNAMIC = re.compile(r"[ \t,][\"']?(?:@\w|\$\{?\w*(?:arg|opt|param)s?\w*|\*)", re.IGNORECASE)

NUMBERED = re.compile(r"--instance-ids?[\"']?[\s=,]+[\"']?(\d+)(?![\w-])")
CONTINUES = re.compile(r"(?:[^`\n]|[`\\^]\r?\n)*?\s--?[a-z]|\s*[\"']\s*[,+%]|\s[\"']?[$@{%]", re.IGNORECASE)

NOT_A_CALL = "It is an argument of another command or part of a text, and may not be run as it is written."
DOCUMENT = "It is in a here-document, which may not be run."


def find_mentions(text: str, why: Callable[[int], str | None], *, in_prose: bool = False) -> Iterator[Finding]:
    """Find the mentions that have a reason to report them; those of a command that works are findings to keep.

    In prose, which may only name a command, a mention has an option or is followed by another piece of a text.
    """
    for match in MENTION.finditer(text):
        reason = why(match.start())
        words, line = match[0] + match["rest"], _logical_line(text, match.start())
        if not reason or (in_prose and "," not in words and not CONTINUES.match(line.removeprefix(words))):
            continue
        row = row_named(re.findall(r"[a-z][a-z-]*", match["rest"]))
        end = _line_end(text, match.end())
        if not row:
            yield Finding(match.start(), end, reason)
            continue
        support = _support(row, words, line)
        number = NUMBERED.search(line)
        found = Finding(match.start(), end, "", command=row["name"], support=support, instead=row["instead"])
        said = [NUMBER.format(number=number[1]) if number else "", reason]
        reported = found._replace(reason=" ".join([row["today"], *_instead(row), *filter(None, said)]))
        yield found if support == WORKS and not number else reported


def find_suspects(text: str, reason: str) -> Iterator[Finding]:
    """Find what may be a call with words that are built at run time."""
    return (Finding(match.start(), _line_end(text, match.end()), reason) for match in SUSPECT.finditer(text))


def reason_for_mention(script: Script, offset: int) -> str | None:
    """Return the reason to report an `az vmss` of a script; None for a call, a comment and printed text."""
    if is_within(script.comments, offset):
        return None
    document = next((one for one in script.documents if one.start <= offset < one.end), None)
    if document:
        return None if _is_shown(_innermost_command(script.commands, document.opened_at)) else DOCUMENT
    command = _innermost_command(script.commands, offset)
    words = skip_runners(command) if command else ()
    if not command or not words:
        return NOT_A_CALL
    shown = words[0].value in PRINTING and command.output is not Output.READ
    is_call = words[0].value == "az" and words[0].start <= offset < words[0].end
    return None if shown or is_call else NOT_A_CALL


def is_within(places: list[tuple[int, int]], offset: int) -> bool:
    """Check whether one of the places, which are in order, contains an offset."""
    index = bisect_right(places, offset, key=lambda position: position[0])
    return index > 0 and offset < places[index - 1][1]


def _instead(row: Row) -> list[str]:
    return [f"Use `{row['instead']}`."] if row["instead"] else []


def _support(row: Row, words: str, line: str) -> str:
    """Return what becomes of a mentioned command with the options in its line."""
    if always_works(row):
        return WORKS
    support = support_with(row, (one.replace("=", " ") for one in OPTION.findall(line)))
    in_pieces = "," in words or DYNAMIC.search(line.partition(words)[2])
    return UNKNOWN if support == WORKS and in_pieces else support


def _is_shown(command: Command | None) -> bool:
    """Check whether a command only shows its standard input."""
    return bool(command and [word.value for word in command.words] == ["cat"] and command.output is Output.SHOWN)


def _innermost_command(commands: list[Command], offset: int) -> Command | None:
    index = bisect_right(commands, offset, key=lambda command: command.start)
    return next((one for one in reversed(commands[max(0, index - MAX_INNER) : index]) if offset < one.end), None)


def _logical_line(text: str, offset: int) -> str:
    """Return the rest of a line, and the lines that continue it."""
    start = offset
    while match := CONTINUED.match(text, offset):
        offset = match.end()
    return text[start : _line_end(text, offset)]


def _line_end(text: str, offset: int) -> int:
    end = text.find("\n", offset)
    return len(text[: end if end >= 0 else None].rstrip())
