"""Runs that go on over the same instances."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.cli.core.azclierror import ValidationError

from azext_flexcompare.instances import ResourceId
from azext_flexcompare.joblog import file as job_log
from azext_flexcompare.joblog import jobs
from azext_flexcompare.joblog.elsewhere import note_log
from azext_flexcompare.joblog.overlap import require_no_other
from azext_flexcompare.selection.shares import share_number
from tests.latest.helpers.logs import IDS, PLAN, PLANNED

IDLE = {"id": "/idle", **PLANNED, "batch": None}


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[jobs.Job]:
    monkeypatch.setenv("AZURE_CONFIG_DIR", str(tmp_path))
    job = jobs.create_job("restart", ["web"])
    assert job
    job.write([{**PLAN, "instances": [*PLAN["instances"], IDLE]}])
    yield job
    job.close()


def ids(*texts: str) -> set[ResourceId]:
    return {ResourceId(one) for one in texts}


def test_a_running_job_with_the_same_instances_is_refused_by_its_name(running: jobs.Job) -> None:
    name = jobs.reference(running.path)
    with pytest.raises(ValidationError, match=f"job {name} is running and acts on 2 of these instances") as raised:
        require_no_other(ids("/other", IDS[0].upper(), IDS[2]), [])
    assert f"job show {name} --watch" in str(raised.value.recommendations)


def test_other_instances_its_own_log_and_instances_without_a_call_are_no_reason(running: jobs.Job) -> None:
    require_no_other(ids("/other", "/idle"), [])
    require_no_other(ids(IDS[0]), [running.path])
    require_no_other(ids(), [])


def test_runs_of_other_shares_of_the_set_are_no_reason(running: jobs.Job) -> None:
    everything = {ResourceId(f"{IDS[0]}{number}") for number in range(40)}
    theirs = {one for one in everything if share_number(one, 2) == 1}
    running.write([{**PLAN, "instances": [{"id": one, **PLANNED} for one in theirs]}])
    require_no_other(everything - theirs, [])
    with pytest.raises(ValidationError, match=f"acts on {len(theirs)} of these"):
        require_no_other(everything, [])


def test_a_job_that_has_ended_is_no_reason(running: jobs.Job) -> None:
    running.close()
    require_no_other(ids(IDS[0]), [str(Path(running.path).with_name("missing"))])


def test_a_log_without_a_plan_is_no_reason(running: jobs.Job) -> None:
    running.file.truncate(0)
    require_no_other(ids(IDS[0]), [])


def test_a_run_with_a_log_elsewhere_is_found_as_long_as_it_goes_on(running: jobs.Job, tmp_path: Path) -> None:
    running.close()
    path = tmp_path / "a log"
    log = job_log.create(str(path))
    log.write([PLAN])
    note_log(str(path))
    try:
        with pytest.raises(ValidationError, match=f"job '{path}' is running and acts on 1 of these"):
            require_no_other(ids(IDS[0]), [])
        require_no_other(ids(IDS[0]), [str(path)])
    finally:
        log.close()
    require_no_other(ids(IDS[0]), [])
