"""HTML in which no text becomes an element."""

from __future__ import annotations

import pytest

from azext_flexcompare.html_report.markup import join, tag
from azext_flexcompare.text import show_invisible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("ü", "ü"),
        ("a\nb", "a\nb"),
        ("\0", "[U+0000]"),
        ("\u202e", "[U+202E]"),
        ("\u2028", "[U+2028]"),
    ],
)
def test_what_shows_nothing_is_spelt_out(text: str, shown: str) -> None:
    assert show_invisible(text) == shown


def test_texts_are_escaped_and_elements_are_not() -> None:
    assert tag("p", "<b>", tag("b", "&")) == "<p>&lt;b&gt;<b>&amp;</b></p>"


def test_attributes_are_escaped_left_out_or_bare() -> None:
    assert tag("td", class_='"x"', aria_label=None, hidden=True) == '<td class="&quot;x&quot;" hidden></td>'


def test_an_empty_element_closes_itself() -> None:
    assert tag("line", x1=1) == '<line x1="1"/>'


def test_nothing_is_joined_to_nothing() -> None:
    assert join(None, "a", 1, None) == "a1"
