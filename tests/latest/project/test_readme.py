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
from tests.latest.helpers.warm_shell import WarmShell
from tests.latest.helpers.worlds import changes
from tools.documents import README, faults_of, sessions
from tools.sandbox import add_faults, az, description, sandbox
from tools.sessions import INSTANCES, normal
from tools.wheel import ROOT, copy_sources

TEXT = README.read_text(encoding="utf-8")
SHOWN = list(sessions(TEXT))
INSTALL, SCRIPT = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
SHORT, NEVER = 0.05, 600  # seconds that an operation lasts


def test_every_block_of_the_readme_is_run() -> None:
    assert re.findall(r"^```(\w+)$", TEXT, re.MULTILINE).count("console") == len(SHOWN) == 4
    assert set(re.findall(r"^```(\w+)$", TEXT, re.MULTILINE)) == {"console", "sh"}


def test_the_first_screen_installs_before_anything_else_and_shows_the_careful_command() -> None:
    screen = TEXT.splitlines()[:45]
    (first, *_), install = [line for line in screen if line.startswith("```")], screen.index(INSTALL.strip())
    assert (first, screen[install - 1]) == ("```sh", "```sh")
    assert INSTALL.count("\n") == 1
    assert SHOWN[0].name.startswith("az vmss-flex restart ")
    assert {"--batch-by zone", "--health-gate", "--max-errors"} <= {
        one for one in ("--batch-by zone", "--health-gate", "--max-errors", "--job-log") if one in SHOWN[0].name
    }
    assert "exit status 5" in screen
    assert any("| Cost in requests |" in line for line in screen)


def test_what_was_not_tried_stands_under_a_heading_with_its_cure_after_the_use() -> None:
    headings = re.findall(r"^## (.*)$", TEXT, re.MULTILINE)
    assert headings.index("Commands") < headings.index("Never run on Azure by us")
    section = TEXT.partition("## Never run on Azure by us")[2].partition("\n## ")[0]
    assert "    make live-check RG=" in section


MEASURED = [  # the ways of the benchmark that a number of the README is about, and where the number is
    ("az vmss-flex deallocate --engine vm", "300", "Cost in requests", 1),
    ("az vm deallocate --ids", "300", "Cost in requests", 2),
    ("az vmss-flex deallocate --engine vm", "1,000", "Deallocate 1,000 VMs", 1),
    ("az vmss-flex deallocate --engine set", "1,000", "Deallocate 1,000 VMs", 1),
    ("az vm deallocate --ids", "1,000", "Deallocate 1,000 VMs", 2),
    ("az vmss deallocate", "1,000", "Deallocate 1,000 VMs", 4),
]


@pytest.mark.parametrize(("way", "vms", "row", "column"), MEASURED)
def test_a_number_is_that_of_the_benchmark(way: str, vms: str, row: str, column: int) -> None:
    benchmark = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    (measured,) = re.findall(
        rf"^\| `{re.escape(way)}` *\| *{vms} \| *on \| *([\d,.]+) \| *([\d,]+) ", benchmark, re.MULTILINE
    )
    after = TEXT[TEXT.index(f"| {row}") :].splitlines()[:2]
    shown = [set(re.findall(r"[\d,]*\d(?:\.\d+)?", line.split("|")[column + 1])) for line in after]
    assert set(measured) <= set.union(*shown)


def test_the_sessions_of_the_readme_fail_in_the_sandbox_too(sim: Simulator, shell: WarmShell) -> None:
    makes = subprocess.run(
        ["make", "-n", "sandbox", "FAULTS=readme"], cwd=ROOT, text=True, capture_output=True, check=True
    )
    assert makes.stdout.splitlines()[-1].endswith("-m tools.sandbox --faults readme")
    sim.reset(description(INSTANCES), seconds=SHORT, retry_after="none")
    add_faults(sim, faults_of("readme"))
    ((shown, told),) = SHOWN[0].steps
    done = subprocess.run(
        ["bash", "-c", SHOWN[0].name], env=shell.environment, text=True, capture_output=True, check=True
    )
    assert normal(told) == normal(done.stderr + done.stdout), shown


def test_the_set_of_the_sessions_is_that_of_the_sandbox() -> None:
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
    commands = f"make wheel\ncd dist\n{INSTALL}"
    done = subprocess.run(["bash", "-e"], input=commands, cwd=checkout, env=own, text=True, check=False)
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
def test_the_script_acts_on_an_exit_status(branch: Branch, sim: Simulator, shell: WarmShell, tmp_path: Path) -> None:
    names = sim.names("flex")
    for number in branch.fails:
        sim.add_fault({"vm": names[number], "action": "restart", "times": 1, "fault": NO_CAPACITY})
    done = subprocess.run(
        ["bash", "-c", SCRIPT, "rolling-restart.sh", branch.group, "flex"],
        cwd=tmp_path,
        env=shell.environment,
        text=True,
        capture_output=True,
        check=False,
    )
    assert branch.says in done.stdout, done.stderr
    assert done.returncode == branch.exit
    assert len(changes(sim)) == branch.sent


def run_script(shell: WarmShell, folder: Path) -> subprocess.CompletedProcess[str]:
    script = ["bash", "-c", SCRIPT, "rolling-restart.sh", "rg", "flex"]
    return subprocess.run(script, cwd=folder, env=shell.environment, text=True, capture_output=True, check=False)


def test_the_script_works_twice(sim: Simulator, shell: WarmShell, tmp_path: Path) -> None:
    for sent in (6, 12):
        done = run_script(shell, tmp_path)
        assert (done.returncode, done.stdout) == (0, "All instances are restarted.\n"), done.stderr
        assert len(changes(sim)) == sent


def test_the_script_says_when_nothing_was_sent(sim: Simulator, shell: WarmShell, tmp_path: Path) -> None:
    sim.add_fault({"action": "list", "fault": {"status": 403}})
    done = run_script(shell, tmp_path)
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
