"""The benchmark: measures every way, and prints what it measured."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from tools.bench.__main__ import main
from tools.bench.floor import floor_of, pacing, slowest
from tools.bench.results import BEGINS, ENDS, write
from tools.bench.series import SERIES, Run, runs_of
from tools.bench.ways import ways

TINY = ("--most", "4", "--seconds", "0.05", "--starts", "1", "--set", "retry_after_ms=50", 'retry_after="none"')
SET = {
    "az vm deallocate --ids",
    "xargs -P 16 az vm deallocate",
    "az vmss deallocate",
    "az vmss-flex deallocate --engine vm",
    "az vmss-flex deallocate --engine set",
    "az vmss-flex deallocate --engine bulk",
}
SETS = {
    "xargs -P 16 az vmss deallocate",
    "az vmss-flex deallocate --engine vm",
    "az vmss-flex deallocate --engine set",
    "az vmss-flex deallocate --engine bulk",
}
UNLIMITED = {"az vm restart --ids", "az vmss-flex restart --engine vm"}


def table_of(text: str) -> list[dict[str, str]]:
    head, _, *lines = ([cell.strip(" `") for cell in line.split("|")[1:-1]] for line in text.split("\n") if "|" in line)
    return [dict(zip(head, line, strict=True)) for line in lines]


def test_a_measurement_of_several_sets_is_a_row_with_notes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--series", "sets", "--without", "vm", "bulk", "xargs-vmss", *TINY]) == 0
    printed = capsys.readouterr().out
    [row] = table_of(printed)
    assert (row["way"], row["sets"], row["VMs"]) == ("az vmss-flex deallocate --engine set", "2", "4")
    assert (row["reached"], row["exit"], row["429s"], row["latency"]) == ("4", "0", "0", "0 ms")
    assert float(row["ms each"]) == pytest.approx(1000 * float(row["CPU s"]) / int(row["requests"]), rel=0.2)
    assert "Left out of this run: `xargs -P 16 az vmss deallocate` with 4" in printed
    assert "* `restart`" not in printed


@pytest.mark.proof
def test_every_way_is_measured_on_sets_of_its_own_and_reaches_all_of_them(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    document = tmp_path / "performance.md"
    document.write_text(f"# Before\n\n{BEGINS}\nold\n{ENDS}\n\nAfter\n")
    assert main(["--series", "sizes", "restart", "sets", *TINY, "--write", str(document)]) == 0
    printed = capsys.readouterr().out
    rows = table_of(printed)
    names = {name: {row["way"] for row in rows if row["series"] == name} for name in ("sizes", "restart", "sets")}
    assert names == {"sizes": SET, "restart": UNLIMITED, "sets": SETS}
    assert len(rows) == len(SET) + len(UNLIMITED) + len(SETS)
    assert {(row["series"], row["sets"], row["VMs"], row["reached"]) for row in rows} == {
        ("sizes", "1", "4", "4"),
        ("restart", "1", "4", "4"),
        ("sets", "2", "4", "4"),
    }
    assert {(row["exit"], row["429s"], row["latency"]) for row in rows} == {("0", "0", "0 ms")}
    counted = {row["way"]: int(row["requests"]) for row in rows if row["series"] == "sizes"}
    assert counted["az vmss-flex deallocate --engine bulk"] < counted["az vmss-flex deallocate --engine vm"]
    assert min(float(row["MB"]) for row in rows) > 10
    assert document.read_text() == f"# Before\n\n{BEGINS}\n\n{printed.strip()}\n\n{ENDS}\n\nAfter\n"


def options(**given: object) -> argparse.Namespace:
    known = {"series": list(SERIES), "without": [], "quick": False, "most": None, "seconds": None}
    return argparse.Namespace(**{**known, **given})


def test_a_quick_run_leaves_out_what_takes_an_hour() -> None:
    runs, left_out = runs_of(options(quick=True))
    assert {(run.way.key, run.vms) for run in runs if run.way.key in ("az-vm", "xargs")} == {
        ("az-vm", 3), ("az-vm", 40), ("xargs", 3), ("xargs", 40)
    }  # fmt: skip
    assert len(runs) + len(left_out) == len(runs_of(options())[0])
    assert {run.latency for run in runs if run.series == "latency"} == {0.05, 0.5}
    assert {run.sets for run in runs if run.series == "sets"} == {20}


def test_a_run_can_be_cut_by_series_way_and_size() -> None:
    runs, left_out = runs_of(options(series=["sizes"], without=["bulk", "vm:1000"], most=500))
    assert {run.vms for run in runs} == {100, 300, 500}
    assert {run.way.key for run in left_out} == {"bulk"}


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


def test_the_floor_counts_the_calls_of_the_way_and_the_latency_of_a_call_and_a_poll() -> None:
    way = {one.key: one for one in ways("restart", 20)}
    runs = [Run("sets", way[key], "restart", 1000, 20, latency=0.5) for key in ("vm", "set")]
    found = [floor_of(run, start=0.2, listing=1.0) for run in runs]
    assert found == [pytest.approx(0.2 + 1 + 80 + 6.5 + 1), pytest.approx(0.2 + 1 + 6.5 + 1)]
