"""The options of a call and the words that are their values."""

from __future__ import annotations

import pytest

from azext_flexcompare.translation.bash import parse_script
from azext_flexcompare.translation.options import (
    FLAG,
    ONE,
    SEVERAL,
    NotProven,
    ParsedOption,
    check_instances,
    parse_options,
    values_of,
    with_values,
)

KNOWN = {"-g": ONE, "--instance-ids": SEVERAL, "--no-wait": FLAG}


def options_in(text: str) -> list[ParsedOption]:
    return parse_options(parse_script(f"az {text}").commands[0].words[1:], KNOWN)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-g a --no-wait", [("-g", ["a"]), ("--no-wait", [])]),
        ("-ga --x=b", [("-g", ["a"]), ("--x", ["b"])]),
        ("--instance-ids a 'b c' -g $x", [("--instance-ids", ["a", "b c"]), ("-g", [None])]),
        ("--unknown $a $b c -g d", [("--unknown", [None, None, "c"]), ("-g", ["d"])]),
    ],
)
def test_words_are_options_and_values(text: str, expected: list[tuple[str, list[str | None]]]) -> None:
    assert [(one.name, one.values) for one in options_in(text)] == expected


@pytest.mark.parametrize(
    "text",
    ["$x", "a", "-g", "-g --no-wait", "--no-wait=x", "--no-wait $x", "--instance-ids a $x", '-g "${a[@]}"'],
)
def test_what_may_be_an_option_or_a_value_is_not_proven(text: str) -> None:
    with pytest.raises(NotProven):
        options_in(text)


@pytest.mark.parametrize("word", ["$ARGS", "${my_options}", "$EXTRA", '"${x[@]}"', "$(f)"])
def test_a_word_that_may_be_options_is_no_value_of_an_unknown_option(word: str) -> None:
    with pytest.raises(NotProven):
        options_in(f"--unknown {word}")


def test_the_word_of_the_last_value_is_kept() -> None:
    (option,) = options_in("--instance-ids a 'b'")
    assert option.last
    assert option.last.raw == "'b'"


def test_values_are_listed() -> None:
    options = options_in("-g a --instance-ids b 'c,d' -g $e")
    assert values_of(options, "-g") == ["a", None]
    assert with_values(options) == ["-g a", "--instance-ids b", "-g"]


@pytest.mark.parametrize(
    "text",
    [
        "--instance-ids 0",
        "--x --instance-id=3",
        "--instance-ids a '1 2' -g x",
        "--ids /x/virtualMachines/4",
        "--instance-id ${name##*_}",
        '--instance-ids "${names#web_}"',
    ],
)
def test_an_instance_that_is_a_number_or_cut_out_of_a_name_is_not_proven(text: str) -> None:
    with pytest.raises(NotProven, match="Flexible"):
        check_instances(parse_script(f"az {text}").commands[0].words[1:])


@pytest.mark.parametrize(
    "text", ["--instance-ids web_0 '*'", "-g 1", "--instance-ids a --new-capacity 3", "--ids ${id##*/}", "--ids=$x"]
)
def test_other_instances_are_fine(text: str) -> None:
    check_instances(parse_script(f"az {text}").commands[0].words[1:])
