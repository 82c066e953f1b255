"""`report`: the page of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from armsim import Simulator
from tests.latest.helpers.az import Run as RunAz
from tests.latest.helpers.report_logs import Parsed, whole_log, written


def test_the_command_writes_the_page_and_prints_where_it_is(run: RunAz, tmp_path: Path) -> None:
    log = written(whole_log(), tmp_path)
    done = run("report", "--job-log", str(log), "-f", "page.html", cwd=tmp_path)
    assert done.exit == 0
    assert done.json["file"] == "page.html"
    assert done.json["statuses"]["Failed"] == 2
    assert len(Parsed((tmp_path / "page.html").read_text("utf-8")).instances()) == 5


@pytest.mark.parametrize("name", ["missing.jsonl", "."])
def test_a_log_that_cannot_be_read_is_one_error(name: str, run: RunAz, tmp_path: Path) -> None:
    done = run("report", "--job-log", name, "--file", "page.html", cwd=tmp_path)
    assert done.exit == 1
    assert name in done.stderr
    assert not (tmp_path / "page.html").exists()


def test_a_real_run_and_its_retry_are_reported_from_one_log(run: RunAz, sim: Simulator, tmp_path: Path) -> None:
    unlucky = sim.names("flex")[1]
    refusal = {"kind": "fail", "code": "AllocationFailed", "message": f"No room for {unlucky}."}
    sim.add_fault({"vm": unlucky, "action": "restart", "times": 1, "fault": refusal})
    batches = ("--batch-by", "zone", "--batch-size", "1", "--job-log", "log.jsonl")
    assert run("restart", "-g", "rg", "-n", "flex", *batches, cwd=tmp_path).exit == 4
    first = run("report", "--job-log", "log.jsonl", "-f", "first.html", cwd=tmp_path).json
    assert first["statuses"] == {"Succeeded": 5, "Failed": 1}
    page = Parsed((tmp_path / "first.html").read_text("utf-8"))
    assert sorted(page.instances()) == sorted(sim.names("flex"))
    assert page.instances()[unlucky][4] == "AllocationFailed"
    assert run("restart", "--retry-failed", "log.jsonl", cwd=tmp_path).exit == 0
    again = run("report", "--job-log", "log.jsonl", "-f", "again.html", cwd=tmp_path).json
    assert again["statuses"] == {"Succeeded": 1}
    assert "2 runs" in (tmp_path / "again.html").read_text("utf-8")
