"""The snippets of docs/ci.md: their shell is run in a simulated Azure."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from armsim import Simulator
from tests.latest.helpers.faults import NO_CAPACITY
from tests.latest.helpers.warm_shell import WarmShell
from tests.latest.helpers.worlds import changes
from tools.wheel import ROOT

TEXT = (ROOT / "docs" / "ci.md").read_text("utf-8")
GITHUB, AZURE = (yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL))
(CRON,) = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
INSTALL = 'az extension add --yes --upgrade --source "$WHEEL"\n'  # test_packaging.py installs a wheel by it
FAILS = {"action": "restart", "times": 1, "fault": NO_CAPACITY}


def steps_of(pipeline: dict[str, Any]) -> list[dict[str, Any]]:
    """List the steps of a pipeline that run a shell, each with what it is called with."""
    steps = pipeline["jobs"]["restart"]["steps"] if "jobs" in pipeline else pipeline["steps"]
    return [{**step, **step.get("inputs", {})} for step in steps if "run" in step or "inputs" in step]


def run_shell(text: str, shell: WarmShell, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    variables = {"RG": "rg", "SET": "flex", "HOME": str(folder)}
    command = ["bash", *options, "-c", text.replace(INSTALL, "")]
    return subprocess.run(
        command, cwd=folder, env={**shell.environment, **variables}, text=True, capture_output=True, check=False
    )


def test_the_snippets_name_every_variable_that_their_shell_reads() -> None:
    for pipeline in (GITHUB, AZURE):
        shells = "".join(f"{step.get('run', step.get('inlineScript'))}\n" for step in steps_of(pipeline))
        given = pipeline.get("variables") or pipeline["jobs"]["restart"]["env"]
        assert set(re.findall(r'"\$(\w+)"', shells)) == {"RG", "SET", "WHEEL"} == set(given)
        assert shells.count(INSTALL) == 1


def test_the_github_workflow_restarts_and_reports(sim: Simulator, shell: WarmShell, tmp_path: Path) -> None:
    _, restart, report = (step["run"] for step in steps_of(GITHUB))
    done = run_shell(restart, shell, tmp_path, "-e")
    assert done.returncode == 0, done.stderr
    assert len(changes(sim)) == 6
    assert run_shell(report, shell, tmp_path, "-e").returncode == 0
    assert {path.name for path in tmp_path.glob("restart.*")} == {"restart.jsonl", "restart.html"}


def test_the_azure_pipeline_fails_with_a_failure_and_leaves_a_log_that_is_resumed(
    sim: Simulator, shell: WarmShell, tmp_path: Path
) -> None:
    sim.add_fault({**FAILS, "vm": sim.names("flex")[0]})
    (step,) = steps_of(AZURE)
    done = run_shell(step["inlineScript"], shell, tmp_path)
    assert done.returncode == 5, done.stderr
    resumed = run_shell("az vmss-flex restart --resume restart.jsonl -o none", shell, tmp_path)
    assert resumed.returncode == 4
    assert set(Counter(one["vm"] for one in changes(sim)).values()) == {1}


def test_the_script_of_cron_finishes_an_earlier_night_before_a_new_one(
    sim: Simulator, shell: WarmShell, tmp_path: Path
) -> None:
    sim.add_fault({**FAILS, "vm": sim.names("flex")[0]})
    statuses = []
    for sent in (1, 6, 12):
        statuses.append(run_shell(CRON, shell, tmp_path).returncode)
        assert len(changes(sim)) == sent
        assert (tmp_path / "restart-flex.jsonl").exists() is (sent == 1)
    assert statuses == [5, 4, 0]


def test_the_script_of_cron_leaves_no_log_where_nothing_was_sent(
    sim: Simulator, shell: WarmShell, tmp_path: Path
) -> None:
    sim.add_fault({"action": "list", "fault": {"status": 403}})
    assert run_shell(CRON, shell, tmp_path).returncode == 1
    assert list(tmp_path.glob("restart-*")) == []
