"""The simple commands of a shell script, and where their words stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_flexcompare.translation.bash import Output, ParseError, parse_script


def words(script: str) -> list[list[str | None]]:
    return [[word.value for word in command.words] for command in parse_script(script).commands]


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ("", []),
        ("a b\nc", [["a", "b"], ["c"]]),
        ("a 'b c' \"d\" e\\ f", [["a", "b c", "d", "e f"]]),
        ("X=1 a >out <in b", [["a", "b"]]),
        ("a | b && c; d &", [["a"], ["b"], ["c"], ["d"]]),
        ("if a; then b; else c; fi", [["a"], ["b"], ["c"]]),
        ("for x in 1 2; do a; done", [["a"]]),
        ("case x in y) a;; *) b;; esac", [["a"], ["b"]]),
        ("f() { a; }", [["a"]]),
        ("a \\\n b", [["a", "b"]]),
        ("a # b\n", [["a"]]),
    ],
)
def test_the_words_of_each_command(script: str, found: list[list[str]]) -> None:
    assert words(script) == found


@pytest.mark.parametrize(
    ("word", "splits", "many"), [("$x", True, False), ('"$x"', False, False), ('"$@"', True, True)]
)
def test_a_word_with_an_expansion_has_no_value(word: str, splits: bool, many: bool) -> None:
    [command] = parse_script(f"a {word}").commands
    found = command.words[1]
    assert (found.value, found.splits, found.is_list) == (None, splits, many)


def test_commands_inside_a_substitution_are_found_and_read() -> None:
    script = "x=$(a | b) c `d`"
    assert sorted(one.words[0].raw for one in parse_script(script).commands) == ["a", "b", "c", "d"]
    assert {one.words[0].raw: one.output for one in parse_script(script).commands}["b"] is Output.READ


@pytest.mark.parametrize(
    ("script", "output"),
    [("a", Output.SHOWN), ("a >/dev/null", Output.DISCARDED), ("a >file", Output.READ), ("a | b", Output.READ)],
)
def test_where_the_output_of_a_command_goes(script: str, output: Output) -> None:
    assert parse_script(script).commands[0].output is output


def test_the_body_of_a_here_document_is_no_command() -> None:
    script = "a <<E\nb\nE\nc"
    assert words(script) == [["a"], ["c"]]
    [(start, end, _)] = parse_script(script).documents
    assert script[start:end].startswith("b")


@pytest.mark.parametrize("script", ["a 'b", 'a "b', "$(a", "if a; then b", "{ a", "case x in", "a )", "fi"])
def test_a_script_that_cannot_be_followed_is_refused(script: str) -> None:
    with pytest.raises(ParseError):
        parse_script(script)


@given(st.lists(st.sampled_from(["a", "'b c'", '"d"', " ", "\n", ";", "|", "$x", "$(", ")", "# e", ">f"])).map("".join))
def test_every_word_stands_where_it_says(script: str) -> None:
    try:
        found = parse_script(script)
    except ParseError:
        return
    for command in found.commands:
        assert all(script[word.start : word.end] == word.raw for word in command.words)
        assert command.start <= command.words[0].start if command.words else True
