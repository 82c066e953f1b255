"""The benchmark: measures every way, and prints what it measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.bench.__main__ import main
from tools.bench.floor import pacing, slowest
from tools.bench.results import BEGINS, ENDS, write

TINY = (
    "--vms",
    "4",
    "--unlimited",
    "3",
    "--seconds",
    "0.05",
    "--starts",
    "1",
    "--set",
    "retry_after_ms=50",
    'retry_after="none"',
)
LIMITED = {
    "az vm deallocate --ids",
    "xargs -P 16 az vm deallocate",
    "az vmss deallocate",
    "az vmss-flex deallocate --engine vm",
    "az vmss-flex deallocate --engine set",
    "az vmss-flex deallocate --engine bulk",
}
UNLIMITED = {"az vm restart --ids", "az vmss-flex restart --engine vm"}


def table_of(text: str) -> list[dict[str, str]]:
    head, _, *lines = ([cell.strip(" `") for cell in line.split("|")[1:-1]] for line in text.split("\n") if "|" in line)
    return [dict(zip(head, line, strict=True)) for line in lines]


def test_every_way_is_measured_on_a_set_of_its_own_and_reaches_all_of_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    document = tmp_path / "performance.md"
    document.write_text(f"# Before\n\n{BEGINS}\nold\n{ENDS}\n\nAfter\n")
    assert main([*TINY, "--write", str(document)]) == 0
    printed = capsys.readouterr().out
    rows = table_of(printed)
    assert {row["way"] for row in rows if row["limits"] == "on"} == LIMITED
    assert {row["way"] for row in rows if row["limits"] == "off"} == UNLIMITED
    assert len(rows) == len(LIMITED | UNLIMITED)
    assert {(row["limits"], row["VMs"], row["reached"]) for row in rows} == {("on", "4", "4"), ("off", "3", "3")}
    assert {(row["exit"], row["429s"]) for row in rows} == {("0", "0")}
    counted = {row["way"]: int(row["requests"]) for row in rows}
    assert counted["az vmss-flex deallocate --engine bulk"] < counted["az vmss-flex deallocate --engine vm"]
    assert min(float(row["MB"]) for row in rows) > 10
    assert document.read_text() == f"# Before\n\n{BEGINS}\n\n{printed.strip()}\n\n{ENDS}\n\nAfter\n"


def test_a_document_without_a_place_for_the_table_is_left_as_it_is(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text(f"{BEGINS}\n")
    with pytest.raises(ValueError, match=r"performance\.md has no lines"):
        write(document, "table")
    assert document.read_text() == f"{BEGINS}\n"


def test_calls_wait_only_beyond_what_is_taken_at_once() -> None:
    assert [pacing(calls) for calls in (1, 200, 300, 1000)] == [0, 0, 10, 80]


def test_the_floor_knows_that_no_two_operations_last_the_same_and_that_the_bulk_service_waits_first() -> None:
    assert slowest("restart", 5, bulk=False) == pytest.approx(6.5)
    assert slowest("restart", 5, bulk=True) == pytest.approx(8.0)
