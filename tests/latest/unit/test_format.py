"""Results under `-o table`."""

from __future__ import annotations

from typing import Any

import jmespath
import pytest

from azext_flexcompare import _format as layout
from azext_flexcompare.output.rows import listed_row, outcome_row
from azext_flexcompare.table.comparison import command_rows, compare_rows
from azext_flexcompare.table.entries import operations
from tests.latest.helpers.factories import DB, instance, outcome, scale_set

RESTART = next(one for one in operations() if one.name == "restart")
QUERIES = sorted(name for name, value in vars(layout).items() if name.isupper() and isinstance(value, str))


def row(**known: Any) -> dict[str, Any]:
    return {**outcome_row(RESTART, outcome()), **known}


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_can_be_read(name: str) -> None:
    assert jmespath.compile(getattr(layout, name)).search([]) == []


def test_a_batch_is_shown_where_there_are_several() -> None:
    assert "Batch" not in layout.outcomes([row(batch=1), row(batch=None)])[0]
    assert [one["Batch"] for one in layout.outcomes([row(batch=1), row(batch=2)])] == [1, 2]


@pytest.mark.parametrize(
    ("known", "why"),
    [
        ({}, "Conflict"),
        ({"error": None, "reason": "x" * 60}, "x" * 60),
        ({"error": None, "reason": "x" * 61}, "x" * 59 + "…"),
        ({"error": None}, None),
    ],
)
def test_why_is_the_code_or_a_reason_that_fits(known: dict[str, Any], why: str | None) -> None:
    assert layout.outcomes([row(**known)])[0]["Why"] == why


def test_equal_outputs_are_one_line() -> None:
    rows = [row(instance=name, output=said) for name, said in (("a", "x\n"), ("b", "y"), ("c", "x"))]
    assert [(one["Instances"], one["Output"], one["Named"]) for one in layout.outputs(rows)] == [
        (2, "x", "a, c"),
        (1, "y", "b"),
    ]


def test_an_instance_without_an_extension_keeps_its_line() -> None:
    [line] = layout.extensions([{"instance": "a", "extensions": []}])
    assert line == {"Instance": "a", "Extension": None, "Publisher": None, "Version": None, "State": None}


@pytest.mark.parametrize("rows", [compare_rows(None, None, None), command_rows(None)], ids=["api", "command"])
def test_the_table_of_comparison_fits_120_columns(rows: list[dict[str, Any]]) -> None:
    lines = layout.comparison(rows)
    widths = [max(len(name), *(len(line[name]) for line in lines)) for name in lines[0]]
    assert sum(widths) + 2 * (len(widths) - 1) <= 120


def test_a_job_is_a_line_of_80_columns_with_a_name_that_can_be_typed() -> None:
    statuses = {"Succeeded": 12_345, "Failed": 30, "TimedOut": 4, "Waiting": 7}
    many = {"job": "20261125T090000.125Z-set-orchestration", "operation": "x" * 40, "scaleSets": ["y" * 40, "z"]}
    [line] = layout.jobs([{**many, "state": "interrupted", "exit": 130, "instances": 12_386, "statuses": statuses}])
    assert line["Job"] == "20261125T090000.125Z"
    assert (line["Done"], line["Bad"]) == ("12379/12…", "34")
    assert sum(map(len, line.values())) + 2 * (len(line) - 1) <= 80


def test_a_job_is_shown_by_what_it_has() -> None:
    row = {"job": "j", "scaleSets": ["a", "b"], "statuses": {"Succeeded": 2}, "batch": 1, "batches": 3, "exit": None}
    row |= {"gate": {"gate": "vm-agent", "instances": ["x"]}, "inProgress": [], "failed": [{"instance": "f" * 70}]}
    row |= {"hook": None, "outOfRotation": ["o"]}
    lines = [(one["Property"], one["Value"]) for one in layout.job(row)]
    assert lines == [
        ("job", "j"),
        ("scaleSets", "a, b"),
        ("statuses", "2 Succeeded"),
        ("batch", "1 of 3"),
        ("gate", "vm-agent: waiting for x"),
        ("failed", "f" * 60),
        ("", "f" * 10),
        ("outOfRotation", "o"),
    ]


def test_a_list_names_the_set_and_the_group_where_there_is_more_than_one() -> None:
    one, same_group, other = instance(), instance(scale_set=scale_set("db")), instance(scale_set=DB)
    headings = [list(layout.listed([listed_row(each) for each in (one, two)])[0]) for two in (one, same_group, other)]
    assert [("ScaleSet" in found, "Group" in found) for found in headings] == [
        (False, False),
        (True, False),
        (True, True),
    ]
    assert layout.listed([]) == []
    assert layout.listed([{**listed_row(one), "privateIps": "10.0.0.4"}])[0]["Private"] == "10.0.0.4"


def test_a_reachable_instance_has_a_line() -> None:
    assert layout.connections({"instance a": "1.2.3.4:22"}) == [{"Instance": "a", "Endpoint": "1.2.3.4:22"}]


def test_an_interface_has_a_line_even_where_it_has_no_address_yet() -> None:
    bare = {"instance": "a", "name": "n", "ipConfigurations": [{"privateIPAddress": None}]}
    assert layout.interfaces([bare, {**bare, "ipConfigurations": [{"privateIPAddress": "10.0.0.4"}]}])[1]["Private"]
    assert layout.interface(bare)["Private"] == ""


def test_a_command_is_shown_with_the_first_of_its_lines() -> None:
    [row, none] = layout.comparison([{**command_rows("stop")[0], "commands": found} for found in (["a", "b"], [])])
    assert (row["Commands"], none["Commands"]) == ("(1 of 2) a", "")


def test_several_jobs_are_shown_as_one_with_a_line_for_each() -> None:
    known = {"gate": None, "batch": None, "hook": None, "outOfRotation": [], "inProgress": [], "failed": []}
    one = {"job": "1", "shard": "1/3", "state": "ended", "exit": 4, "durationSeconds": 5.0, "statuses": {"Failed": 1}}
    other = {**one, "job": "2", "shard": None, "state": "running", "exit": None}
    row = {**known, "scaleSets": ["a"], "statuses": {"Failed": 2}, "missingShares": ["3/3"], "jobs": [one, other]}
    assert [(line["Property"], line["Value"]) for line in layout.job(row)] == [
        ("scaleSets", "a"),
        ("statuses", "2 Failed"),
        ("missingShares", "3/3"),
        ("job 1", "1: share 1/3, ended with 4, 5.0 s; 1 Failed"),
        ("job 2", "2: running, 5.0 s; 1 Failed"),
    ]
