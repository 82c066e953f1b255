"""Of which simple commands does a shell script consist, and where exactly do their words stand?

This finds places and changes nothing: it walks the grammar of bash (quotes, expansions, substitutions, here-documents,
compound commands, functions) and leaves the reading of a word to `shlex`. What it cannot follow to the end, it refuses
with Unsure instead of guessing where the next command begins.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from enum import Enum
from typing import NamedTuple

DEEPEST = 40  # nested substitutions and compounds; deeper, Python's own stack would be the limit

COMPOUNDS = {"{": "}", "if": "fi", "while": "done", "until": "done", "for": "done", "select": "done"}
INTRODUCERS = {"then", "else", "elif", "do", "!", "time"}
CASE_ENDS = {";;", ";&", ";;&", "esac"}
RESERVED = {*COMPOUNDS, *COMPOUNDS.values(), *INTRODUCERS, "case", "esac", "in", "[[", "function"}

ORDINARY = re.compile(r"[\w./:=,@%+-]+", re.ASCII)  # nothing but itself wherever it stands
IN_DOUBLE_QUOTES = re.compile(r"[^\"\\$`]+")
BLANKS = re.compile(r"(?:[ \t]|\\\r?\n|\r(?=\n|\Z))+")
COMMENT = re.compile(r"#[^\n]*")
PLAIN = re.compile(r"[^\s;&|<>()'\"\\$`]+(?=[\s;&|<>()]|\Z)")
REDIRECTION = re.compile(r"(\d*)(<<<|<<-?|<>|<&|>>|>&|>\||<(?!\()|>(?!\())|(&>>?)")
WRITING = {">", ">>", ">|"}
CASE_END = re.compile(r";;&|;;|;&")
ESCAPED = re.compile(r"\\(?:\r\n|.|\Z)", re.DOTALL)
ANSI_C = re.compile(r"\$'(?:[^'\\]|\\.)*'", re.DOTALL)
NAME = re.compile(r"\$(?:[A-Za-z_]\w*|[0-9@*#?$!-])", re.ASCII)
PARAMETER = re.compile(r"\$\{[!#]?(?:[A-Za-z_]\w*|\d+|[@*#?$!-])(?:\[[^]]*\])?", re.ASCII)
SEVERAL = re.compile(r"\$@|\$\{[!#]?@|\$\{!?\w+\[@\]|\$\{!\w+@\}", re.ASCII)  # many words even in double quotes
ASSIGNMENT = re.compile(r"[A-Za-z_]\w*(?:\[[^]]*\])?\+?=", re.ASCII)
ARRAY = re.compile(ASSIGNMENT.pattern + r"\Z", re.ASCII)
NO_ARGUMENTS = re.compile(r"\([ \t]*\)")


class Unsure(Exception):  # noqa: N818  (it says what the scanner is, not that the script is wrong)
    """The script cannot be followed from here on."""

    def __init__(self, offset: int, problem: str) -> None:
        super().__init__(problem)
        self.offset = offset


class Output(Enum):
    """Where the standard output of a command goes, as far as the script shows it."""

    SHOWN = "shown"
    READ = "read"
    GONE = "gone"


class Word(NamedTuple):
    """A word of a command: its place, its text as written, and its value if it has just one."""

    start: int
    end: int
    raw: str
    value: str | None
    splits: bool
    """Whether the shell may make none or several words of it."""
    many: bool
    """Whether it stands for a list of words: "$@" or "${array[@]}"."""


class Command(NamedTuple):
    """A simple command: its words without redirections and assignments before it, and where its output goes."""

    words: tuple[Word, ...]
    start: int
    end: int
    output: Output
    functions: tuple[str, ...]
    """The functions of whose bodies it is a part."""


class Script(NamedTuple):
    """What was found, all in order: the commands, also inside substitutions, and the places that are no commands."""

    commands: list[Command]
    comments: list[tuple[int, int]]
    documents: list[tuple[int, int]]
    """The bodies of here-documents."""


def scan(text: str) -> Script:
    """Find the simple commands of a script.

    Raises Unsure where the script ends inside quotes or a compound command, or does not follow bash's grammar.
    """
    scanner = _Scanner(text)
    scanner.list_of_commands(frozenset())
    commands = sorted(_settled(scanner.found, scanner.redirected), key=lambda one: one.start)
    return Script(commands, scanner.comments, scanner.documents)


def _settled(commands: list[Command], redirected: bool) -> list[Command]:
    """Follow output out of functions: that of a body is read if a command that names the function is read."""
    names = {name for command in commands for name in command.functions}
    read: set[str] = set()
    while True:
        settled = [
            command._replace(output=Output.READ)
            if command.output is Output.SHOWN and (redirected or read.intersection(command.functions))
            else command
            for command in commands
        ]
        called = {word.value for one in settled if one.output is Output.READ for word in one.words if word.value}
        if not (called & names) - read:
            return settled
        read |= called & names


class _Traits:
    """What expansions a word has."""

    def __init__(self) -> None:
        self.expands = self.splits = self.many = False

    def add(self, splits: bool, many: bool = False) -> None:
        self.expands, self.splits, self.many = True, self.splits or splits, self.many or many


class _Scanner:
    """A reader of the shell's grammar that moves through the text once."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.end = text, 0, len(text)
        self.found: list[Command] = []
        self.comments: list[tuple[int, int]] = []
        self.documents: list[tuple[int, int]] = []
        self.redirected = False
        self.depth = 0
        self.awaited: list[tuple[str, bool]] = []
        self.functions: tuple[str, ...] = ()

    # Moving

    def peek(self, length: int = 1) -> str:
        return self.text[self.at : min(self.at + length, self.end)]

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self.text, self.at, self.end)
        if match:
            self.at = match.end()
        return match

    def unsure(self, problem: str, offset: int | None = None) -> Unsure:
        return Unsure(self.at if offset is None else offset, problem)

    def deeper(self, read: Callable[[], None]) -> None:
        if self.depth >= DEEPEST:
            raise self.unsure("it is nested too deeply")
        self.depth += 1
        read()
        self.depth -= 1

    def reserved(self) -> str:
        match = PLAIN.match(self.text, self.at, self.end)
        return match[0] if match and match[0] in RESERVED else ""

    def space(self) -> None:
        """Pass over blanks, comments and line ends, and over the here-documents that begin at a line end."""
        while True:
            self.take(BLANKS)
            if self.peek() == "\n":
                self.at += 1
                self.bodies()
            elif not self.comment():
                return

    def comment(self) -> bool:
        match = self.take(COMMENT)
        if match:
            self.comments.append(match.span())
        return bool(match)

    def bodies(self) -> None:
        awaited, self.awaited = self.awaited, []
        for delimiter, tabs in awaited:
            start = self.at
            while self.at < self.end:
                stop = self.text.find("\n", self.at, self.end)
                stop = self.end if stop < 0 else stop
                line, self.at = self.text[self.at : stop].removesuffix("\r"), min(stop + 1, self.end)
                if (line.lstrip("\t") if tabs else line) == delimiter:
                    break
            self.documents.append((start, self.at))

    # Commands

    def list_of_commands(self, closers: frozenset[str]) -> str:
        """Read commands up to one of the closers, and say which it was."""
        while True:
            self.space()
            if self.at >= self.end:
                if closers:
                    raise self.unsure(f"it ends before {' or '.join(sorted(closers))}")
                return ""
            closer = self.closer(closers)
            if closer:
                return closer
            if self.reserved() in INTRODUCERS:
                self.introduce()
            elif self.peek() in ";&" and not CASE_END.match(self.text, self.at) and self.peek(2) != "&>":
                self.at += 2 if self.peek(2) == "&&" else 1
            elif self.peek(2) == "||":
                self.at += 2
            else:
                self.pipeline()

    def closer(self, closers: frozenset[str]) -> str:
        match = CASE_END.match(self.text, self.at, self.end)
        found = match[0] if match else self.peek() if self.peek() == ")" else self.reserved()
        if found in closers:
            self.at += len(found)
            return found
        return ""

    def introduce(self) -> None:
        word = self.reserved()
        self.at += len(word)
        if word == "time":
            self.take(re.compile(r"[ \t]+-p(?=\s)"))

    def pipeline(self) -> None:
        while True:
            first = len(self.found)
            self.command()
            self.take(BLANKS)
            if self.peek() != "|" or self.peek(2) == "||":
                return
            self.send(first, Output.READ)
            self.at += 2 if self.peek(2) == "|&" else 1
            self.space()

    def send(self, first: int, where: Output) -> None:
        """Say where the output of the commands since then goes, unless they say it themselves."""
        self.found[first:] = [
            one._replace(output=where) if one.output is Output.SHOWN else one for one in self.found[first:]
        ]

    def command(self) -> None:
        first, word = len(self.found), self.reserved()
        if self.peek(2) == "((":
            self.at += 2
            self.deeper(lambda: self.arithmetic("))"))
        elif self.peek() == "(":
            self.at += 1
            self.nested(")")
        elif word in COMPOUNDS or word in ("case", "[[", "function"):
            self.at += len(word)
            self.compound(word)
        elif word and word != "in":
            raise self.unsure(f"{word} is out of place")
        else:
            self.simple()
            return
        self.after_compound(first)

    def nested(self, *closers: str) -> str:
        found: list[str] = []
        self.deeper(lambda: found.append(self.list_of_commands(frozenset(closers))))
        return found[0]

    def compound(self, word: str) -> None:
        if word == "case":
            self.deeper(self.case)
        elif word == "[[":
            self.deeper(self.condition)
        elif word == "function":
            self.take(BLANKS)
            name = self.word()
            self.take(BLANKS)
            self.take(NO_ARGUMENTS)
            self.function(name.raw)
        else:
            if word in ("for", "select"):
                self.loop_head()
            self.nested(COMPOUNDS[word])

    def after_compound(self, first: int) -> None:
        streams = {"1": Output.SHOWN, "2": Output.SHOWN}
        self.take(BLANKS)
        while self.redirection(streams):
            self.take(BLANKS)
        if streams["1"] is not Output.SHOWN:
            self.send(first, streams["1"])
        if self.at < self.end and self.peek() not in "\n;&|)#":
            raise self.unsure("a word follows where a command ends")

    def function(self, name: str) -> None:
        outer = self.functions
        self.functions = (*outer, name)
        self.space()
        if self.peek() != "(" and self.reserved() not in {*COMPOUNDS, "case", "[["}:
            raise self.unsure("a function has no body")
        self.deeper(self.command)
        self.functions = outer

    def loop_head(self) -> None:
        self.take(BLANKS)
        if self.peek(2) == "((":
            self.at += 2
            self.deeper(lambda: self.arithmetic("))"))
            return
        self.word()
        self.space()
        if self.reserved() == "in":
            self.at += 2
            for _ in self.words_until("\n;"):
                pass

    def words_until(self, ends: str) -> Iterator[Word]:
        while True:
            self.take(BLANKS)
            if self.at >= self.end or self.peek() in ends or self.comment():
                return
            yield self.word()

    def case(self) -> None:
        self.take(BLANKS)
        self.word()
        self.space()
        if self.reserved() != "in":
            raise self.unsure("a case has no in")
        self.at += 2
        while True:
            self.space()
            if self.closer(frozenset({"esac"})):
                return
            self.patterns()
            if self.nested(*CASE_ENDS) == "esac":
                return

    def patterns(self) -> None:
        if self.peek() == "(":
            self.at += 1
        while True:
            self.take(BLANKS)
            if self.peek() == ")":
                self.at += 1
                return
            if self.peek() == "|":
                self.at += 1
            else:
                self.word()

    def condition(self) -> None:
        while True:
            self.space_in_condition()
            if self.at >= self.end:
                raise self.unsure("it ends before ]]")
            if self.peek() in "()<>|&;":
                self.at += 1
            elif self.word().raw == "]]":
                return

    def space_in_condition(self) -> None:
        self.take(BLANKS)
        while self.peek() == "\n":
            self.at += 1
            self.bodies()
            self.take(BLANKS)

    # Simple commands

    def simple(self) -> None:
        start, stop, words = self.at, self.at, list[Word]()
        streams = {"1": Output.SHOWN, "2": Output.SHOWN}
        while True:
            self.take(BLANKS)
            if not self.redirection(streams):
                if self.at >= self.end or self.peek() in "\n;&|)" or self.comment():
                    break
                if self.peek() == "(":
                    self.define(words)
                    return
                words.append(self.word())
            stop = self.at
        if start == stop:
            raise self.unsure("a command is missing")
        self.record(words, start, stop, streams["1"])

    def define(self, words: list[Word]) -> None:
        """Read a function of the form `name() body`."""
        if len(words) != 1 or not self.take(NO_ARGUMENTS):
            raise self.unsure("a parenthesis is out of place")
        self.function(words[0].raw)

    def record(self, words: list[Word], start: int, stop: int, output: Output) -> None:
        while words and ASSIGNMENT.match(words[0].raw):
            words = words[1:]
        if [word.value for word in words] == ["exec"] and output is not Output.SHOWN:
            self.redirected = True  # from now on everything; that it was not so before is not worth the difference
        self.found.append(Command(tuple(words), start, stop, output, self.functions))

    def redirection(self, streams: dict[str, Output]) -> bool:
        """Read a redirection, if one comes, and move the streams as it says."""
        match = self.take(REDIRECTION)
        if not match:
            return False
        descriptor, sign, both = match.groups()
        self.take(BLANKS)
        target = self.word()
        if sign in ("<<", "<<-"):
            self.awaited.append((_unquoted(target.raw) or "", sign == "<<-"))
        elif sign == ">&" and target.value in streams:
            streams[descriptor or "1"] = streams[target.value]
        elif both or (sign == ">&" and not descriptor):
            streams["1"] = streams["2"] = _place(target)
        elif sign in WRITING or (sign == "<>" and descriptor):
            streams[descriptor or "1"] = _place(target)
        return True

    # Words

    def word(self) -> Word:
        start, traits = self.at, _Traits()
        while self.at < self.end and self.piece(start, traits):
            pass
        if self.at == start:
            raise self.unsure("a word is missing")
        raw = self.text[start : self.at]
        return Word(start, self.at, raw, None if traits.expands else _unquoted(raw), traits.splits, traits.many)

    def piece(self, start: int, traits: _Traits) -> bool:
        """Read one more piece of a word, unless the word ends here."""
        char = self.peek()
        if char in " \t\n;&|)" or (char == "\r" and self.text[self.at + 1 : self.at + 2] in ("\n", "")):
            return False
        if char == "(":
            return self.parenthesis(start, traits)
        if char in "<>":
            if self.peek(2)[1:] != "(":
                return False
            self.at += 1
            self.parenthesised(traits, False)
        elif not self.take(ORDINARY) and not self.quoted(traits) and not self.expansion(traits, False):
            self.at += 1
            if char in "*?[{~":
                traits.add(True)
        return True

    def quoted(self, traits: _Traits) -> bool:
        """Read what is quoted, if it is."""
        char = self.peek()
        if char == "\\":
            self.take(ESCAPED)
            self.at = min(self.at, self.end)
        elif char == "'":
            self.through("'")
        elif char == '"':
            self.double(traits)
        return char in "\\'\""

    def expansion(self, traits: _Traits, quoted: bool) -> bool:
        """Read what the shell expands, if it does."""
        char = self.peek()
        if char == "$":
            self.dollar(traits, quoted)
        elif char == "`":
            self.backticks(traits, quoted)
        return char in "$`"

    def parenthesis(self, start: int, traits: _Traits) -> bool:
        before = self.text[start : self.at]
        if ARRAY.match(before):
            self.at += 1
            self.deeper(self.array)
            traits.add(True)
            return True
        if before and before[-1] in "@?*+!":
            self.at += 1
            self.deeper(lambda: self.arithmetic(")"))  # an extended glob; its parentheses balance
            traits.add(True)
            return True
        return False

    def array(self) -> None:
        while True:
            self.space()
            if self.peek() == ")":
                self.at += 1
                return
            self.word()

    def through(self, quote: str) -> None:
        stop = self.text.find(quote, self.at + 1, self.end)
        if stop < 0:
            raise self.unsure("a quotation does not end")
        self.at = stop + 1

    def double(self, traits: _Traits) -> None:
        start = self.at
        self.at += 1
        while self.peek() != '"':
            if self.at >= self.end:
                raise self.unsure("a quotation does not end", start)
            if self.peek() == "\\":
                self.at = min(self.at + 2, self.end)
            elif not self.take(IN_DOUBLE_QUOTES):
                self.expansion(traits, True)
        self.at += 1

    def dollar(self, traits: _Traits, quoted: bool) -> None:
        start, following = self.at, self.peek(3)[1:]
        if following == "((":
            self.at += 3
            self.deeper(lambda: self.arithmetic("))"))
        elif following[:1] == "(":
            self.at += 1
            self.parenthesised(traits, quoted)
        elif following[:1] == "{":
            self.deeper(lambda: self.parameter(traits, quoted))
        elif following[:1] == "[":
            self.at += 2
            self.deeper(lambda: self.arithmetic("]"))
        elif following[:1] in ("'", '"') and not quoted:
            self.ansi_c_or_local()
            traits.add(False)
            return
        elif not self.take(NAME):
            self.at += 1
            return
        many = bool(SEVERAL.match(self.text, start, self.at))
        traits.add(not quoted or many, many)

    def ansi_c_or_local(self) -> None:
        if self.peek(2) == '$"':
            self.at += 1
        elif not self.take(ANSI_C):
            raise self.unsure("a quotation does not end")

    def parenthesised(self, traits: _Traits, quoted: bool) -> None:
        """Read `(commands)` whose output becomes part of a word or a file."""
        first = len(self.found)
        self.at += 1
        self.nested(")")
        self.send(first, Output.READ)
        traits.add(not quoted)

    def backticks(self, traits: _Traits, quoted: bool) -> None:
        start, stop = self.at + 1, self.at + 1
        while self.text[stop : stop + 1] != "`":
            if stop >= self.end:
                raise self.unsure("a backtick does not end")
            stop += 2 if self.text[stop] == "\\" else 1
        if stop >= self.end:
            raise self.unsure("a backtick does not end")
        if "\\" not in re.sub(r"\\\r?\n", "", self.text[start:stop]):  # otherwise places would not be those of the text
            outer, first = self.end, len(self.found)
            self.at, self.end = start, stop
            self.nested()
            self.end = outer
            self.send(first, Output.READ)
        self.at = stop + 1
        traits.add(not quoted)

    def parameter(self, traits: _Traits, quoted: bool) -> None:
        """Read `${...}`; within double quotes, the operator decides whether a single quote quotes in there."""
        start, match = self.at, PARAMETER.match(self.text, self.at, self.end)
        if not match:
            raise self.unsure("an expansion is unknown")
        quotes = not quoted or self.text[match.end() : match.end() + 1] in ("#", "%", "/", "^", ",")
        self.at += 2
        while self.peek() != "}":
            if self.at >= self.end:
                raise self.unsure("an expansion does not end", start)
            literal = self.peek() == "'" and not quotes
            if literal or not (self.quoted(traits) or self.expansion(traits, quoted)):
                self.at += 1
        self.at += 1

    def arithmetic(self, closer: str) -> None:
        """Read up to the closing characters, with parentheses balanced in between."""
        start, traits = self.at, _Traits()
        depth = 0
        while depth or self.peek(len(closer)) != closer:
            if self.at >= self.end:
                raise self.unsure("a parenthesis does not end", start)
            if self.peek() == ")" and not depth and closer != "]":
                raise self.unsure("arithmetic or commands")
            if not self.quoted(traits) and not self.expansion(traits, False):
                depth += {"(": 1, ")": -1}.get(self.peek(), 0)
                self.at += 1
        self.at += len(closer)


def _place(target: Word) -> Output:
    return Output.GONE if target.value == "/dev/null" else Output.READ


def _unquoted(raw: str) -> str | None:
    """Read a word as the shell does, if it is one word."""
    try:
        values = shlex.split(raw)
    except ValueError:
        return None
    return values[0] if len(values) == 1 else None
