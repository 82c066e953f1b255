"""The page of a run that is in progress in another process."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from azext_flexcompare.html_report import live
from azext_flexcompare.html_report.live import write_live_report
from azext_flexcompare.joblog import file as job_log
from tests.latest.helpers.report_logs import whole_log

REFRESH = '<meta http-equiv="refresh" content="5"/>'


def test_the_page_reloads_itself_until_the_run_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page, records = tmp_path / "page.html", whole_log()
    log = job_log.create(str(tmp_path / "log"))
    log.write(records[:4])
    seen: list[str] = []

    def go_on(_: float) -> None:
        seen.append(page.read_text("utf-8"))
        if len(seen) == 1:
            log.write(records[4:])
        else:
            log.close()

    monkeypatch.setattr(live, "sleep", go_on)
    monkeypatch.setattr(live, "INTERVAL", live.STEP)
    told = write_live_report([log.path], str(page))
    assert len(set(seen)) == 2
    assert all(REFRESH in text and "The run is in progress" in text for text in seen)
    assert "The log has no end" not in seen[0]
    assert REFRESH not in page.read_text("utf-8")
    assert told["exit"] == 5


def test_ctrl_c_leaves_a_page_that_does_not_reload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "page.html"
    log = job_log.create(str(tmp_path / "log"))
    log.write(whole_log()[:4])
    monkeypatch.setattr(live, "sleep", lambda _: os.kill(os.getpid(), signal.SIGINT))
    assert write_live_report([log.path], str(page))["exit"] is None
    log.close()
    assert REFRESH not in page.read_text("utf-8")
    assert "The log has no end" in page.read_text("utf-8")
