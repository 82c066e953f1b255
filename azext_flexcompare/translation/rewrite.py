"""What becomes of the `az vmss` calls in a shell script when its scale sets are Flexible?

A call is rewritten only where all of this can be proven from the script and the table; otherwise it stays as it is and,
unless the table says that it works, is reported for a person:

* It is a command of its own (also in a pipe, a function or a substitution), and its command words are literal.
* The table says that it does not work as on a Uniform set, and names a command of ours to use instead.
* Every option is one that chooses instances, one of every command of `az`, `--no-wait`, or one of which the table says
  that ours shares it. Values may be variables or substitutions; where an option
  could stand there must be none, so an unquoted `$OPTIONS` or a `"${arguments[@]}"` leaves the call to a person. One
  such word right after an option is taken for its value.
* Nothing reads its output, because that of ours is laid out differently: no --query, no pipe, substitution or file.
  The exceptions are output that goes nowhere (`> /dev/null`, `-o none`), and a --query of a field that the table lists
  as kept.
* It says which instances, where ours must be told.

An exit status is taken for zero or not zero, which both commands agree on. `--yes` is added where ours asks first,
since `az vmss` does not ask and a script has nobody to answer. An `az vmss` that is visible where nothing proves that
it is a call (a string, a here-document, an argument of another program) is reported and never touched, unless the table
says that the command works; comments and text that `echo` shows are left in peace. A script that cannot be followed to
its end by the grammar of bash is left alone as a whole.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from difflib import unified_diff
from typing import Any, NamedTuple

from azext_flexcompare.table.entries import Operation, facts, operations
from azext_flexcompare.translation.bash import Command, Output, Script, Unsure, Word, scan

OURS = "az vmss-flex "
WORKS = "works"

ONE, SEVERAL, FLAG, SWITCH, UNKNOWN = "one", "several", "flag", "switch", "unknown"  # how many values an option takes
NAMING = {"--instance-ids": SEVERAL, "--instance-id": SEVERAL}
CHOOSING = {"--resource-group": ONE, "-g": ONE, "--name": ONE, "-n": ONE, "--ids": SEVERAL, **NAMING}
EVERYWHERE = {
    **dict.fromkeys(("--output", "-o", "--query", "--subscription"), ONE),
    **dict.fromkeys(("--verbose", "--debug", "--only-show-errors", "--help", "-h"), FLAG),
}
ACTING = {"--no-wait": FLAG}
KINDS = {"flag": SWITCH, "list": SEVERAL, "lists": SEVERAL}  # of the table's options; the others take one value

RUNNERS = {"command", "exec", "nohup", "sudo", "time"}  # followed by a command, they run it and nothing else
SHOWERS = {"echo", ":"}
NEAR = 1000  # commands that one command's substitutions may hold; beyond, its place is not known

SPACE = r"(?:[ \t]|\\\r?\n)+"
VISIBLE = re.compile(
    rf"(?<![\w.-])(?:az(?:\.cmd|\.exe)?|[\"']az[\"']){SPACE}[\"']?vmss(?![\w-])(?=(?P<rest>(?:{SPACE}[a-z][a-z-]*(?![\w$-])){{0,4}}))"
)
SUSPECT = re.compile(rf"(?<![\w-])az[\"']?{SPACE}[\"']?[$`]|\$[\w{{}}:.-]{{1,99}}[\"']?{SPACE}[\"']?vmss(?![\w-])")
ATTACHED = re.compile(r"(--[a-z][a-z-]*)=|(-[a-zA-Z])")
PROJECTED = re.compile(r"\[\*?\]\.(\w+)")

DYNAMIC = "Its words are put together when the script runs."
UNLISTED = "The table has no such command."
FOREIGN = "It is handed to another command or stands in text, and whether it is run so is not known."
DOCUMENT = "It stands in a here-document, and whether that is run is not known."
UNFOLLOWED = "The script cannot be followed beyond line {line}: {problem}."
OPTIONS = "Which options it gets shows when the script runs."
READ = "Its output is read here, and `{instead}` lays its own out differently."
NAMELESS = "`{instead}` must be told which instances, `--instance-ids '*'` being every one."
LACKING = "`{instead}` has no {option} with the same meaning."
STRAY = "What {word} is to `az` is not clear."
USE = "Use `{instead}`."
ASKS = "`{instead}` asks before it acts, which a script cannot answer, so --yes is added."
OWN = "The script makes something else of `az`, a function or an alias."


class Rewriting(NamedTuple):
    """A call that was rewritten, and why."""

    line: int
    before: str
    after: str
    reason: str


class Open(NamedTuple):
    """A call that needs a person, and why."""

    line: int
    call: str
    reason: str


class Translation(NamedTuple):
    """A script for Flexible sets, what was rewritten in it and what is left to do."""

    text: str
    rewritten: list[Rewriting]
    needs_person: list[Open]


class _Doubt(Exception):  # noqa: N818  (nothing is wrong, it is only not proven)
    """What cannot be proven of a call."""


class _Edit(NamedTuple):
    start: int
    end: int
    text: str


class _Given(NamedTuple):
    """An option of a call and its values; a value that only the running script knows is None."""

    name: str
    values: list[str | None]


class _Call(NamedTuple):
    """A simple command that starts with `az vmss`, from the word `az` on."""

    words: tuple[Word, ...]
    end: int
    output: Output

    @property
    def start(self) -> int:
        return self.words[0].start


class _Found(NamedTuple):
    """What is to be said of a place in the script."""

    start: int
    end: int
    reason: str
    edits: tuple[_Edit, ...] = ()


def translate(script: str) -> Translation:
    """Rewrite the `az vmss` calls that behave differently on Flexible sets, and list those that need a person."""
    try:
        found = scan(script)
    except Unsure as unsure:
        reason = UNFOLLOWED.format(line=_line(script, unsure.offset), problem=unsure)
        return _translation(script, [*_visible(script, lambda _: reason), *_suspected(script, reason)])
    own = any(_redefines(command) for command in found.commands)
    judged = [_judge(command, own) for command in found.commands]
    stray = _visible(script, lambda offset: _whereabouts(found, offset))
    return _translation(script, [*filter(None, judged), *stray])


def unified(before: str, after: str, name: str) -> str:
    """Show the difference between two scripts in the unified format; empty if there is none."""
    lines = unified_diff(_lines(before), _lines(after), name, name)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _translation(script: str, found: list[_Found]) -> Translation:
    edits = sorted(edit for one in found for edit in one.edits)

    def place(one: _Found) -> tuple[int, str]:
        return script.count("\n", 0, one.start) + 1, script[one.start : one.end]

    rewritten = [
        Rewriting(*place(one), _edited(script, one.start, one.end, edits), one.reason)
        for one in sorted(found)
        if one.edits
    ]
    left = [Open(*place(one), one.reason) for one in sorted(found) if not one.edits]
    return Translation(_edited(script, 0, len(script), edits), rewritten, left)


def _edited(script: str, start: int, end: int, edits: list[_Edit]) -> str:
    """Give a part of the script with the edits that lie within."""
    parts, at = [], start
    for edit in edits:
        if start <= edit.start and edit.end <= end:
            parts += [script[at : edit.start], edit.text]
            at = edit.end
    return "".join([*parts, script[at:end]])


# Judging a call


def _redefines(command: Command) -> bool:
    """Say whether the script gives `az` another meaning."""
    alias = command.words[:1] and command.words[0].value == "alias"
    return "az" in command.functions or bool(alias and any(word.raw.startswith("az=") for word in command.words))


def _judge(command: Command, own: bool) -> _Found | None:
    """Say what becomes of a command: None if it can stay."""
    try:
        call = _call_of(command)
        row = call and _row(call)
        if not call or not row or _always_works(row):
            return None
    except _Doubt as doubt:
        return _Found(_after_runners(command)[0].start, command.end, str(doubt))
    try:
        if own:
            raise _Doubt(OWN)  # noqa: TRY301  (told as the others are)
        return _rewrite(call, row)
    except _Doubt as doubt:
        return _Found(call.start, call.end, f"{row['today']} {doubt}".rstrip())


def _after_runners(command: Command) -> tuple[Word, ...]:
    words = command.words
    while words and words[0].value in RUNNERS:
        words = words[1:]
    return words


def _call_of(command: Command) -> _Call | None:
    words = _after_runners(command)
    first, second = (words[index].value if index < len(words) else "" for index in (0, 1))
    if (first == "az" and second is None) or (first is None and second == "vmss"):
        raise _Doubt(DYNAMIC)
    return _Call(words, command.end, command.output) if (first, second) == ("az", "vmss") else None


def _row(call: _Call) -> dict[str, Any] | None:
    """Find the row of the table; None where the call names a group only, which shows its help."""
    words: list[str] = []
    following = call.words[2:]
    while following and following[0].value and not following[0].value.startswith("-"):
        words.append(following[0].value)
        following = following[1:]
    row = _row_of(words)
    if row:
        return row
    if not any(f"{name} ".startswith("".join(f"{word} " for word in words)) for name in _rows()):
        raise _Doubt(UNLISTED)
    if following and following[0].value is None:
        raise _Doubt(DYNAMIC)
    return None


def _row_of(words: list[str]) -> dict[str, Any] | None:
    rows = _rows()
    names = (" ".join(words[:count]) for count in range(min(len(words), 4), 0, -1))  # none has more words
    return next((rows[name] for name in names if name in rows), None)


def _rows() -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in facts()["commands"]}


def _always_works(row: dict[str, Any]) -> bool:
    return {row["onFlexible"], *row.get("withOptions", {}).values()} == {WORKS}


def _rewrite(call: _Call, row: dict[str, Any]) -> _Found | None:
    """Rewrite a call, or raise _Doubt; None if with its options it works as it is."""
    instead, exceptions = row["instead"] or "", row.get("withOptions", {})
    operation = {one.name: one for one in operations()}.get(instead.removeprefix(OURS))
    ours, known = instead.startswith(OURS), _known(operation, row.get("shares", ()))
    count = 2 + len(row["name"].split())
    if ours or exceptions:
        given = _given(call.words[count:], known)
        names = [one.name for one in given]
        if next((exceptions[name] for name in names if name in exceptions), row["onFlexible"]) == WORKS:
            return None
    if not ours:
        raise _Doubt(USE.format(instead=instead) if instead else "")
    lacking = next((name for name in names if name not in known), None)
    if lacking:
        raise _Doubt(LACKING.format(instead=instead, option=lacking))
    if operation and not operation.everyInstance and not NAMING.keys() & set(names):
        raise _Doubt(NAMELESS.format(instead=instead))
    if not _unread(call, given, row.get("keeps", ())):
        raise _Doubt(READ.format(instead=instead))
    asks = operation is not None and operation.confirm
    edits = _edits(call.words[:count], instead, " --yes" if asks else "")
    return _Found(
        call.start, call.end, f"{row['today']} {ASKS.format(instead=instead)}" if asks else row["today"], edits
    )


def _known(operation: Operation | None, shared: Iterable[str]) -> dict[str, str]:
    """List the options that a command of ours shares with its namesake, and how many values they take."""
    own = {option.name: option.type for option in operation.options} if operation else {}
    acting = ACTING if operation else {}
    return CHOOSING | EVERYWHERE | acting | {name: KINDS.get(own.get(name, ""), ONE) for name in shared}


def _edits(words: tuple[Word, ...], instead: str, added: str) -> tuple[_Edit, ...]:
    """Put new command words into the places of the old ones, within the same quotes."""
    replacements = instead.split()
    if len(replacements) > len(words):
        raise _Doubt(USE.format(instead=instead))
    replaced, dropped = words[: len(replacements)], words[len(replacements) :]
    edits = [_replace(word, new) for word, new in zip(replaced, replacements, strict=True) if word.value != new]
    edits += [_Edit(word.start, word.end, "") for word in dropped]
    return (*edits, _Edit(words[-1].end, words[-1].end, added)) if added else tuple(edits)


def _replace(word: Word, new: str) -> _Edit:
    if not word.value or word.raw.count(word.value) != 1:
        raise _Doubt(STRAY.format(word=word.raw))
    return _Edit(word.start, word.end, word.raw.replace(word.value, new))


def _unread(call: _Call, given: list[_Given], keeps: Iterable[str]) -> bool:
    """Say whether nothing depends on how the output is laid out."""
    formats = [value for one in given if one.name in ("--output", "-o") for value in one.values]
    queries = [value for one in given if one.name == "--query" for value in one.values]
    if call.output is Output.GONE or formats[-1:] == ["none"]:
        return True
    if not queries:
        return call.output is Output.SHOWN
    kept = PROJECTED.fullmatch(queries[-1] or "")
    return kept is not None and kept[1] in keeps


# Reading options


def _given(words: tuple[Word, ...], known: dict[str, str]) -> list[_Given]:
    """Read the words after the command as options with values; raises _Doubt if there is another way to read them."""
    given = []
    while words:
        name, attached = _option(words[0])
        if not name:
            raise _Doubt(OPTIONS if words[0].value is None else STRAY.format(word=words[0].raw))
        kind = known.get(name, UNKNOWN)
        count = 0 if attached else _count(words[1:], kind)
        if (attached and kind == FLAG) or (not attached and not count and kind in (ONE, SEVERAL)):
            raise _Doubt(STRAY.format(word=words[0].raw))
        given.append(_Given(name, [*attached, *(word.value for word in words[1 : 1 + count])]))
        words = words[1 + count :]
    return given


def _option(word: Word) -> tuple[str, list[str | None]]:
    """Take a word apart into an option's name and the value in the same word; no name if it is no option."""
    if word.value is None:
        match = ATTACHED.match(word.raw.lstrip('"'))
        return (match[1] or match[2], [None]) if match else ("", [])
    if word.value.startswith("--"):
        name, equals, value = word.value.partition("=")
        return name, [value] if equals else []
    if word.value.startswith("-"):
        return word.value[:2], [value] if (value := word.value[2:]) else []
    return "", []


def _count(words: tuple[Word, ...], kind: str) -> int:
    """Count the words that are values of the option before them."""
    values = 0 if kind == FLAG or not words or not _may_begin(words[0], kind) else 1
    if values and kind in (SEVERAL, UNKNOWN):
        while values < len(words) and not _may_be_option(words[values]):
            values += 1
    return values


def _may_begin(word: Word, kind: str) -> bool:
    """Say whether a word right after an option is its value."""
    if kind == SWITCH:
        return word.value is not None and not word.value.startswith("-")
    if kind == UNKNOWN or word.value is not None:
        return not _may_be_option(word)
    return not (kind == ONE and word.many)


def _may_be_option(word: Word) -> bool:
    if word.value is not None or word.raw.lstrip('"').startswith("-"):
        return word.raw.lstrip("'\"").startswith("-")
    return word.splits and not (word.raw[0].isalnum() or word.raw[0] in "./@")


# Places that are no calls


def _visible(script: str, why: Callable[[int], str | None]) -> Iterator[_Found]:
    """Find the places that look like a call and are none, unless the reason is None or the command works anyway."""
    for match in VISIBLE.finditer(script):
        reason = why(match.start())
        row = _row_of(re.findall(r"[a-z][a-z-]*", match["rest"]))
        if reason and not (row and _always_works(row)):
            said = f"{row['today']} {reason}" if row else reason
            yield _Found(match.start(), _line_end(script, match.end()), said)


def _suspected(script: str, reason: str) -> Iterator[_Found]:
    return (_Found(match.start(), _line_end(script, match.end()), reason) for match in SUSPECT.finditer(script))


def _whereabouts(script: Script, offset: int) -> str | None:
    """Say in what kind of place an `az vmss` stands; None for a call, a comment and what is only shown."""
    if _within(script.comments, offset):
        return None
    if _within(script.documents, offset):
        return DOCUMENT
    command = _innermost(script.commands, offset)
    words = _after_runners(command) if command else ()
    if not command or not words:
        return FOREIGN
    shown = words[0].value in SHOWERS and command.output is not Output.READ
    return None if shown or (words[0].start == offset and words[0].value == "az") else FOREIGN


def _within(places: list[tuple[int, int]], offset: int) -> bool:
    index = bisect_right(places, offset, key=lambda place: place[0])
    return index > 0 and offset < places[index - 1][1]


def _innermost(commands: list[Command], offset: int) -> Command | None:
    index = bisect_right(commands, offset, key=lambda command: command.start)
    return next((one for one in reversed(commands[max(0, index - NEAR) : index]) if offset < one.end), None)


def _lines(text: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+", text)  # str.splitlines would end lines at more than the line feed


def _line(script: str, offset: int) -> int:
    return script.count("\n", 0, offset) + 1


def _line_end(script: str, offset: int) -> int:
    end = script.find("\n", offset)
    return len(script[: end if end >= 0 else None].rstrip())
