"""Texts from outside, made fit for a line or a terminal."""

from __future__ import annotations

import pytest

from azext_flexcompare.output.text import shorten, show_invisible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("ü 日本", "ü 日本"),
        ("a\nb", "a\nb"),
        ("\0", "[U+0000]"),
        ("\x1b[2J", "[U+001B][2J"),
        ("\x9b31m", "[U+009B]31m"),
        ("\a\r\b", "[U+0007][U+000D][U+0008]"),
        ("\u202e", "[U+202E]"),
        ("\u2066\u2069", "[U+2066][U+2069]"),
        ("\u2028", "[U+2028]"),
        ("\ud83d", "[U+D83D]"),
    ],
)
def test_what_shows_nothing_is_spelt_out(text: str, shown: str) -> None:
    assert show_invisible(text) == shown


def test_a_line_can_be_kept_in_one_line() -> None:
    assert show_invisible("a\nb", keep="") == "a[U+000A]b"


@pytest.mark.parametrize(("text", "shown"), [("abc", "abc"), ("abcd", "abc... (cut: 4 characters)")])
def test_a_long_text_is_cut_and_says_so(text: str, shown: str) -> None:
    assert shorten(text, 3) == shown
