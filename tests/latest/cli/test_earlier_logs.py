"""Job logs of version 0.1.0, read, reported, resumed and retried by this version."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from armsim import Simulator
from tests.latest.helpers.az import WarmAz
from tests.latest.helpers.logs import records_of
from tests.latest.helpers.worlds import changes
from tools.schemas import problems_of_lines
from tools.wheel import ROOT

LOGS = ROOT / "tests" / "latest" / "data" / "version_0_1_0"
WRITTEN_AT = "https://localhost:43955"


@pytest.fixture
def failed(sim: Simulator, tmp_path: Path) -> Path:
    return logged("failed", sim, tmp_path)


@pytest.fixture
def killed(sim: Simulator, tmp_path: Path) -> Path:
    return logged("killed", sim, tmp_path)


def logged(name: str, sim: Simulator, folder: Path) -> Path:
    log = folder / f"{name}.jsonl"
    log.write_text((LOGS / log.name).read_text("utf-8").replace(WRITTEN_AT, sim.url))
    return log


@pytest.mark.parametrize("name", ["failed", "killed"])
def test_the_log_follows_the_schema_of_a_record(name: str, sim: Simulator, tmp_path: Path) -> None:
    text = logged(name, sim, tmp_path).read_text("utf-8")
    assert problems_of_lines(text) == []
    assert "extensionVersion" not in text


def test_a_run_that_failed_is_shown_and_reported(warm: WarmAz, failed: Path, tmp_path: Path) -> None:
    shown = warm.run("job", "show", str(failed)).json
    assert (shown["state"], shown["exit"], shown["statuses"]) == ("ended", 4, {"Succeeded": 5, "Failed": 1})
    assert [(one["status"], one["error"]["code"]) for one in shown["failed"]] == [("Failed", "Conflict")]
    assert shown["next"] == f"az vmss-flex restart --retry-failed {failed}"
    page = tmp_path / "page.html"
    told = warm.run("report", "--job-log", str(failed), "--file", str(page)).json
    assert (told["statuses"], told["throttled"], told["exit"]) == ({"Failed": 1, "Succeeded": 5}, 1, 4)
    assert "Conflict" in page.read_text("utf-8")


def test_only_what_failed_is_retried(warm: WarmAz, sim: Simulator, failed: Path) -> None:
    done = warm.run("restart", "--retry-failed", str(failed))
    assert done.exit == 0, done.stderr
    assert [(row["instance"], row["status"]) for row in done.json] == [(sim.names("flex")[1], "Succeeded")]
    assert [one["action"] for one in changes(sim)] == ["restart"]


def test_a_run_that_was_killed_is_shown_and_reported(warm: WarmAz, killed: Path, tmp_path: Path) -> None:
    shown = warm.run("job", "show", str(killed)).json
    assert (shown["state"], shown["batch"], shown["batches"]) == ("killed", 3, 3)
    assert shown["statuses"] == {"Succeeded": 4, "Unfinished": 2}
    assert shown["next"] == f"az vmss-flex restart --resume {killed}"
    assert warm.run("report", "--job-log", str(killed), "--file", str(tmp_path / "page.html")).json["exit"] is None


def test_what_was_accepted_is_polled_and_never_sent_again(warm: WarmAz, sim: Simulator, killed: Path) -> None:
    done = warm.run("restart", "--resume", str(killed))
    assert done.exit == 4, done.stderr
    assert Counter(row["status"] for row in done.json) == {"Succeeded": 4, "TimedOut": 2}  # Azure knows neither
    assert {one["action"] for one in sim.requests()} >= {"poll"}
    assert changes(sim) == []
    assert problems_of_lines(killed.read_text("utf-8")) == []


def test_the_batch_that_had_not_begun_is_sent(warm: WarmAz, sim: Simulator, killed: Path) -> None:
    lines = killed.read_text("utf-8").splitlines(keepends=True)
    third = next(place for place, line in enumerate(lines) if '"batch": 3, "of": 3' in line)
    killed.write_text("".join(lines[:third]))
    done = warm.run("restart", "--resume", str(killed))
    assert done.exit == 0, done.stderr
    assert Counter(row["status"] for row in done.json) == {"Succeeded": 6}
    assert [one["action"] for one in changes(sim)] == ["restart", "restart"]
    assert problems_of_lines(killed.read_text("utf-8")) == []
    assert [one["exit"] for one in records_of(killed) if one["record"] == "end"] == [0]
