"""The job log of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from azure.cli.core.azclierror import ValidationError

from armsim import Simulator
from azext_flexcompare.execution.run import run_operation
from azext_flexcompare.joblog import jobs
from azext_flexcompare.joblog.file import open_to_append
from azext_flexcompare.planning.run_options import RunOptions
from azext_flexcompare.selection.selection import Choice
from tests.latest.helpers.logs import cut, records_of
from tests.latest.helpers.worlds import OPERATIONS, changes

FLEX = Choice("rg", "flex")


@pytest.fixture
def home(cli_ctx: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:  # noqa: ARG001  (it sets it first)
    """A folder for jobs that no other test writes to."""
    monkeypatch.setenv("AZURE_CONFIG_DIR", str(tmp_path))
    return tmp_path


def restart(cli_ctx: Any, **options: Any) -> list[dict[str, Any]]:
    return run_operation(cli_ctx, OPERATIONS["restart"], FLEX, {}, run_options=RunOptions(**options))


@pytest.mark.usefixtures("home")
def test_a_run_that_names_no_file_is_a_job(cli_ctx: Any) -> None:
    restart(cli_ctx)
    [path] = jobs.job_paths()
    first, *_, last = records_of(path)
    assert {"host", "user", "processId", "extensionVersion", "commandLine"} <= first.keys()
    assert (last["operation"], last["statuses"]) == ("restart", {"Succeeded": 6})


@pytest.mark.usefixtures("home")
def test_a_file_of_its_own_no_log_and_a_dry_run_are_no_job(cli_ctx: Any, tmp_path: Path) -> None:
    restart(cli_ctx, job_log=str(tmp_path / "log"))
    restart(cli_ctx, no_job_log=True)
    restart(cli_ctx, dry_run=True)
    assert jobs.job_paths() == []
    assert records_of(tmp_path / "log")


def test_a_run_goes_on_without_a_folder_for_its_job(cli_ctx: Any, home: Path, caplog: pytest.LogCaptureFixture) -> None:
    (home / "vmss-flex").write_text("no folder")
    assert {row["status"] for row in restart(cli_ctx)} == {"Succeeded"}
    assert "the run is not recorded" in caplog.text


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("options", [{}, {"no_job_log": True}], ids=str)
def test_a_second_run_over_the_same_instances_is_refused_before_it_sends(
    cli_ctx: Any, sim: Simulator, options: dict[str, Any]
) -> None:
    restart(cli_ctx)
    [path] = jobs.job_paths()
    cut(path, lambda one: one["record"] == "plan")
    log, _ = open_to_append(str(path))
    sent = len(changes(sim))
    try:
        with pytest.raises(ValidationError, match=f"{jobs.reference(str(path))} is running and acts on 6 of these"):
            restart(cli_ctx, **options)
        assert {row["status"] for row in restart(cli_ctx, dry_run=True)} == {"Planned"}
    finally:
        log.close()
    assert len(changes(sim)) == sent
    assert jobs.job_paths() == [path]
