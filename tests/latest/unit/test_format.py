"""Results under `-o table`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jmespath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tabulate import tabulate

from azext_flexcompare import _format as layout
from azext_flexcompare.output.cells import displayed
from azext_flexcompare.output.rows import listed_row, outcome_row
from azext_flexcompare.output.tables import NUMBERS, Layout
from azext_flexcompare.scheduler.outcome import STATUSES, Status
from azext_flexcompare.table.comparison import command_rows, compare_rows
from azext_flexcompare.table.entries import operations
from tests.latest.helpers.factories import DB, instance, outcome, scale_set

RESTART = next(one for one in operations() if one.name == "restart")
LAYOUTS = {name: value for name, value in vars(layout).items() if isinstance(value, Layout)}
REASON = "Stopped by --max-errors: 1 instance has failed."
words = st.text(st.sampled_from("abcdefgh-_. 日é"), min_size=1, max_size=70)
cells = st.one_of(st.none(), words, st.integers(0, 99_999), st.booleans(), st.lists(words, max_size=3))


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def row(**known: Any) -> dict[str, Any]:
    return {**outcome_row(RESTART, outcome()), **known}


def widest(lines: list[dict[str, str]]) -> int:
    table = tabulate(lines, headers="keys", tablefmt="simple", disable_numparse=True)
    return max(map(displayed, table.splitlines()), default=0)


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_query_can_be_read(name: str) -> None:
    assert all(jmespath.compile(path).search({}) in (None, []) for path in LAYOUTS[name].columns.values())


@settings(max_examples=30)
@given(st.data(), st.sampled_from(sorted(LAYOUTS)))
def test_any_rows_fit_the_terminal(data: st.DataObject, name: str) -> None:
    simple = {heading: path if path.isalpha() else heading for heading, path in LAYOUTS[name].columns.items()}
    kinds = {**dict.fromkeys(NUMBERS, st.integers(0, 99_999)), "Seconds": st.floats(0, 9_999)}
    fields = {path: kinds.get(heading, cells) for heading, path in simple.items()}
    fields |= {"status": st.sampled_from(STATUSES), "time": st.just("20261125T090000.125Z")}
    fields |= {"scaleSet": words, "resourceGroup": words}
    rows = data.draw(st.lists(st.fixed_dictionaries(fields), min_size=1, max_size=4))
    assert widest(LAYOUTS[name]._replace(columns=simple)(rows)) <= 80


def test_a_batch_is_shown_where_there_are_several() -> None:
    assert "Batch" not in layout.outcomes([row(batch=1), row(batch=None)])[0]
    assert [one["Batch"].lstrip() for one in layout.outcomes([row(batch=1), row(batch=2)])] == ["1", "2"]


@pytest.mark.parametrize(
    ("known", "why"),
    [
        ({}, "Conflict"),
        ({"error": None, "reason": "x" * 20}, "x" * 20),
        ({"error": None, "reason": "x" * 61}, "x" * 40 + "…"),
        ({"error": None}, None),
    ],
)
def test_why_is_the_code_or_a_reason_that_fits(known: dict[str, Any], why: str | None) -> None:
    found = layout.outcomes([row(**known)])[0].get("Why")
    assert (found or "")[:30] == (why or "")[:30]
    assert (found or "").endswith("…") == (why or "").endswith("…")


def test_a_run_that_stopped_says_why_once_and_its_failures_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    error = {"code": "AllocationFailed", "message": "m"}
    waiting = [row(instance=f"web_{n}", status="NotStarted", error=None, reason=REASON) for n in range(3)]
    lines = layout.outcomes([row(status="Failed", error=error), *waiting, row(status="Succeeded", error=None)])
    assert [line["Status"] for line in lines] == ["Succeeded", *["NotStarted"] * 3, "! Failed"]
    assert [line["Why"] for line in lines] == ["", REASON, "as above", "as above", "AllocationFailed"]


def test_seconds_are_at_the_right_with_one_decimal() -> None:
    lines = layout.outcomes([row(durationSeconds=one) for one in (9.26, 1234.0)])
    assert [line["Seconds"] for line in lines] == ["    9.3", " 1234.0"]


@pytest.mark.parametrize(
    "table", [layout.outcomes, layout.nat_outcomes, layout.drain_outcomes, layout.set_outcomes, layout.outputs]
)
def test_every_table_with_outcomes_marks_those_that_failed(table: Callable[..., list[dict[str, str]]]) -> None:
    given = {"output": None, "error": {"code": "Conflict", "message": "m"}}
    lines = table([row(status=Status.FAILED, **given), row(status=Status.SUCCEEDED, output=None, error=None)])
    assert [line["Status"] for line in lines] == ["Succeeded", "! Failed"]


@pytest.mark.parametrize("table", [layout.extension, layout.protection])
def test_what_could_not_be_read_is_last(table: Callable[..., list[dict[str, str]]]) -> None:
    read = {"scaleSet": "web", "resourceGroup": "rg"}
    lines = table([{"instance": "a", "error": {"code": "Gone"}, **read}, {"instance": "b", "error": None, **read}])
    assert [(line["Instance"], line["Why"]) for line in lines] == [("b", ""), ("a", "! Gone")]


def test_equal_outputs_are_one_line_and_the_output_keeps_its_lines() -> None:
    rows = [
        row(instance=name, status="Succeeded", output=said)
        for name, said in (("a", "x\n  z\n"), ("b", "y" * 99), ("c", "x\n  z"))
    ]
    lines = layout.outputs(rows)
    assert [(one["Instances"].lstrip(), one["Named"]) for one in lines] == [("2", "a, c"), ("1", "b")]
    assert lines[0]["Output"] == "x\n  z"
    assert widest(lines) <= 80


def test_an_instance_without_an_extension_keeps_its_line() -> None:
    places = {"scaleSet": "web", "resourceGroup": "rg"}
    assert layout.extensions([{"instance": "a", "extensions": [], **places}]) == [{"Instance": "a"}]


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("rows", [compare_rows(None, None, None), command_rows(None)], ids=["api", "command"])
def test_the_table_of_comparison_fits(
    columns: int, rows: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = layout.comparison(rows)
    assert widest(lines) <= columns
    assert {"Today", "Support"} <= {*lines[0]} or "OnFlexible" in lines[0]


def test_a_narrow_comparison_is_readable() -> None:
    lines = layout.comparison(compare_rows(None, None, None))
    assert [*lines[0]] == ["Uniform", "AzVmssFlex", "Support", "Evidence", "Today"]
    assert sum(line["Uniform"].endswith("…") for line in lines) < len(lines) / 4


def test_a_job_is_a_line_of_80_columns_with_a_name_that_can_be_typed() -> None:
    statuses = {"Succeeded": 12_345, "Failed": 30, "TimedOut": 4, "Waiting": 7}
    many = {"job": "20261125T090000.125Z-set-orchestration", "operation": "x" * 40, "scaleSets": ["y" * 40, "z"]}
    lines = layout.jobs([{**many, "state": "interrupted", "exit": 130, "instances": 12_386, "statuses": statuses}])
    assert lines[0]["Job"] == "20261125T090000.125Z"
    assert (lines[0]["Done"].lstrip(), lines[0]["Bad"].lstrip()) == ("12379/12386", "34")
    assert widest(lines) <= 80


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
        ("failed", "f" * 65),
        ("", "f" * 5),
        ("outOfRotation", "o"),
    ]
    assert widest(layout.job(row)) <= 80


def test_a_list_names_the_set_and_the_group_where_there_is_more_than_one() -> None:
    one, same_group, other = instance(), instance(scale_set=scale_set("db")), instance(scale_set=DB)
    headings = [list(layout.LISTED([listed_row(each) for each in (one, two)])[0]) for two in (one, same_group, other)]
    assert [("ScaleSet" in found, "Group" in found) for found in headings] == [
        (False, False),
        (True, False),
        (True, True),
    ]
    assert layout.LISTED([]) == []
    assert layout.LISTED([{**listed_row(one), "privateIps": "10.0.0.4"}])[0]["Private"] == "10.0.0.4"


def test_a_reachable_instance_has_a_line() -> None:
    assert layout.connections({"instance a": "1.2.3.4:22"}) == [{"Instance": "a", "Endpoint": "1.2.3.4:22"}]


def test_an_interface_has_a_line_even_where_it_has_no_address_yet() -> None:
    bare = {"instance": "a", "name": "n", "ipConfigurations": [{"privateIPAddress": None}]}
    found = layout.INTERFACES([bare, {**bare, "ipConfigurations": [{"privateIPAddress": "10.0.0.4"}]}])
    assert [one["Private"] for one in found] == ["", "10.0.0.4"]
    assert layout.INTERFACES(bare) == [{"Instance": "a", "Name": "n"}]


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
