"""The jobs of this machine: their names, their files, and what a text names of them."""

from __future__ import annotations

import errno
import os
import re
import sys
from pathlib import Path

import pytest
from azure.cli.core.azclierror import FileOperationError

from azext_flexcompare.joblog import jobs
from azext_flexcompare.joblog.file import read_records
from tests.latest.helpers.logs import PLAN

NO_MODES = sys.platform == "win32"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the jobs, which does not exist yet."""
    monkeypatch.setenv("AZURE_CONFIG_DIR", str(tmp_path / "azure"))
    return tmp_path / "azure" / "vmss-flex" / "jobs"


def made(operation: str = "restart", *sets: str) -> jobs.Job:
    job = jobs.create_job(operation, sets or ("web",))
    assert job
    job.write([PLAN])
    job.close()
    return job


def test_a_job_is_named_by_time_operation_and_sets_and_only_its_owner_reads_it(home: Path) -> None:
    name = Path(made("extension set", "web", "a/b c", "web").path).name
    assert re.fullmatch(r"\d{8}T\d{6}\.\d{3}Z-extension-set-web-a_b_c\.jsonl", name)
    assert NO_MODES or [place.stat().st_mode & 0o777 for place in (home, home.parent)] == [0o700, 0o700]
    assert NO_MODES or (home / name).stat().st_mode & 0o777 == 0o600


def test_a_share_is_a_part_of_the_name_however_long_the_others_are() -> None:
    job = jobs.create_job("restart", ["web" * 50], shard="2/4")
    assert job
    assert jobs.reference(job.path).endswith("w-2of4")
    job.close()


def test_the_folder_of_an_earlier_version_is_closed_to_others(home: Path) -> None:
    home.mkdir(0o755, parents=True)
    made()
    assert NO_MODES or home.stat().st_mode & 0o777 == 0o700


def test_jobs_of_the_same_moment_have_names_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopped(jobs.datetime):
        @classmethod
        def now(cls, tz: object = None) -> jobs.datetime:
            return cls(2026, 11, 25, 9, 0, 0, 0, tz)  # type: ignore[arg-type]

    monkeypatch.setattr(jobs, "datetime", Stopped)
    made()
    made()
    names = ["20261125T090000.000Z-restart-web", "20261125T090000.000Z-restart-web-2"]
    assert sorted(map(jobs.name_of, jobs.job_paths())) == names
    assert jobs.find_log(names[0]) == str(jobs.folder() / f"{names[0]}.jsonl")  # though another one begins with it


def test_a_job_to_which_nothing_was_written_leaves_no_file(home: Path) -> None:
    job = jobs.create_job("restart", ["web"])
    assert job
    job.close()
    assert list(home.iterdir()) == []


def test_a_folder_that_cannot_be_written_only_warns(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    home.parent.parent.write_text("a file where the folder of the CLI should be")
    assert jobs.create_job("restart", ["web"]) is None
    assert jobs.job_paths() == []
    assert "the run is not recorded and cannot be resumed" in caplog.text


def test_a_job_that_cannot_be_written_on_is_removed(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    job = jobs.create_job("restart", ["web"])
    assert job
    job.write([PLAN])
    os.close(job.file.fileno())
    os.open(os.devnull, os.O_RDONLY)  # takes the number of the file, and cannot be written
    with pytest.raises(OSError) as failed:  # noqa: PT011  (the number is what counts)
        job.write([PLAN])
    assert failed.value.errno in (errno.EBADF, errno.EINVAL)
    assert list(home.iterdir()) == []
    assert "cannot be resumed" in caplog.text
    job.close()


# What a text names


def test_last_is_the_job_that_began_last() -> None:
    made("stop")
    last = made("start").path
    assert jobs.find_log("last") == last
    assert read_records(last) == [PLAN]


def test_a_run_that_was_killed_before_its_plan_is_not_the_last(home: Path) -> None:
    last = made().path
    (home / "20990101T000000.000Z-stop-web.jsonl").touch()
    (home / "20990101T000001.000Z-stop-web.jsonl").write_text('{"record": "pl')
    assert jobs.find_log("last") == last


def test_without_a_job_there_is_no_last_one() -> None:
    with pytest.raises(FileOperationError, match="no job on this machine"):
        jobs.find_log("last")


def test_a_file_is_taken_before_a_job_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = jobs.reference(made().path)
    monkeypatch.chdir(tmp_path)
    Path(name).touch()
    assert jobs.find_log(name) == name
    Path("last").touch()
    assert jobs.find_log("last").startswith(str(jobs.folder()))
    assert jobs.find_log("./last") == "./last"


def test_the_beginning_of_a_name_is_enough_where_only_one_job_begins_so() -> None:
    path = made().path
    name = jobs.reference(path)
    assert jobs.find_log(name[:8].lower()) == path
    made("stop")
    assert jobs.find_log(name) == path
    with pytest.raises(FileOperationError, match=rf"{name[:8]} is the beginning of 2 jobs: {name}, "):
        jobs.find_log(name[:8])


@pytest.mark.parametrize("typed", ["restart", "restrat-web", "RESTART-WEB"])
def test_what_names_nothing_is_an_error_with_the_nearest_jobs(typed: str) -> None:
    name = jobs.reference(made().path)
    with pytest.raises(FileOperationError, match="no such file, and no such job") as raised:
        jobs.find_log(typed)
    assert f"Nearest: {name}." in str(raised.value.recommendations)


@pytest.mark.parametrize("typed", ["", " "])
def test_an_empty_name_is_not_the_beginning_of_the_only_job(typed: str) -> None:
    made()
    with pytest.raises(FileOperationError, match="name of the job is empty"):
        jobs.find_log(typed)


def test_the_log_of_a_job_is_named_by_the_job_and_another_by_its_path(tmp_path: Path) -> None:
    job = made()
    assert jobs.find_log(jobs.reference(job.path)) == job.path
    assert jobs.reference(str(tmp_path / "x.jsonl")) == str(tmp_path / "x.jsonl")
