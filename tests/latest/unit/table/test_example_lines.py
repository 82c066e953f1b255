"""The commands of examples, in lines."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azext_flexcompare.table.example_lines import WIDTH, lines_of

QUERY = 'az vmss-flex nic list -g rg -n web --query "[].[instance, ipConfigurations[0] -o -x]" -o tsv'
words = st.lists(st.from_regex(r"-?-?[a-z][a-z]{0,30}", fullmatch=True), max_size=20)


@pytest.mark.parametrize("command", ["az x", f"az {'x' * (WIDTH - 3)}"])
def test_a_command_that_fits_is_one_line(command: str) -> None:
    assert lines_of(command) == command


def test_a_line_ends_before_an_option_and_not_in_a_quoted_value() -> None:
    assert lines_of(QUERY).splitlines() == [
        "az vmss-flex nic list -g rg -n web \\",
        '    --query "[].[instance, ipConfigurations[0] -o -x]" -o tsv',
    ]


@settings(max_examples=40)
@given(words)
def test_the_lines_fit_and_are_the_command(words: list[str]) -> None:
    command = " ".join(["az", *words])
    lines = lines_of(command)
    assert max(map(len, lines.splitlines())) <= WIDTH
    assert shlex.split(lines.replace("\\\n", "")) == ["az", *words]
