"""The options of a call of `az vmss`, with the words that are their values."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from typing import NamedTuple

from azext_flexcompare.table.entries import Operation
from azext_flexcompare.translation.bash import Word

ONE, SEVERAL, FLAG, SWITCH, UNKNOWN = "one", "several", "flag", "switch", "unknown"  # the number of values of an option
INSTANCE_OPTIONS = {"--instance-ids": SEVERAL, "--instance-id": SEVERAL}
SET_NAME = "--virtual-machine-scale-set-name"
SET_OPTIONS = dict.fromkeys(("--resource-group", "-g", "--name", "-n", "--vmss-name", SET_NAME), ONE)
SELECTION_OPTIONS = {**SET_OPTIONS, "--ids": SEVERAL, **INSTANCE_OPTIONS}
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
BUILT = re.compile(r"\"?(?:-|\$\(|`|\$\{?\w*(?:arg|opt|param|flag|extra)\w*)", re.IGNORECASE)
ATTACHED = re.compile(r"(--[a-z][a-z-]*)=|(-[a-zA-Z])")

DYNAMIC_OPTIONS = "The script builds its options at run time."
NUMBER = "The instance {number} is a number, and instances of a Flexible scale set have VM names."
CUT_OUT = "{word} is a part of a name, and instances of a Flexible scale set have whole VM names."
CUT = re.compile(r"\$\{\w+##?[^}/]*_\}")  # what follows an underscore: the number of an instance of a Uniform set
SET_TO_NUMBER = "The script sets {name} to a number, and instances of a Flexible scale set have VM names."
VARIABLE = re.compile(r"(?:\A|[=\"])\$\{?(\w+)\}?\"?\Z")
NUMBERED = re.compile(
    r"(?<![\w$-])(\w+)=[\"']?(?:\d+[\"']?(?=[\s;)]|\Z)|\$\{\w+##?[^}/]*_\})"
    r"|\bfor\s+(\w+)\s+in\s+(?:[\"']?\d+[\"']?(?=[\s;])|\{\d+\.\.|(?:\$\(|`)seq\b)"
)
UNCLEAR = "The meaning of {word} for `az` is not clear."


class NotProven(Exception):  # noqa: N818  (the call may be right)
    """What cannot be proven of a call, as a sentence."""


class ParsedOption(NamedTuple):
    """An option of a call and its values; a value that depends on the run is None.

    `last` is the word with its last value, if that is a word of its own.
    """

    name: str
    values: list[str | None]
    last: Word | None = None


def shared_options(operation: Operation | None, shared: Iterable[str]) -> dict[str, str]:
    """Return the options that a command shares with its namesake of `az vmss`, with the number of their values."""
    own = {option.name: option.type for option in operation.options} if operation else {}
    acting = OPERATION_OPTIONS if operation else {}
    return SELECTION_OPTIONS | GLOBAL_OPTIONS | acting | {name: KINDS.get(own.get(name, ""), ONE) for name in shared}


def parse_options(words: tuple[Word, ...], known: dict[str, str]) -> list[ParsedOption]:
    """Parse the words after the command as options with values; raises NotProven if they are ambiguous."""
    options = []
    while words:
        name, attached = _parse_option(words[0])
        if not name:
            raise NotProven(DYNAMIC_OPTIONS if words[0].value is None else UNCLEAR.format(word=words[0].raw))
        kind = known.get(name, UNKNOWN)
        count = 0 if attached else _count_values(words[1:], kind)
        if (attached and kind == FLAG) or (not attached and not count and kind in (ONE, SEVERAL)):
            raise NotProven(UNCLEAR.format(word=words[0].raw))
        values = [*attached, *(word.value for word in words[1 : 1 + count])]
        options.append(ParsedOption(name, values, words[count] if count else None))
        words = words[1 + count :]
    return options


def values_of(options: list[ParsedOption], *names: str) -> list[str | None]:
    """List the values of the options of some names."""
    return [value for one in options if one.name in names for value in one.values]


def with_values(options: list[ParsedOption]) -> list[str]:
    """List the options, each with its value if it has one that is written in the call."""
    return [f"{one.name} {one.values[0]}" if one.values and one.values[0] else one.name for one in options]


def numbered_variables(script: str) -> frozenset[str]:
    """List the variables that a script sets to the number of an instance."""
    return frozenset(match[1] or match[2] for match in NUMBERED.finditer(script))


def check_instances(words: tuple[Word, ...], numbered: Container[str] = ()) -> None:
    """Check that no instance is a number, or the last part of a name; raises NotProven otherwise."""
    for word, text in _instance_words(words):
        variable = VARIABLE.search(word.raw)
        if variable and variable[1] in numbered:
            raise NotProven(SET_TO_NUMBER.format(name=variable[1]))
        if CUT.search(word.raw):
            raise NotProven(CUT_OUT.format(word=word.raw))
        names = (instance.rpartition("/")[2] for instance in re.split(r"[\s,]+", text))
        number = next((name for name in names if name.isdecimal()), None)
        if number:
            raise NotProven(NUMBER.format(number=number))


def _instance_words(words: Iterable[Word]) -> Iterator[tuple[Word, str]]:
    """List the words of the options that choose instances, each with its value, or an empty text."""
    option = ""
    for word in words:
        text = word.value or ("" if word.raw[:1] != "-" else word.raw)
        if text.startswith("-"):
            option, _, text = text.partition("=")
        if option in ("--ids", *INSTANCE_OPTIONS):
            yield word, text


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
        while values < len(words) and (not _may_be_option(words[values]) or _is_of_unknown(words[values], kind)):
            values += 1
    return values


def _is_of_unknown(word: Word, kind: str) -> bool:
    """Return whether a word is taken for a value of an unknown option: its name is not that of options."""
    return kind == UNKNOWN and word.value is None and not word.is_list and not BUILT.match(word.raw)


def _may_be_value(word: Word, kind: str) -> bool:
    """Return whether a word right after an option may be its value."""
    if kind == SWITCH:
        return word.value is not None and not word.value.startswith("-")
    if kind == UNKNOWN:
        return not _may_be_option(word) or _is_of_unknown(word, kind)
    if word.value is not None:
        return not _may_be_option(word)
    return not (kind == ONE and word.is_list)


def _may_be_option(word: Word) -> bool:
    if word.value is not None or word.raw.lstrip('"').startswith("-"):
        return word.raw.lstrip("'\"").startswith("-")
    return word.splits and not (word.raw[0].isalnum() or word.raw[0] in "./@")
