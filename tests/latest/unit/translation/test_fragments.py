"""Places of shell text in a file."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from azext_flexcompare.translation.findings import Edit, Finding
from azext_flexcompare.translation.fragments import Builder, as_variable


def test_each_character_has_its_place_in_the_file() -> None:
    builder = Builder()
    builder.add("ab\n", 10)
    builder.add("", 17)
    builder.add("cd", 20)
    fragment = builder.build()
    assert [fragment.place(offset) for offset in range(6)] == [10, 11, 12, 20, 21, 22]
    assert [fragment.end_place(offset) for offset in (0, 3, 5)] == [10, 13, 22]


def test_an_empty_fragment_has_a_place() -> None:
    assert Builder().build().place(0) == 0


def test_a_finding_and_its_edits_are_moved() -> None:
    builder = Builder()
    builder.add("ab\n", 10)
    builder.add("cd", 20)
    moved = builder.build().finding(Finding(1, 5, "why", (Edit(3, 4, "C"), Edit(5, 5, "!"))))
    assert moved == Finding(11, 22, "why", (Edit(20, 21, "C"), Edit(22, 22, "!")))


def test_an_edit_over_what_is_no_shell_is_not_made() -> None:
    builder = Builder()
    builder.add("a\\\n", 10)
    builder.add("b", 20)
    moved = builder.build().finding(Finding(0, 4, "Why.", (Edit(0, 4, "x"),)))
    assert moved.edits == ()
    assert moved.reason.startswith("Why. ")


@given(st.text(min_size=2, max_size=9))
def test_a_masked_text_is_a_variable_of_its_length(text: str) -> None:
    assert len(as_variable(text)) == len(text)
    assert re.fullmatch(r"\$_+|\$\{_+\}", as_variable(text))
