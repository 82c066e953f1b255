"""Edits that are applied to a text, and the diff of them."""

from __future__ import annotations

from azext_flexcompare.translation.findings import Edit, Finding, apply, format_diff

TEXT = "a\nb c d\n"


def test_the_edits_of_all_findings_are_applied_and_nothing_else_changes() -> None:
    done = apply(TEXT, [Finding(6, 7, "second", (Edit(6, 7, "DD"),)), Finding(0, 1, "first", (Edit(0, 1, ""),))])
    assert done.text == "\nb c DD\n"
    assert [(one.line, one.before, one.after) for one in done.rewritten] == [(1, "a", ""), (2, "d", "DD")]


def test_a_finding_is_rewritten_reviewed_or_kept() -> None:
    done = apply(TEXT, [Finding(0, 1, ""), Finding(2, 3, "why", advice="once")])
    assert done.rewritten == []
    assert done.needs_review == [(2, "b", "why")]
    assert done.advice == [(2, "b", "once")]


def test_a_call_in_another_shows_the_edits_of_both() -> None:
    done = apply(TEXT, [Finding(2, 7, "outer", (Edit(2, 3, "B"),)), Finding(4, 5, "inner", (Edit(4, 5, "C"),))])
    assert [one.after for one in done.rewritten] == ["B C d", "C"]


def test_a_line_end_that_is_missing_is_told() -> None:
    assert format_diff("a", "b", "x").endswith("-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n")
