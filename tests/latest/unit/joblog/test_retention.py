"""How long jobs are kept."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest

from azext_flexcompare.joblog import file as job_log
from azext_flexcompare.joblog import jobs
from azext_flexcompare.joblog.retention import DAY, clear_old_jobs, remove
from tests.latest.helpers.logs import PLAN, write

END = {"record": "end", "exit": 0}
Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    monkeypatch.setenv("AZURE_CONFIG_DIR", str(tmp_path))
    jobs.make_folder()

    def make(number: int, *records: dict[str, Any], days: float = 0) -> Path:
        path = jobs.folder() / f"20261125T09000{number}.000Z-restart-web.jsonl"
        write(path, PLAN, *records)
        then = time.time() - days * DAY
        os.utime(path, (then, then))
        return path

    return make


def config(**limits: object) -> ConfigParser:
    found = ConfigParser()
    found.read_dict({"vmss_flex": limits})
    return found


def left() -> list[str]:
    return [path.name[14] for path in jobs.job_paths()]


def test_what_is_older_than_the_limit_is_removed_even_if_it_could_be_resumed(make: Make) -> None:
    make(1, END, days=31)
    make(2, days=31)
    make(3, END, days=29)
    clear_old_jobs(ConfigParser())
    assert left() == ["3"]


def test_of_too_many_the_first_are_removed_unless_they_can_be_resumed(make: Make) -> None:
    make(1)
    make(2, {**END, "exit": 130})
    for number in (3, 4, 5):
        make(number, END)
    clear_old_jobs(config(job_count=1))
    assert left() == ["1", "2", "5"]


def test_the_configuration_sets_the_age(make: Make) -> None:
    make(1, END, days=3)
    clear_old_jobs(config(job_days=4))
    assert left() == ["1"]
    clear_old_jobs(config(job_days=2))
    assert left() == []


def test_a_limit_that_is_no_number_removes_nothing_and_warns(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    make(1, END, days=99)
    clear_old_jobs(config(job_days="many"))
    assert left() == ["1"]
    assert "vmss_flex.job_days is not a whole number" in caplog.text


def test_a_job_that_is_running_stays(make: Make) -> None:
    path = make(1, END, days=99)
    log, _ = job_log.open_to_append(str(path))
    try:
        clear_old_jobs(config(job_count=0))
        assert not remove(path)
    finally:
        log.close()
    assert left() == ["1"]
    assert remove(path)
    assert remove(path)  # it is gone already
