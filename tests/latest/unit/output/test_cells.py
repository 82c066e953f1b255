"""The cells of a table."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tabulate import tabulate

from azext_flexcompare.output.cells import RightAligned, cut, displayed, fitted, natural_width, seconds_of, text_of

texts = st.text(st.sampled_from("ab_日本é\u0301"), max_size=30)


def test_a_number_is_at_the_right_in_the_table_of_the_cli() -> None:
    lines = [{"A": "x", "Seconds": RightAligned(one.rjust(7))} for one in ("9.5", "1234.0")]
    shown = tabulate(lines, headers="keys", tablefmt="simple", disable_numparse=True).splitlines()
    assert [line.rstrip().endswith(end) for line, end in zip(shown[2:], ("    9.5", " 1234.0"), strict=True)] == [
        True
    ] * 2
    assert len({len(line.rstrip()) for line in shown[2:]}) == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (0, "0"), (True, "True"), ("a\nb\t c", "a b c"), (["x", None, "y z"], "x, , y z"), ("1", "1")],
)
def test_a_value_is_one_line(value: object, text: str) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize(("seconds", "text"), [(None, ""), (0.04, "0.0"), (41.25, "41.2"), (7200, "7200.0")])
def test_a_duration_has_one_decimal(seconds: float | None, text: str) -> None:
    assert seconds_of(seconds) == text


@pytest.mark.parametrize(
    ("text", "middle", "found"),
    [
        ("abcdef", False, "abcdef"),
        ("abcdefg", False, "abcde…"),
        ("abcdefg", True, "abc…fg"),
        ("日本語x", False, "日本…"),
        ("e\u0301" * 7, False, "e\u0301" * 5 + "…"),
    ],
)
def test_a_text_is_cut_at_its_end_or_in_its_middle(text: str, middle: bool, found: str) -> None:
    assert cut(text, 6, middle=middle) == found


@settings(max_examples=60)
@given(st.lists(texts, min_size=1, max_size=5), st.integers(1, 20), st.booleans())
def test_the_cells_of_a_column_fit_as_the_table_pads_them(cells: list[str], width: int, middle: bool) -> None:
    found = fitted(cells, 1, width, middle=middle)
    longest = max(map(len, found))
    assert max(displayed(one.ljust(longest)) for one in found) <= width


@pytest.mark.parametrize(
    ("cells", "width"), [(["ab"], 9), (["a" * 12, "b"], 12), (["日本"], 11), (["日本", "a" * 12], 14)]
)
def test_wide_characters_take_room_beside_the_spaces_of_the_heading(cells: list[str], width: int) -> None:
    assert natural_width(cells, 9) == width
    assert fitted(cells, 9, width) == cells
