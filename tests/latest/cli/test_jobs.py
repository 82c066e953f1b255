"""Jobs: every run is one that another terminal can list, follow, resume, report and delete."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from armsim import Simulator
from tests.latest.helpers.az import FLEX, Run, WarmAz
from tests.latest.helpers.faults import FAILS
from tests.latest.helpers.logs import records_of
from tests.latest.helpers.rows import statuses
from tests.latest.helpers.waits import started, wait_until
from tests.latest.helpers.worlds import changes
from tools.sandbox import AZ

SECRET = "hunter2 is mine"
SETTINGS = f'{{"k":"{SECRET}"}}'


@pytest.fixture
def jobs(environment: dict[str, str], sim: Simulator) -> Path:  # noqa: ARG001
    """The folder of the jobs, without those of other tests."""
    folder = Path(environment["AZURE_CONFIG_DIR"], "vmss-flex", "jobs")
    for job in folder.glob("*.jsonl"):
        job.unlink()
    return folder


def test_a_run_is_a_job_from_its_start_to_its_retry(warm: WarmAz, jobs: Path, sim: Simulator, tmp_path: Path) -> None:
    sim.add_fault({"action": "restart", "vm": sim.names("flex")[0], "times": 1, "fault": FAILS})
    done = warm.run("restart", *FLEX, "--batch-size", "4")
    assert done.exit == 4
    [log] = jobs.glob("*.jsonl")
    name = log.name.removesuffix(".jsonl")
    assert name.endswith("-restart-flex")
    assert f"To retry: az vmss-flex restart --retry-failed {name}\n" in done.stderr
    plan = records_of(log)[0]
    assert plan["commandLine"] == "az vmss-flex restart -g rg -n flex --batch-size 4"
    [listed] = warm.run("job", "list").json
    assert (listed["job"], listed["state"], listed["exit"]) == (name, "ended", 4)
    assert listed["statuses"] == {"Failed": 1, "Succeeded": 5}
    table = warm.run("job", "list", "-o", "table").stdout.splitlines()
    assert table[2].split() == [name.partition("-")[0], "restart", "flex", "ended", "4", "6/6", "1"]
    shown = warm.run("job", "show").json
    assert [one["instance"] for one in shown["failed"]] == [sim.names("flex")[0]]
    assert shown["next"] == f"az vmss-flex restart --retry-failed {name}"
    assert max(map(len, warm.run("job", "show", name, "-o", "table").stdout.splitlines())) <= 120
    page = str(tmp_path / "page.html")
    assert warm.run("report", "--job-log", name[:15], "-f", page).json["instances"] == 6
    assert warm.run("job", "show", "last", "--watch").exit == 4
    retried = warm.run("restart", "--retry-failed", "last")
    assert (retried.exit, statuses(retried)) == (0, {"Succeeded": 1})
    assert [one["record"] for one in records_of(log)].count("plan") == 2
    assert warm.run("wait", "--job-log", "last").exit == 0
    assert (warm.run("job", "delete", "last").exit, warm.run("job", "delete", "last", "--yes").exit) == (1, 0)
    assert list(jobs.glob("*.jsonl")) == []


@pytest.mark.parametrize("command", [["restart", "--resume"], ["wait", "--job-log"], ["job", "show"]], ids=" ".join)
@pytest.mark.usefixtures("jobs")
def test_what_is_no_job_is_an_error_before_any_request(warm: WarmAz, sim: Simulator, command: list[str]) -> None:
    for text in ("last", "20", "nowhere/x"):
        done = warm.run(*command, text)
        assert (done.exit, done.stdout) == (1, "")
        assert "no job" in done.stderr or "no such job" in done.stderr
    assert sim.requests() == []


@pytest.mark.parametrize(
    "words",
    [
        ["run-command", "--command-id", "RunShellScript", "--scripts", f"-x {SECRET}", "--parameters", f"k={SECRET}"],
        [*"extension set -n S --publisher P --version 1 --protected-settings".split(), SETTINGS],  # noqa: SIM905
        ["update", "--set", f"tags.k={SECRET}"],
        ["reimage", "--yes", "--admin-password", SECRET],
    ],
    ids=lambda words: words[0],
)  # fmt: skip
def test_no_secret_is_in_a_job(warm: WarmAz, jobs: Path, words: list[str]) -> None:
    assert warm.run(*words, "-g", "rg", "--vmss-name", "flex", "--instance-ids", "*").exit in (0, 4)
    [log] = jobs.glob("*.jsonl")
    assert "hunter2" not in log.read_text("utf-8")
    assert records_of(log)[0]["commandLine"].startswith(f"az vmss-flex {words[0]} ")


def test_a_second_run_over_instances_of_a_running_one_is_refused(
    run: Run, jobs: Path, sim: Simulator, environment: dict[str, str]
) -> None:
    """Another terminal sees the first run, follows it, and cannot disturb it."""
    sim.configure(seconds=60)
    with started(environment, str(AZ), "vmss-flex", "restart", *FLEX) as first:
        wait_until(sim, lambda sim: len(changes(sim)) == 6)
        [name] = [path.name.removesuffix(".jsonl") for path in jobs.glob("*.jsonl")]
        shown = run("job", "show").json
        assert (shown["state"], shown["statuses"]) == ("running", {"InProgress": 6})
        assert sorted(shown["inProgress"]) == sorted(sim.names("flex"))
        spelt = sim.vm_id(sim.names("flex")[2]).upper()
        refused = run("stop", "--ids", spelt, "--yes", "--no-job-log")
        assert (refused.exit, refused.stdout) == (1, "")
        assert f"The job {name} is running and acts on 1 of these instances." in refused.stderr
        assert run("list-instances", *FLEX, "-o", "none").exit == 0
        assert run("restart", "-g", "rg", "-n", "other", "--no-wait", "-o", "none").exit == 0
        assert run("job", "delete", name, "--yes").exit == 1
        sim.advance(60)
        followed = run("job", "show", name, "--watch")
        stdout, _ = first.communicate()
    assert (followed.exit, first.returncode) == (0, 0)
    assert Counter(row["status"] for row in json.loads(stdout)) == {"Succeeded": 6} == followed.json["statuses"]
    assert set(sim.accepted().values()) == {1}


def test_undo_puts_power_states_back(run: Run, warm: WarmAz, jobs: Path, sim: Simulator) -> None:
    names = sim.names("flex")
    assert warm.run("stop", *FLEX, "--instance-ids", names[0], "--yes").exit == 0
    before = {row["instance"]: row["powerState"] for row in warm.run("list-instances", *FLEX).json}
    sim.add_fault({"action": "deallocate", "vm": names[5], "fault": FAILS})
    assert warm.run("deallocate", *FLEX, "--yes").exit == 4
    assert len(list(jobs.glob("*.jsonl"))) == 2
    lines = warm.run("job", "show", "last", "--undo").stdout.splitlines()
    assert [line.split()[2] for line in lines] == ["start", "stop", "start"]
    for line in lines:
        assert names[5] not in line
        assert run(*line.split()[2:], "--yes", "-o", "none").exit == 0
    assert {row["instance"]: row["powerState"] for row in warm.run("list-instances", *FLEX).json} == before
