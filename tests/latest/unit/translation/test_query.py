"""Queries that read only fields which two commands share."""

from __future__ import annotations

import pytest

from azext_flexcompare.translation.query import jq_query, reads_only

KEPT = ("instanceId", "name")


@pytest.mark.parametrize(
    "query",
    [
        *("[].name", "[*].instanceId", "[0].instanceId", "[-1].name", "[:2].name", "[].name | [0]", "[].{a:name}"),
        *("[].[name, instanceId]", "[?name=='web_1'].instanceId", "[?name=='web_1'] | [0].name", "length(@)"),
        *(
            "length([?starts_with(name, 'web')])",
            "sort([].name)",
            "join(' ', [].name)",
            "[].name | sort(@)",
            "[1:][].name",
        ),
        "[?!contains(name, 'a') && instanceId != name].name",
    ],
)
def test_a_query_of_kept_fields_is_proven(query: str) -> None:
    assert reads_only(query, KEPT)


@pytest.mark.parametrize(
    "query",
    [
        *(
            "@",
            "[]",
            "[0]",
            "[?name=='web_1']",
            "[?zone=='1'].name",
            "[].zone",
            "[].{a:name, b:zone}",
            "[].[name, zone]",
        ),
        *("to_string(@)", "[].to_string(@)", "[*].keys(@)", "values([0])", "[].*", "*", "[name", "$NAME", ""),
        *("sort_by(@, &zone)[].name", "[?name || @]", "[].instanceView.statuses[0].code", "[0] || name"),
    ],
)
def test_a_query_of_anything_else_is_not(query: str) -> None:
    assert not reads_only(query, KEPT)


@pytest.mark.parametrize(
    ("command", "query"),
    [
        ("jq -r .[0].name", "[0].name"),
        ("jq .[].a.b[0]", "[].a.b[0]"),
        ("jq .[]|.a", "[].a"),
        ("jq .|length", "length(@)"),
        ("jq .", None),
        ("jq .name", None),
        ("jq -s .[0].name", None),
        ("jq .[0].name file", None),
        ("jq .[0].name,.id", None),
        ("cat .[0].name", None),
        ("jq", None),
        ("", None),
    ],
)
def test_a_plain_filter_of_jq_is_a_query(command: str, query: str | None) -> None:
    assert jq_query(command.split()) == query


def test_a_filter_that_depends_on_the_run_is_none() -> None:
    assert jq_query(["jq", None]) is None
