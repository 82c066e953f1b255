"""`job list`, `job show` and `job delete`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError, NoTTYError, ValidationError

from azext_flexcompare.execution.job_commands import delete_jobs, list_jobs, show_job
from azext_flexcompare.joblog import file as job_log
from azext_flexcompare.joblog import jobs
from tests.latest.helpers.logs import PLAN, write

NAMES = [f"20261125T09000{number}.000Z-restart-web" for number in (1, 2)]


@pytest.fixture(autouse=True)
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The logs of two jobs, of which the second was killed, and a file that is none."""
    monkeypatch.setenv("AZURE_CONFIG_DIR", str(tmp_path))
    found = [jobs.make_folder() / f"{name}.jsonl" for name in NAMES]
    write(found[0], PLAN, {"record": "end", "exit": 5})
    write(found[1], PLAN)
    (jobs.folder() / "none.jsonl").write_text("mine")
    return found


def test_the_list_has_each_job_the_latest_last() -> None:
    assert [(row["job"], row["state"], row["exit"]) for row in list_jobs()] == [
        (NAMES[0], "ended", 5),
        (NAMES[1], "killed", None),
    ]


def test_a_job_is_shown_by_the_beginning_of_its_name() -> None:
    found = show_job(None, NAMES[0][:15], follow=False, undo=False)
    assert found
    assert (found["job"], found["state"]) == (NAMES[0], "ended")


def test_undo_prints_lines_and_returns_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert show_job(None, NAMES[0], follow=False, undo=True) is None
    assert capsys.readouterr().out == "# No power state was changed that could be put back.\n"


def test_undo_and_watch_exclude_each_other() -> None:
    with pytest.raises(InvalidArgumentValueError, match="--undo and --watch"):
        show_job(None, NAMES[0], follow=True, undo=True)


def test_jobs_to_merge_are_named_alone_and_not_followed() -> None:
    found = show_job(None, None, merge=[NAMES[0], NAMES[1], NAMES[0]])
    assert found
    assert ([one["job"] for one in found["jobs"]], found["instances"]) == (NAMES, 3)
    with pytest.raises(InvalidArgumentValueError, match="--merge and --watch"):
        show_job(None, None, follow=True, merge=NAMES)
    with pytest.raises(InvalidArgumentValueError, match=r"The job .* and --merge"):
        show_job(None, NAMES[0], merge=NAMES)


def test_jobs_are_deleted_once_each(paths: list[Path]) -> None:
    delete_jobs([NAMES[0], NAMES[0], NAMES[1]], yes=True)
    assert not any(path.exists() for path in paths)


def test_one_that_is_running_keeps_all(paths: list[Path]) -> None:
    log, _ = job_log.open_to_append(str(paths[1]))
    try:
        with pytest.raises(ValidationError, match=f"{NAMES[1]} is running"):
            delete_jobs(NAMES, yes=True)
    finally:
        log.close()
    assert all(path.exists() for path in paths)


def test_without_a_terminal_yes_is_needed(paths: list[Path]) -> None:
    with pytest.raises(NoTTYError):
        delete_jobs(NAMES, yes=False)
    assert all(path.exists() for path in paths)


def test_a_file_elsewhere_is_not_deleted(tmp_path: Path) -> None:
    file: Any = tmp_path / "mine"
    file.touch()
    with pytest.raises(InvalidArgumentValueError, match="is a file and no job"):
        delete_jobs([str(file)], yes=True)
    assert file.exists()
