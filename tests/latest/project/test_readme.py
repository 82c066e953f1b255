"""The README's sessions and scripts, run as they are printed."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from inspect import signature
from pathlib import Path
from typing import NamedTuple

import pytest

from armsim import Simulator
from tests.latest.helpers.faults import NO_CAPACITY
from tests.latest.helpers.waits import started, wait_until
from tests.latest.helpers.worlds import changes
from tools.sandbox import az, sandbox
from tools.sessions import INSTANCES, README, Session, play, sessions
from tools.wheel import ROOT, copy_sources

TEXT = README.read_text(encoding="utf-8")
SHOWN = list(sessions(TEXT))
INSTALL, SCRIPT = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
SHORT, NEVER = 0.5, 600  # seconds that an operation lasts


def normal(said: str) -> str:
    """What came of a command, whatever the width of the screen, the durations and the time in the name of a job."""
    timeless = re.sub(r"\b\d{8}T\d{6}\.\d{3}Z", "TIME", said)
    return " ".join(re.sub(r"-{3,}", "---", re.sub(r"\b\d+\.\d+\b", "SECONDS", timeless)).split())


def test_every_block_of_the_readme_is_run() -> None:
    assert re.findall(r"^```(\w+)$", TEXT, re.MULTILINE).count("console") == len(SHOWN) == 5
    assert set(re.findall(r"^```(\w+)$", TEXT, re.MULTILINE)) == {"console", "sh"}


@pytest.mark.parametrize("session", SHOWN, ids=lambda session: session.name[:60])
def test_a_session_shows_what_happens(session: Session, sim: Simulator, environment: dict[str, str]) -> None:
    played = play(session, sim, environment, seconds=SHORT, retry_after_ms=100)
    for (shown, told), (_, came) in zip(session.steps, played.steps, strict=True):
        assert normal(told) == normal(came), f"{shown}\n{came}\nTo update it: python -m tools.sessions"
    assert set(sim.accepted().values()) <= {1}
    assert max(len(line) for shown, told in session.steps for line in (shown + told).splitlines()) <= 80


def test_the_set_of_the_sessions_is_that_of_the_sandbox() -> None:
    assert "as in `make sandbox`" in TEXT
    assert signature(sandbox).parameters["vms"].default == INSTANCES


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout that is set up: its own sources, this one's virtual environment."""
    checkout = tmp_path / "checkout"
    copy_sources(ROOT, checkout)
    for needed in ("Makefile", "requirements-dev.txt"):
        shutil.copy(ROOT / needed, checkout)
    shutil.copytree(ROOT / "tools", checkout / "tools")
    (checkout / ".venv").mkdir()
    for entry in Path(sys.prefix).iterdir():
        if entry.name != ".ready":
            (checkout / ".venv" / entry.name).symlink_to(entry)
    (checkout / ".venv" / ".ready").touch()
    return checkout


def test_it_is_installed_as_the_readme_says(checkout: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    own = {
        **environment,
        "AZURE_CONFIG_DIR": str(tmp_path / "config"),
        "AZURE_EXTENSION_DIR": str(tmp_path / "extensions"),
    }
    done = subprocess.run(["bash", "-e"], input=INSTALL, cwd=checkout, env=own, text=True, check=False)
    assert done.returncode == 0
    assert az(own, "vmss-flex", "compare", "-o", "none", capture_output=True).returncode == 0


class Branch(NamedTuple):
    """A way through the script: what goes wrong with which instances, and how it ends."""

    name: str
    exit: int
    says: str
    fails: list[int]
    group: str = "rg"
    sent: int = 6


BRANCHES = [
    Branch("all go well", 0, "All instances are restarted.", []),
    Branch("no such group", 3, "There is no scale set flex in nowhere.", [], group="nowhere", sent=0),
    Branch("one fails once", 0, "Some instances failed. Retrying only those:", [5], sent=7),
    Branch("two fail", 5, "az vmss-flex restart --resume restart-flex-", [0, 3], sent=2),
]


@pytest.mark.parametrize("branch", BRANCHES, ids=lambda branch: branch.name)
def test_the_script_acts_on_an_exit_status(
    branch: Branch, sim: Simulator, environment: dict[str, str], tmp_path: Path
) -> None:
    names = sim.names("flex")
    for number in branch.fails:
        sim.add_fault({"vm": names[number], "action": "restart", "times": 1, "fault": NO_CAPACITY})
    done = subprocess.run(
        ["bash", "-c", SCRIPT, "rolling-restart.sh", branch.group, "flex"],
        cwd=tmp_path,
        env=environment,
        text=True,
        capture_output=True,
        check=False,
    )
    assert branch.says in done.stdout, done.stderr
    assert done.returncode == branch.exit
    assert len(changes(sim)) == branch.sent


def run_script(environment: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    script = ["bash", "-c", SCRIPT, "rolling-restart.sh", "rg", "flex"]
    return subprocess.run(script, cwd=folder, env=environment, text=True, capture_output=True, check=False)


def test_the_script_works_twice(sim: Simulator, environment: dict[str, str], tmp_path: Path) -> None:
    for sent in (6, 12):
        done = run_script(environment, tmp_path)
        assert (done.returncode, done.stdout) == (0, "All instances are restarted.\n"), done.stderr
        assert len(changes(sim)) == sent


def test_the_script_says_when_nothing_was_sent(sim: Simulator, environment: dict[str, str], tmp_path: Path) -> None:
    sim.add_fault({"action": "list", "fault": {"status": 403}})
    done = run_script(environment, tmp_path)
    assert (done.returncode, done.stdout) == (1, "Nothing was sent.\n"), done.stderr
    assert not changes(sim)


def test_the_script_resumes_what_was_killed(sim: Simulator, environment: dict[str, str], tmp_path: Path) -> None:
    killed = SCRIPT.replace("az vmss-flex", "sh -c 'kill -9 $$' #", 1)  # as if the first command were killed
    script = ["bash", "-c", killed, "rolling-restart.sh", "rg", "flex"]
    done = subprocess.run(script, cwd=tmp_path, env=environment, text=True, capture_output=True, check=False)
    assert done.returncode == 137
    assert "To resume: az vmss-flex restart --resume restart-flex-" in done.stdout
    assert not changes(sim)


def test_the_script_names_resume_after_ctrl_c(sim: Simulator, environment: dict[str, str], tmp_path: Path) -> None:
    sim.configure(seconds=NEVER)
    with started(environment, "bash", "-c", SCRIPT, "rolling-restart.sh", "rg", "flex", cwd=tmp_path) as script:
        wait_until(sim, lambda sim: len(changes(sim)) == 2)
        os.killpg(script.pid, signal.SIGINT)
        said, _ = script.communicate(timeout=60)
    assert re.fullmatch(r"Interrupted. To resume: az vmss-flex restart --resume restart-flex-\w+\n", said)
    assert script.returncode == 130
    assert Counter(one["action"] for one in changes(sim)) == {"restart": 2}
