"""The simple commands of a bash script, with the position of each word.

It reads the grammar of bash (quotes, expansions, substitutions, here-documents, compound commands, functions) and
leaves the value of a word to `shlex`. It raises ParseError for a script that it cannot read to its end, and never
guesses where the next command begins.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from enum import Enum
from typing import NamedTuple

MAX_DEPTH = 40  # nested substitutions and compounds; without a limit, deep nesting would exhaust Python's stack

COMPOUNDS = {"{": "}", "if": "fi", "while": "done", "until": "done", "for": "done", "select": "done"}
INTRODUCERS = {"then", "else", "elif", "do", "!", "time"}
CASE_ENDS = {";;", ";&", ";;&", "esac"}
RESERVED = {*COMPOUNDS, *COMPOUNDS.values(), *INTRODUCERS, "case", "esac", "in", "[[", "function"}

ORDINARY = re.compile(r"[\w./:=,@%+-]+", re.ASCII)  # characters without a meaning of their own
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
WORD_LIST = re.compile(r"\$@|\$\{[!#]?@|\$\{!?\w+\[@\]|\$\{!\w+@\}", re.ASCII)  # several words, also in double quotes
ASSIGNMENT = re.compile(r"[A-Za-z_]\w*(?:\[[^]]*\])?\+?=", re.ASCII)
ARRAY = re.compile(ASSIGNMENT.pattern + r"\Z", re.ASCII)
NO_ARGUMENTS = re.compile(r"\([ \t]*\)")


class ParseError(Exception):
    """A script cannot be read beyond an offset."""

    def __init__(self, offset: int, problem: str) -> None:
        super().__init__(problem)
        self.offset = offset


class Output(Enum):
    """The destination of the standard output of a command, as far as the script shows it."""

    SHOWN = "shown"
    READ = "read"
    DISCARDED = "gone"


class Word(NamedTuple):
    """A word of a command: its position, its text as written, and its value, or None if that depends on the run."""

    start: int
    end: int
    raw: str
    value: str | None
    splits: bool
    """Whether the shell may expand it to no word or to several."""
    is_list: bool
    """Whether it expands to a list of words: "$@" or "${array[@]}"."""


class Command(NamedTuple):
    """A simple command: its words, without redirections and preceding assignments, and its output."""

    words: tuple[Word, ...]
    start: int
    end: int
    output: Output
    functions: tuple[str, ...]
    """The functions in whose bodies it is."""
    in_loop: bool = False
    """Whether the body of a loop contains it."""
    reader: tuple[Word, ...] = ()
    """The words of the simple command that a pipe gives its output to."""


class Document(NamedTuple):
    """The body of a here-document, and the position of the redirection that begins it."""

    start: int
    end: int
    opened_at: int


class Script(NamedTuple):
    """The commands of a script, also those in substitutions, its comments and its here-documents, each in order."""

    commands: list[Command]
    comments: list[tuple[int, int]]
    documents: list[Document]


def parse_script(text: str, output: Output = Output.SHOWN) -> Script:
    """Find the simple commands of a script with an output.

    Raises ParseError if the script ends inside quotes or a compound command, or does not follow the grammar of bash.
    """
    parser = _Parser(text)
    parser.read_commands(frozenset())
    parser.set_output(0, output)
    commands = sorted(_resolve_outputs(parser.found, parser.redirected), key=lambda one: one.start)
    return Script(commands, parser.comments, parser.documents)


def _resolve_outputs(commands: list[Command], redirected: bool) -> list[Command]:
    """Return the commands with the output of a function body marked as read if a caller of the function is read."""
    names = {name for command in commands for name in command.functions}
    read: set[str] = set()
    while True:
        resolved = [
            command._replace(output=Output.READ)
            if command.output is Output.SHOWN and (redirected or read.intersection(command.functions))
            else command
            for command in commands
        ]
        called = {word.value for one in resolved if one.output is Output.READ for word in one.words if word.value}
        if not (called & names) - read:
            return resolved
        read |= called & names


class _Traits:
    """The expansions of a word."""

    def __init__(self) -> None:
        self.expands = self.splits = self.is_list = False

    def add(self, splits: bool, is_list: bool = False) -> None:
        self.expands, self.splits, self.is_list = True, self.splits or splits, self.is_list or is_list


class _Parser:
    """A parser of the grammar of bash that reads the text once."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.end = text, 0, len(text)
        self.found: list[Command] = []
        self.comments: list[tuple[int, int]] = []
        self.documents: list[Document] = []
        self.redirected = False
        self.depth = self.loops = 0
        self.pending_documents: list[tuple[str, bool, int]] = []
        self.functions: tuple[str, ...] = ()

    # Position

    def peek(self, length: int = 1) -> str:
        return self.text[self.at : min(self.at + length, self.end)]

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self.text, self.at, self.end)
        if match:
            self.at = match.end()
        return match

    def error(self, problem: str, offset: int | None = None) -> ParseError:
        return ParseError(self.at if offset is None else offset, problem)

    def read_nested(self, read: Callable[[], None]) -> None:
        if self.depth >= MAX_DEPTH:
            raise self.error("it is nested too deeply")
        self.depth += 1
        read()
        self.depth -= 1

    def reserved_word(self) -> str:
        match = PLAIN.match(self.text, self.at, self.end)
        return match[0] if match and match[0] in RESERVED else ""

    def skip_space(self) -> None:
        """Skip blanks, comments and line ends, and the here-documents that begin at a line end."""
        while True:
            self.take(BLANKS)
            if self.peek() == "\n":
                self.at += 1
                self.read_documents()
            elif not self.read_comment():
                return

    def read_comment(self) -> bool:
        match = self.take(COMMENT)
        if match:
            self.comments.append(match.span())
        return bool(match)

    def read_documents(self) -> None:
        awaited, self.pending_documents = self.pending_documents, []
        for delimiter, tabs, opened_at in awaited:
            start = self.at
            while self.at < self.end:
                stop = self.text.find("\n", self.at, self.end)
                stop = self.end if stop < 0 else stop
                line, self.at = self.text[self.at : stop].removesuffix("\r"), min(stop + 1, self.end)
                if (line.lstrip("\t") if tabs else line) == delimiter:
                    break
            self.documents.append(Document(start, self.at, opened_at))

    # Commands

    def read_commands(self, closers: frozenset[str]) -> str:
        """Read commands up to one of the closers, and return that one."""
        while True:
            self.skip_space()
            if self.at >= self.end:
                if closers:
                    raise self.error(f"it ends before {' or '.join(sorted(closers))}")
                return ""
            closer = self.read_closer(closers)
            if closer:
                return closer
            if self.reserved_word() in INTRODUCERS:
                self.skip_introducer()
            elif self.peek() in ";&" and not CASE_END.match(self.text, self.at) and self.peek(2) != "&>":
                self.at += 2 if self.peek(2) == "&&" else 1
            elif self.peek(2) == "||":
                self.at += 2
            else:
                self.read_pipeline()

    def read_closer(self, closers: frozenset[str]) -> str:
        match = CASE_END.match(self.text, self.at, self.end)
        found = match[0] if match else self.peek() if self.peek() == ")" else self.reserved_word()
        if found in closers:
            self.at += len(found)
            return found
        return ""

    def skip_introducer(self) -> None:
        word = self.reserved_word()
        self.at += len(word)
        if word == "time":
            self.take(re.compile(r"[ \t]+-p(?=\s)"))

    def read_pipeline(self) -> None:
        before = -1  # no command
        while True:
            first, start = len(self.found), self.at
            self.read_command()
            last = len(self.found) - 1 if self.found[first:] and self.found[-1].start == start else -1
            if before >= 0 and last >= 0:
                self.found[before] = self.found[before]._replace(reader=self.found[last].words)
            before = last
            self.take(BLANKS)
            if self.peek() != "|" or self.peek(2) == "||":
                return
            self.set_output(first, Output.READ)
            before = -1 if self.peek(2) == "|&" else before
            self.at += 2 if self.peek(2) == "|&" else 1
            self.skip_space()

    def set_output(self, first: int, where: Output) -> None:
        """Set the output of the commands from an index on, unless they redirect it."""
        self.found[first:] = [
            one._replace(output=where) if one.output is Output.SHOWN else one for one in self.found[first:]
        ]

    def read_command(self) -> None:
        first, word = len(self.found), self.reserved_word()
        if self.peek(2) == "((":
            self.at += 2
            self.read_nested(lambda: self.read_arithmetic("))"))
        elif self.peek() == "(":
            self.at += 1
            self.read_block(")")
        elif word in COMPOUNDS or word in ("case", "[[", "function"):
            self.at += len(word)
            self.read_compound(word)
        elif word and word != "in":
            raise self.error(f"{word} is out of place")
        else:
            self.read_simple()
            return
        self.end_compound(first)

    def read_block(self, *closers: str) -> str:
        found: list[str] = []
        self.read_nested(lambda: found.append(self.read_commands(frozenset(closers))))
        return found[0]

    def read_compound(self, word: str) -> None:
        if word == "case":
            self.read_nested(self.read_case)
        elif word == "[[":
            self.read_nested(self.read_condition)
        elif word == "function":
            self.take(BLANKS)
            name = self.read_word()
            self.take(BLANKS)
            self.take(NO_ARGUMENTS)
            self.read_function(name.raw)
        else:
            if word in ("for", "select"):
                self.read_loop_head()
            loops = int(COMPOUNDS[word] == "done")
            self.loops += loops
            self.read_block(COMPOUNDS[word])
            self.loops -= loops

    def end_compound(self, first: int) -> None:
        streams = {"1": Output.SHOWN, "2": Output.SHOWN}
        self.take(BLANKS)
        while self.read_redirection(streams):
            self.take(BLANKS)
        if streams["1"] is not Output.SHOWN:
            self.set_output(first, streams["1"])
        if self.at < self.end and self.peek() not in "\n;&|)#":
            raise self.error("a word follows the end of a command")

    def read_function(self, name: str) -> None:
        outer = self.functions
        self.functions = (*outer, name)
        self.skip_space()
        if self.peek() != "(" and self.reserved_word() not in {*COMPOUNDS, "case", "[["}:
            raise self.error("a function has no body")
        self.read_nested(self.read_command)
        self.functions = outer

    def read_loop_head(self) -> None:
        self.take(BLANKS)
        if self.peek(2) == "((":
            self.at += 2
            self.read_nested(lambda: self.read_arithmetic("))"))
            return
        self.read_word()
        self.skip_space()
        if self.reserved_word() == "in":
            self.at += 2
            for _ in self.read_words_until("\n;"):
                pass

    def read_words_until(self, ends: str) -> Iterator[Word]:
        while True:
            self.take(BLANKS)
            if self.at >= self.end or self.peek() in ends or self.read_comment():
                return
            yield self.read_word()

    def read_case(self) -> None:
        self.take(BLANKS)
        self.read_word()
        self.skip_space()
        if self.reserved_word() != "in":
            raise self.error("a case has no `in`")
        self.at += 2
        while True:
            self.skip_space()
            if self.read_closer(frozenset({"esac"})):
                return
            self.read_patterns()
            if self.read_block(*CASE_ENDS) == "esac":
                return

    def read_patterns(self) -> None:
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
                self.read_word()

    def read_condition(self) -> None:
        while True:
            self.skip_space_in_condition()
            if self.at >= self.end:
                raise self.error("it ends before ]]")
            if self.peek() in "()<>|&;":
                self.at += 1
            elif self.read_word().raw == "]]":
                return

    def skip_space_in_condition(self) -> None:
        self.take(BLANKS)
        while self.peek() == "\n":
            self.at += 1
            self.read_documents()
            self.take(BLANKS)

    # Simple commands

    def read_simple(self) -> None:
        start, stop, words = self.at, self.at, list[Word]()
        streams = {"1": Output.SHOWN, "2": Output.SHOWN}
        while True:
            self.take(BLANKS)
            if not self.read_redirection(streams):
                if self.at >= self.end or self.peek() in "\n;&|)" or self.read_comment():
                    break
                if self.peek() == "(":
                    self.read_definition(words)
                    return
                words.append(self.read_word())
            stop = self.at
        if start == stop:
            raise self.error("a command is missing")
        self.add_command(words, start, stop, streams["1"])

    def read_definition(self, words: list[Word]) -> None:
        """Read a function of the form `name() body`."""
        if len(words) != 1 or not self.take(NO_ARGUMENTS):
            raise self.error("a parenthesis is out of place")
        self.read_function(words[0].raw)

    def add_command(self, words: list[Word], start: int, stop: int, output: Output) -> None:
        while words and ASSIGNMENT.match(words[0].raw):
            words = words[1:]
        if [word.value for word in words] == ["exec"] and output is not Output.SHOWN:
            self.redirected = True  # also for the commands before it, which is the safe side
        in_loop = self.loops > 0
        self.found.append(Command(tuple(words), start, stop, output, functions=self.functions, in_loop=in_loop))

    def read_redirection(self, streams: dict[str, Output]) -> bool:
        """Read a redirection, if there is one, and set the streams accordingly."""
        match = self.take(REDIRECTION)
        if not match:
            return False
        descriptor, sign, both = match.groups()
        self.take(BLANKS)
        target = self.read_word()
        if sign in ("<<", "<<-"):
            self.pending_documents.append((_unquoted(target.raw) or "", sign == "<<-", match.start()))
        elif sign == ">&" and target.value in streams:
            streams[descriptor or "1"] = streams[target.value]
        elif both or (sign == ">&" and not descriptor):
            streams["1"] = streams["2"] = _destination(target)
        elif sign in WRITING or (sign == "<>" and descriptor):
            streams[descriptor or "1"] = _destination(target)
        return True

    # Words

    def read_word(self) -> Word:
        start, traits = self.at, _Traits()
        while self.at < self.end and self.read_piece(start, traits):
            pass
        if self.at == start:
            raise self.error("a word is missing")
        raw = self.text[start : self.at]
        return Word(
            start,
            self.at,
            raw,
            None if traits.expands else _unquoted(raw),
            splits=traits.splits,
            is_list=traits.is_list,
        )

    def read_piece(self, start: int, traits: _Traits) -> bool:
        """Read the next piece of a word, and return whether there was one."""
        char = self.peek()
        if char in " \t\n;&|)" or (char == "\r" and self.text[self.at + 1 : self.at + 2] in ("\n", "")):
            return False
        if char == "(":
            return self.read_parenthesis(start, traits)
        if char in "<>":
            if self.peek(2)[1:] != "(":
                return False
            self.at += 1
            self.read_substitution(traits, False)
        elif not self.take(ORDINARY) and not self.read_quoted(traits) and not self.read_expansion(traits, False):
            self.at += 1
            if char in "*?[{~":
                traits.add(True)
        return True

    def read_quoted(self, traits: _Traits) -> bool:
        """Read a quoted piece, and return whether there was one."""
        char = self.peek()
        if char == "\\":
            self.take(ESCAPED)
            self.at = min(self.at, self.end)
        elif char == "'":
            self.read_until_quote("'")
        elif char == '"':
            self.read_double_quoted(traits)
        return char in "\\'\""

    def read_expansion(self, traits: _Traits, quoted: bool) -> bool:
        """Read an expansion, and return whether there was one."""
        char = self.peek()
        if char == "$":
            self.read_dollar(traits, quoted)
        elif char == "`":
            self.read_backticks(traits, quoted)
        return char in "$`"

    def read_parenthesis(self, start: int, traits: _Traits) -> bool:
        before = self.text[start : self.at]
        if ARRAY.match(before):
            self.at += 1
            self.read_nested(self.read_array)
            traits.add(True)
            return True
        if before and before[-1] in "@?*+!":
            self.at += 1
            self.read_nested(lambda: self.read_arithmetic(")"))  # an extended glob; its parentheses balance
            traits.add(True)
            return True
        return False

    def read_array(self) -> None:
        while True:
            self.skip_space()
            if self.peek() == ")":
                self.at += 1
                return
            self.read_word()

    def read_until_quote(self, quote: str) -> None:
        stop = self.text.find(quote, self.at + 1, self.end)
        if stop < 0:
            raise self.error("a quote is not closed")
        self.at = stop + 1

    def read_double_quoted(self, traits: _Traits) -> None:
        start = self.at
        self.at += 1
        while self.peek() != '"':
            if self.at >= self.end:
                raise self.error("a quote is not closed", start)
            if self.peek() == "\\":
                self.at = min(self.at + 2, self.end)
            elif not self.take(IN_DOUBLE_QUOTES):
                self.read_expansion(traits, True)
        self.at += 1

    def read_dollar(self, traits: _Traits, quoted: bool) -> None:
        start, following = self.at, self.peek(3)[1:]
        if following == "((":
            self.at += 3
            self.read_nested(lambda: self.read_arithmetic("))"))
        elif following[:1] == "(":
            self.at += 1
            self.read_substitution(traits, quoted)
        elif following[:1] == "{":
            self.read_nested(lambda: self.read_parameter(traits, quoted))
        elif following[:1] == "[":
            self.at += 2
            self.read_nested(lambda: self.read_arithmetic("]"))
        elif following[:1] in ("'", '"') and not quoted:
            self.read_dollar_quoted()
            traits.add(False)
            return
        elif not self.take(NAME):
            self.at += 1
            return
        is_list = bool(WORD_LIST.match(self.text, start, self.at))
        traits.add(not quoted or is_list, is_list)

    def read_dollar_quoted(self) -> None:
        if self.peek(2) == '$"':
            self.at += 1
        elif not self.take(ANSI_C):
            raise self.error("a quote is not closed")

    def read_substitution(self, traits: _Traits, quoted: bool) -> None:
        """Read `(commands)`, whose output becomes a part of a word or a file."""
        first = len(self.found)
        self.at += 1
        self.read_block(")")
        self.set_output(first, Output.READ)
        traits.add(not quoted)

    def read_backticks(self, traits: _Traits, quoted: bool) -> None:
        start, stop = self.at + 1, self.at + 1
        while self.text[stop : stop + 1] != "`":
            if stop >= self.end:
                raise self.error("a backtick is not closed")
            stop += 2 if self.text[stop] == "\\" else 1
        if stop >= self.end:
            raise self.error("a backtick is not closed")
        if "\\" not in re.sub(r"\\\r?\n", "", self.text[start:stop]):  # else the offsets would be wrong
            outer, first = self.end, len(self.found)
            self.at, self.end = start, stop
            self.read_block()
            self.end = outer
            self.set_output(first, Output.READ)
        self.at = stop + 1
        traits.add(not quoted)

    def read_parameter(self, traits: _Traits, quoted: bool) -> None:
        """Read `${...}`; in double quotes, its operator decides whether a single quote in it begins a quoted text."""
        start, match = self.at, PARAMETER.match(self.text, self.at, self.end)
        if not match:
            raise self.error("an expansion has an unknown form")
        quotes = not quoted or self.text[match.end() : match.end() + 1] in ("#", "%", "/", "^", ",")
        self.at += 2
        while self.peek() != "}":
            if self.at >= self.end:
                raise self.error("an expansion is not closed", start)
            literal = self.peek() == "'" and not quotes
            if literal or not (self.read_quoted(traits) or self.read_expansion(traits, quoted)):
                self.at += 1
        self.at += 1

    def read_arithmetic(self, closer: str) -> None:
        """Read up to the closing characters, with balanced parentheses in between."""
        start, traits = self.at, _Traits()
        depth = 0
        while depth or self.peek(len(closer)) != closer:
            if self.at >= self.end:
                raise self.error("a parenthesis is not closed", start)
            if self.peek() == ")" and not depth and closer != "]":
                raise self.error("it is not clear whether this is arithmetic or commands")
            if not self.read_quoted(traits) and not self.read_expansion(traits, False):
                depth += {"(": 1, ")": -1}.get(self.peek(), 0)
                self.at += 1
        self.at += len(closer)


def _destination(target: Word) -> Output:
    return Output.DISCARDED if target.value == "/dev/null" else Output.READ


def _unquoted(raw: str) -> str | None:
    """Return the value of a word, or None if it is not exactly one word."""
    try:
        values = shlex.split(raw)
    except ValueError:
        return None
    return values[0] if len(values) == 1 else None
