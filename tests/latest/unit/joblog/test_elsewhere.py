"""Logs outside of the folder of jobs."""

from __future__ import annotations

from pathlib import Path

import pytest

from azext_flexcompare.joblog import file as job_log
from azext_flexcompare.joblog import jobs
from azext_flexcompare.joblog.elsewhere import note_log, noted_logs


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AZURE_CONFIG_DIR", str(tmp_path / "azure"))
    return tmp_path / "azure"


def notes(home: Path) -> list[Path]:
    return list((home / "vmss-flex" / "running").glob("*"))


def test_a_log_is_noted_until_nobody_writes_it(tmp_path: Path, home: Path) -> None:
    log = job_log.create(str(tmp_path / "l\u00f6g"))
    note_log(log.path)
    assert noted_logs() == [tmp_path / "l\u00f6g"]
    log.close()
    assert noted_logs() == []
    assert notes(home) == []
    assert jobs.job_paths() == []


def test_a_job_needs_no_note(home: Path) -> None:
    job = jobs.create_job("restart", ["web"])
    assert job
    note_log(job.path)
    job.close()
    assert notes(home) == []


def test_a_note_that_is_none_is_forgotten(home: Path) -> None:
    (home / "vmss-flex" / "running").mkdir(parents=True)
    (home / "vmss-flex" / "running" / "x").write_bytes(b"\0")
    assert noted_logs() == []
    assert notes(home) == []


def test_without_a_folder_nothing_is_noted(home: Path, tmp_path: Path) -> None:
    home.write_text("a file")
    note_log(str(tmp_path / "log"))
    assert noted_logs() == []
