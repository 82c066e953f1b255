"""Tables that fit the terminal."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tabulate import tabulate

from azext_flexcompare.output.cells import displayed
from azext_flexcompare.output.tables import Layout, fit, terminal_width
from azext_flexcompare.scheduler.outcome import STATUSES

headings = st.sampled_from(["Instance", "ScaleSet", "Zone", "Status", "Seconds", "Port", "Why", "Output"])
cells = st.text(st.sampled_from("abcdef -_/日é\u0301"), max_size=90).map(str.strip)
outputs = st.lists(cells, max_size=4).map("\n".join)
numbers = st.integers(0, 99_999).map(str) | st.just("")
SPECIAL = {"Seconds": numbers, "Port": numbers, "Output": outputs, "Status": st.sampled_from(STATUSES)}
tables = st.lists(headings, min_size=1, max_size=8, unique=True).flatmap(
    lambda names: st.lists(
        st.fixed_dictionaries(
            {
                name: st.from_regex(r"\A\d{0,5}\Z")
                if name in ("Seconds", "Port")
                else outputs
                if name == "Output"
                else cells
                for name in names
            }
        ),
        min_size=1,
        max_size=6,
    )
)


def shown(lines: list[dict[str, str]]) -> list[str]:
    """The lines as the CLI prints them."""
    return tabulate(lines, headers="keys", tablefmt="simple", disable_numparse=True).splitlines()


@settings(max_examples=50)
@given(tables, st.sampled_from([80, 100, 120]))
def test_any_rows_fit_any_width(table: list[dict[str, str]], width: int) -> None:
    found = fit(table, width)
    assert len(found) == len(table) or not any(any(line.values()) for line in table)
    assert max((displayed(line) for line in shown(found)), default=0) <= width


def test_what_fits_is_whole_and_a_column_without_values_is_left_out() -> None:
    table = [{"Instance": "a", "Zone": "", "Why": "b" * 60}, {"Instance": "c", "Zone": "", "Why": ""}]
    assert fit(table, 80) == [{"Instance": "a", "Why": "b" * 60}, {"Instance": "c", "Why": ""}]


def test_a_column_stays_in_its_place_where_the_first_row_lacks_a_value() -> None:
    layout = Layout({"Instance": "instance", "Zone": "zone", "Status": "status"})
    lines = layout([{"instance": "a", "zone": None, "status": "s"}, {"instance": "b", "zone": "1", "status": "s"}])
    assert [list(line) for line in lines] == [["Instance", "Zone", "Status"]] * 2


def test_the_widest_text_is_cut_first_and_spare_columns_go_before_others(monkeypatch: pytest.MonkeyPatch) -> None:
    table = [{"Instance": "n" * 30, "FD": "0", "Why": "w" * 60}]
    assert fit(table, 80) == [{"Instance": "n" * 30, "FD": "0", "Why": "w" * 41 + "…"}]
    monkeypatch.setenv("COLUMNS", "60")
    columns = {"Instance": "i", "Publisher": "p", "FD": "f", "Status": "s", "Why": "w"}
    row = {"i": "n" * 30, "p": "p" * 30, "f": "x" * 12, "s": "s", "w": "w" * 30}
    assert list(Layout(columns, ("FD",))([row])[0]) == ["Instance", "Publisher", "Status", "Why"]


def test_an_output_keeps_its_lines_and_the_long_ones_are_cut() -> None:
    [line] = fit([{"Instance": "a", "Output": "one\n  two\n" + "x" * 200}], 80)
    assert line["Output"].splitlines()[:2] == ["one", "  two"]
    assert len(line["Output"].splitlines()[2]) < 80


@pytest.mark.parametrize(
    ("other", "places"),
    [
        ({"scaleSet": "web", "resourceGroup": "RG"}, []),
        ({"scaleSet": "db", "resourceGroup": "rg"}, ["ScaleSet"]),
        ({"scaleSet": "db", "resourceGroup": "rg2"}, ["ScaleSet", "Group"]),
        ({"virtualMachineScaleSet": {"id": "/x/y/db"}, "resourceGroup": "rg"}, ["ScaleSet"]),
    ],
)
def test_the_set_and_the_group_are_shown_where_there_are_several(other: dict[str, Any], places: list[str]) -> None:
    row = {"instance": "a", "scaleSet": "web", "resourceGroup": "rg", "status": "s"}
    lines = Layout({"Instance": "instance", "Status": "status"})([row, {**row, "scaleSet": None, **other}])
    assert list(lines[0]) == ["Instance", *places, "Status"]
    assert lines[1].get("ScaleSet", "db") == "db"


@pytest.mark.parametrize(("columns", "width"), [("80", 80), ("200", 200), ("20", 60)])
def test_the_width_is_that_of_the_terminal(columns: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert terminal_width() == width


def test_without_a_terminal_a_table_has_the_width_of_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr("sys.__stdout__", None)
    assert terminal_width() == 120


def test_no_rows_are_no_lines() -> None:
    assert Layout({"Instance": "instance"})([]) == []
