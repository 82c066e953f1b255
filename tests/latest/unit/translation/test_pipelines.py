"""The steps of pipelines in YAML."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_flexcompare.translation.pipelines import UNPARSED, find_parts


@pytest.mark.parametrize(
    ("text", "shell"),
    [
        ("run: a b", ["a b"]),
        ("- run: |\n    a\n\n      b\n  x: y\n", ["a\n\n  b\n"]),
        ("run: |2-\n    a\n   b\n", []),
        ("run: 'a'\n---\nrun: \"b\"\n", ["a", "b"]),
        ("run: 'it''s'", []),
        ("run: >\n  a\n", []),
        ("run: a\n  b\n", []),
        ("script: [a, b]", ["a", "b"]),
        ("script: |\r\n  a\r\n  b\r\n", ["a\r\nb\r\n"]),
        ("bash: a ${{ b }} c", ["a ${_____} c"]),
        ("x: &s {run: a}\ny: *s\n", ["a"]),
        ("run: {x: {script: a}}", ["a"]),
    ],
)
def test_a_text_is_shell_where_it_stands_in_the_file_as_it_is(text: str, shell: list[str]) -> None:
    parts = find_parts(text)
    assert [one.text for one in parts.fragments] == shell
    for one in parts.fragments:
        assert text[one.place(0)] == one.text[0]


@pytest.mark.parametrize("text", ["a: [", "\x01", "a: \udcff", "[" * 5000])
def test_what_is_no_yaml_has_no_steps(text: str) -> None:
    assert find_parts(text) == ([], [], UNPARSED)


LINES = st.lists(st.sampled_from(["a", " b", "", "  ", "c: d", "# e", "\tf", "- g", "\\", "'", '"']), max_size=6)


@given(LINES, st.sampled_from(["|", "|-", "|+", "|2"]), st.sampled_from(["\n", "\r\n"]))
def test_each_character_of_a_literal_text_has_its_place(lines: list[str], header: str, end: str) -> None:
    text = end.join([f"- run: {header}", *(f"    {line}" for line in lines), "- x"])
    for fragment in find_parts(text).fragments:
        places = [fragment.place(offset) for offset in range(len(fragment.text))]
        assert "".join(text[place] for place in places) == fragment.text
