"""HTML in which no text becomes an element."""

from __future__ import annotations

from azext_flexcompare.html_report.markup import join, tag


def test_texts_are_escaped_and_elements_are_not() -> None:
    assert tag("p", "<b>", tag("b", "&")) == "<p>&lt;b&gt;<b>&amp;</b></p>"


def test_attributes_are_escaped_left_out_or_bare() -> None:
    assert tag("td", class_='"x"', aria_label=None, hidden=True) == '<td class="&quot;x&quot;" hidden></td>'


def test_an_empty_element_closes_itself() -> None:
    assert tag("line", x1=1) == '<line x1="1"/>'


def test_nothing_is_joined_to_nothing() -> None:
    assert join(None, "a", 1, None) == "a1"


def test_what_shows_nothing_is_spelt_out() -> None:
    assert tag("p", "\u202e", title="\x1b") == '<p title="[U+001B]">[U+202E]</p>'
