"""The rewriting of `az vmss` calls in a shell script for Flexible scale sets.

A call is rewritten only if the script and the table prove all of this:

* It is a command by itself (also in a pipeline, a function or a substitution), and its command words are literal.
* The table says that it does not work as on a Uniform set, and names a command of this extension to use instead.
* Each option selects instances, belongs to every command of `az`, is `--no-wait`, or is one that the table lists as
  shared by both commands. Values may be variables or substitutions. Where an option could be, there must be none: an
  unquoted `$OPTIONS` or a `"${arguments[@]}"` rules a rewrite out. One such word right after an option is its value.
* Nothing reads its output, which has another layout after the rewrite: no --query, pipe, substitution or file. The
  exceptions are output that is discarded (`> /dev/null`, `-o none`), and a --query whose result depends only on fields
  that the table lists as kept.
* It names the instances, if the command of this extension requires that, and none by a number.

Otherwise the call stays as it is, and is reported for manual review unless the table says that it works.

Both commands agree on whether the exit status is zero, so that a script may check it. `--yes` is added if the command
of this extension asks for confirmation, because `az vmss` does not ask and a script cannot answer. An `az vmss` in
a string, a here-document or an argument of another program may not be a call: it is reported and never changed, unless
the table says that the command works. Comments and text that `echo` prints are ignored. A script that cannot be
parsed to its end is not changed at all.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from difflib import unified_diff
from typing import Any, NamedTuple

from azext_flexcompare.table.entries import Operation, facts, operations
from azext_flexcompare.translation.bash import Command, Output, ParseError, Script, Word, parse_script
from azext_flexcompare.translation.query import reads_only

OURS = "az vmss-flex "
WORKS = "works"

ONE, SEVERAL, FLAG, SWITCH, UNKNOWN = "one", "several", "flag", "switch", "unknown"  # the number of values of an option
INSTANCE_OPTIONS = {"--instance-ids": SEVERAL, "--instance-id": SEVERAL}
SELECTION_OPTIONS = {"--resource-group": ONE, "-g": ONE, "--name": ONE, "-n": ONE, "--ids": SEVERAL, **INSTANCE_OPTIONS}
GLOBAL_OPTIONS = {
    **dict.fromkeys(("--output", "-o", "--query", "--subscription"), ONE),
    **dict.fromkeys(("--verbose", "--debug", "--only-show-errors", "--help", "-h"), FLAG),
}
OPERATION_OPTIONS = {"--no-wait": FLAG}
KINDS = {
    "flag": SWITCH,
    "list": SEVERAL,
    "lists": SEVERAL,
    "secrets": SEVERAL,
}  # by type in the table; other types: one

# Commands that run the command that follows them and nothing else, with the number of words before that command.
RUNNERS = {**dict.fromkeys(("command", "exec", "nohup", "sudo", "time"), 0), "timeout": 1}
RUNNER_FLAGS = {"-E", "-H", "-n", "-p", "--foreground", "--preserve-env", "--preserve-status"}  # without a value
PRINTING = {"echo", ":"}
MAX_INNER = 1000  # commands in the substitutions of one command; with more of them, the command is not found

SPACE = r"(?:[ \t]|\\\r?\n)+"
GAP = rf"(?:{SPACE}|[\"']\s*,\s*(?=[\"']))[\"']?"  # between the words of a command, or of a list of strings
MENTION = re.compile(
    rf"(?<![\w.-])[\"']?az(?:\.cmd|\.exe)?[\"']?{GAP}vmss(?![\w-])(?=(?P<rest>(?:{GAP}[a-z][a-z-]*(?![\w$-])){{0,4}}))"
)
SUSPECT = re.compile(rf"(?<![\w-])az[\"']?{SPACE}[\"']?[$`]|\$[\w{{}}:.-]{{1,99}}[\"']?{SPACE}[\"']?vmss(?![\w-])")
ATTACHED = re.compile(r"(--[a-z][a-z-]*)=|(-[a-zA-Z])")

DYNAMIC = "The script builds its words at run time."
UNLISTED = "The table has no such command."
NOT_A_CALL = "It is an argument of another command or part of a text, and may not be run as it is written."
DOCUMENT = "It is in a here-document, which may not be run."
UNPARSED = "The script cannot be parsed beyond line {line}: {problem}."
DYNAMIC_OPTIONS = "The script builds its options at run time."
OUTPUT_READ = "The script reads its output, and the output of `{instead}` has another layout."
NO_INSTANCES = "`{instead}` needs --instance-ids; `--instance-ids '*'` stands for all instances."
NUMBER = "The instance {number} is a number, and instances of a Flexible scale set have VM names."
NO_OPTION = "`{instead}` has no {option} with the same meaning."
UNCLEAR = "The meaning of {word} for `az` is not clear."
USE_INSTEAD = "Use `{instead}`."
CONFIRMS = "`{instead}` asks for confirmation, which a script cannot give, so --yes is added."
REDEFINED = "The script defines a function or an alias with the name `az`."


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


class Translation(NamedTuple):
    """A script for Flexible sets, the calls that were rewritten, and those that need manual review."""

    text: str
    rewritten: list[Rewrite]
    needs_review: list[ManualReview]


class _NotProven(Exception):  # noqa: N818  (the call may be right)
    """What cannot be proven of a call, as a sentence."""


class _Edit(NamedTuple):
    start: int
    end: int
    text: str


class _ParsedOption(NamedTuple):
    """An option of a call and its values; a value that depends on the run is None."""

    name: str
    values: list[str | None]


class _Call(NamedTuple):
    """A call of `az vmss`, from the word `az` on."""

    words: tuple[Word, ...]
    end: int
    output: Output

    @property
    def start(self) -> int:
        return self.words[0].start


class _Finding(NamedTuple):
    """A part of the script to rewrite, or to report if it has no edits, and the reason."""

    start: int
    end: int
    reason: str
    edits: tuple[_Edit, ...] = ()


def translate(script: str) -> Translation:
    """Rewrite the `az vmss` calls that behave differently on Flexible sets, and list those that need manual review."""
    try:
        found = parse_script(script)
    except ParseError as error:
        reason = UNPARSED.format(line=_line_number(script, error.offset), problem=error)
        return _apply(script, [*_find_mentions(script, lambda _: reason), *_find_suspects(script, reason)])
    redefined = any(_redefines_az(command) for command in found.commands)
    checked = [_check_command(command, redefined) for command in found.commands]
    mentions = _find_mentions(script, lambda offset: _reason_for_mention(found, offset))
    return _apply(script, [*filter(None, checked), *mentions])


def format_diff(before: str, after: str, name: str) -> str:
    """Format the difference between two scripts as a unified diff; it is empty if there is none."""
    lines = unified_diff(_split_lines(before), _split_lines(after), name, name)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _apply(script: str, found: list[_Finding]) -> Translation:
    edits = sorted(edit for one in found for edit in one.edits)

    def position(one: _Finding) -> tuple[int, str]:
        return script.count("\n", 0, one.start) + 1, script[one.start : one.end]

    rewritten = [
        Rewrite(*position(one), _apply_edits(script, one.start, one.end, edits), one.reason)
        for one in sorted(found)
        if one.edits
    ]
    left = [ManualReview(*position(one), one.reason) for one in sorted(found) if not one.edits]
    return Translation(_apply_edits(script, 0, len(script), edits), rewritten, left)


def _apply_edits(script: str, start: int, end: int, edits: list[_Edit]) -> str:
    """Return a part of the script with the edits in it applied."""
    parts, at = [], start
    for edit in edits:
        if start <= edit.start and edit.end <= end:
            parts += [script[at : edit.start], edit.text]
            at = edit.end
    return "".join([*parts, script[at:end]])


# Checking a call


def _redefines_az(command: Command) -> bool:
    """Return whether a command defines another `az`."""
    alias = command.words[:1] and command.words[0].value == "alias"
    return "az" in command.functions or bool(alias and any(word.raw.startswith("az=") for word in command.words))


def _check_command(command: Command, redefined: bool) -> _Finding | None:
    """Return the finding for a command, or None if it can stay as it is."""
    try:
        call = _parse_call(command)
        row = call and _find_row(call)
        if not call or not row or _always_works(row):
            return None
    except _NotProven as problem:
        return _Finding(_skip_runners(command)[0].start, command.end, str(problem))
    try:
        if redefined:
            raise _NotProven(REDEFINED)  # noqa: TRY301  (reported as the others are)
        return _rewrite(call, row)
    except _NotProven as problem:
        return _Finding(call.start, call.end, f"{row['today']} {problem}".rstrip())


def _skip_runners(command: Command) -> tuple[Word, ...]:
    words = command.words
    while words and words[0].value in RUNNERS:
        own, words = RUNNERS[words[0].value], words[1:]
        while words and words[0].value in RUNNER_FLAGS:
            words = words[1:]
        words = words[own:]
    return words


def _parse_call(command: Command) -> _Call | None:
    words = _skip_runners(command)
    first, second = (words[index].value if index < len(words) else "" for index in (0, 1))
    if (first == "az" and second is None) or (first is None and second == "vmss"):
        raise _NotProven(DYNAMIC)
    return _Call(words, command.end, command.output) if (first, second) == ("az", "vmss") else None


def _find_row(call: _Call) -> dict[str, Any] | None:
    """Find the row of the table; return None for a call of a command group, which prints its help."""
    words: list[str] = []
    following = call.words[2:]
    while following and following[0].value and not following[0].value.startswith("-"):
        words.append(following[0].value)
        following = following[1:]
    row = _row_named(words)
    if row:
        return row
    if not any(f"{name} ".startswith("".join(f"{word} " for word in words)) for name in _rows()):
        raise _NotProven(UNLISTED)
    if following and following[0].value is None:
        raise _NotProven(DYNAMIC)
    return None


def _row_named(words: list[str]) -> dict[str, Any] | None:
    rows = _rows()
    names = (" ".join(words[:count]) for count in range(min(len(words), 4), 0, -1))  # no command has more words
    return next((rows[name] for name in names if name in rows), None)


def _rows() -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in facts()["commands"]}


def _always_works(row: dict[str, Any]) -> bool:
    return {row["onFlexible"], *row.get("withOptions", {}).values()} == {WORKS}


def _rewrite(call: _Call, row: dict[str, Any]) -> _Finding | None:
    """Return the finding that rewrites a call, or None if it works with its options; raises _NotProven otherwise."""
    instead, exceptions = row["instead"] or "", row.get("withOptions", {})
    operation = {one.name: one for one in operations()}.get(instead.removeprefix(OURS))
    ours, known = instead.startswith(OURS), shared_options(operation, row.get("shares", ()))
    count = 2 + len(row["name"].split())
    if ours or exceptions:
        options = _parse_options(call.words[count:], known)
        names = [one.name for one in options]
        if next((exceptions[name] for name in names if name in exceptions), row["onFlexible"]) == WORKS:
            return None
    if not ours:
        raise _NotProven(USE_INSTEAD.format(instead=instead) if instead else "")
    missing = next((name for name in names if name not in known), None)
    if missing:
        raise _NotProven(NO_OPTION.format(instead=instead, option=missing))
    if operation and not operation.everyInstance and not INSTANCE_OPTIONS.keys() & set(names):
        raise _NotProven(NO_INSTANCES.format(instead=instead))
    number = next((value for value in _instances_of(options) if value.isdecimal()), None)
    if number:
        raise _NotProven(NUMBER.format(number=number))
    if not _is_output_free(call, options, row.get("keeps", ())):
        raise _NotProven(OUTPUT_READ.format(instead=instead))
    asks = operation is not None and operation.confirm
    edits = _edits(call.words[:count], instead, " --yes" if asks else "")
    return _Finding(
        call.start, call.end, f"{row['today']} {CONFIRMS.format(instead=instead)}" if asks else row["today"], edits
    )


def shared_options(operation: Operation | None, shared: Iterable[str]) -> dict[str, str]:
    """Return the options that a command shares with its namesake of `az vmss`, with the number of their values."""
    own = {option.name: option.type for option in operation.options} if operation else {}
    acting = OPERATION_OPTIONS if operation else {}
    return SELECTION_OPTIONS | GLOBAL_OPTIONS | acting | {name: KINDS.get(own.get(name, ""), ONE) for name in shared}


def _edits(words: tuple[Word, ...], instead: str, added: str) -> tuple[_Edit, ...]:
    """Replace the old command words by the new ones, in the same quotes."""
    replacements = instead.split()
    if len(replacements) > len(words):
        raise _NotProven(USE_INSTEAD.format(instead=instead))
    replaced, dropped = words[: len(replacements)], words[len(replacements) :]
    edits = [_replace_word(word, new) for word, new in zip(replaced, replacements, strict=True) if word.value != new]
    edits += [_Edit(word.start, word.end, "") for word in dropped]
    return (*edits, _Edit(words[-1].end, words[-1].end, added)) if added else tuple(edits)


def _replace_word(word: Word, new: str) -> _Edit:
    if not word.value or word.raw.count(word.value) != 1:
        raise _NotProven(UNCLEAR.format(word=word.raw))
    return _Edit(word.start, word.end, word.raw.replace(word.value, new))


def _instances_of(options: list[_ParsedOption]) -> Iterator[str]:
    """List the instances that are written in a call: the values of --instance-ids, and the last part of each id."""
    for option in options:
        if option.name in ("--ids", *INSTANCE_OPTIONS):
            for value in filter(None, option.values):
                yield from (word.rpartition("/")[2] for word in re.split(r"[\s,]+", value))


def _is_output_free(call: _Call, options: list[_ParsedOption], keeps: Iterable[str]) -> bool:
    """Return whether nothing depends on the layout of the output."""
    formats = [value for one in options if one.name in ("--output", "-o") for value in one.values]
    queries = [value for one in options if one.name == "--query" for value in one.values]
    if call.output is Output.DISCARDED or formats[-1:] == ["none"]:
        return True
    if not queries:
        return call.output is Output.SHOWN
    return reads_only(queries[-1] or "", keeps)


# Reading options


def _parse_options(words: tuple[Word, ...], known: dict[str, str]) -> list[_ParsedOption]:
    """Parse the words after the command as options with values; raises _NotProven if they are ambiguous."""
    options = []
    while words:
        name, attached = _parse_option(words[0])
        if not name:
            raise _NotProven(DYNAMIC_OPTIONS if words[0].value is None else UNCLEAR.format(word=words[0].raw))
        kind = known.get(name, UNKNOWN)
        count = 0 if attached else _count_values(words[1:], kind)
        if (attached and kind == FLAG) or (not attached and not count and kind in (ONE, SEVERAL)):
            raise _NotProven(UNCLEAR.format(word=words[0].raw))
        options.append(_ParsedOption(name, [*attached, *(word.value for word in words[1 : 1 + count])]))
        words = words[1 + count :]
    return options


def _parse_option(word: Word) -> tuple[str, list[str | None]]:
    """Split a word into the name of an option and the value in the same word; the name is empty for another word."""
    if word.value is None:
        match = ATTACHED.match(word.raw.lstrip('"'))
        return (match[1] or match[2], [None]) if match else ("", [])
    if word.value.startswith("--"):
        name, equals, value = word.value.partition("=")
        return name, [value] if equals else []
    if word.value.startswith("-"):
        return word.value[:2], [value] if (value := word.value[2:]) else []
    return "", []


def _count_values(words: tuple[Word, ...], kind: str) -> int:
    """Count the words that are values of the preceding option."""
    values = 0 if kind == FLAG or not words or not _may_be_value(words[0], kind) else 1
    if values and kind in (SEVERAL, UNKNOWN):
        while values < len(words) and not _may_be_option(words[values]):
            values += 1
    return values


def _may_be_value(word: Word, kind: str) -> bool:
    """Return whether a word right after an option may be its value."""
    if kind == SWITCH:
        return word.value is not None and not word.value.startswith("-")
    if kind == UNKNOWN or word.value is not None:
        return not _may_be_option(word)
    return not (kind == ONE and word.is_list)


def _may_be_option(word: Word) -> bool:
    if word.value is not None or word.raw.lstrip('"').startswith("-"):
        return word.raw.lstrip("'\"").startswith("-")
    return word.splits and not (word.raw[0].isalnum() or word.raw[0] in "./@")


# Mentions that are not calls


def _find_mentions(script: str, why: Callable[[int], str | None]) -> Iterator[_Finding]:
    """Find mentions of `az vmss` that have a reason to report them, and are not of a command that works."""
    for match in MENTION.finditer(script):
        reason = why(match.start())
        row = _row_named(re.findall(r"[a-z][a-z-]*", match["rest"]))
        if reason and not (row and _always_works(row)):
            said = f"{row['today']} {reason}" if row else reason
            yield _Finding(match.start(), _line_end(script, match.end()), said)


def _find_suspects(script: str, reason: str) -> Iterator[_Finding]:
    return (_Finding(match.start(), _line_end(script, match.end()), reason) for match in SUSPECT.finditer(script))


def _reason_for_mention(script: Script, offset: int) -> str | None:
    """Return the reason to report an `az vmss` at an offset; None for a call, a comment and printed text."""
    if _is_within(script.comments, offset):
        return None
    if _is_within(script.documents, offset):
        return DOCUMENT
    command = _innermost_command(script.commands, offset)
    words = _skip_runners(command) if command else ()
    if not command or not words:
        return NOT_A_CALL
    shown = words[0].value in PRINTING and command.output is not Output.READ
    return None if shown or (words[0].start == offset and words[0].value == "az") else NOT_A_CALL


def _is_within(places: list[tuple[int, int]], offset: int) -> bool:
    index = bisect_right(places, offset, key=lambda position: position[0])
    return index > 0 and offset < places[index - 1][1]


def _innermost_command(commands: list[Command], offset: int) -> Command | None:
    index = bisect_right(commands, offset, key=lambda command: command.start)
    return next((one for one in reversed(commands[max(0, index - MAX_INNER) : index]) if offset < one.end), None)


def _split_lines(text: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+", text)  # str.splitlines also splits at other characters than the line feed


def _line_number(script: str, offset: int) -> int:
    return script.count("\n", 0, offset) + 1


def _line_end(script: str, offset: int) -> int:
    end = script.find("\n", offset)
    return len(script[: end if end >= 0 else None].rstrip())
