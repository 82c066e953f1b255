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


BEFORE_BENCHMARK, _, BENCHMARK = (
    (ROOT / "docs" / "performance.md").read_text("utf-8").partition("<!-- the benchmark begins -->")
)
OURS, AZ_VM = "az vmss-flex deallocate --engine vm", "az vm deallocate --ids"
MEASURED = [  # the ways of the benchmark that a number of the README is about, and where the number is
    ("az vmss-flex deallocate --engine vm", "1,000", "Deallocate 1,000 VMs", "`az vmss-flex`"),
    ("az vmss-flex deallocate --engine set", "1,000", "Deallocate 1,000 VMs", "`az vmss-flex`"),
    ("az vm deallocate --ids", "1,000", "Deallocate 1,000 VMs", "`az vm --ids`"),
    ("az vmss deallocate", "1,000", "Deallocate 1,000 VMs", "`az vmss`"),
]


def cells_of(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def rows_of(text: str, first: str) -> list[dict[str, str]]:
    """List the rows of the table whose head begins with a cell, each by the cells of that head."""
    lines = text.splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith("|") and cells_of(line)[0] == first)
    end = next((at for at in range(start, len(lines)) if not lines[at].startswith("|")), len(lines))
    head = cells_of(lines[start])
    return [dict(zip(head, cells_of(line), strict=True)) for line in lines[start + 2 : end]]


def measured(way: str, vms: str) -> dict[str, str]:
    """Return the row of a way in the benchmark, of a deallocation of one set under the limits."""
    rows = [one for one in rows_of(BENCHMARK, "way") if (one["way"], one["VMs"]) == (f"`{way}`", vms)]
    (found,) = [one for one in rows if one.get("series", "sizes") == "sizes" and one.get("limits", "on") == "on"]
    return found


@pytest.mark.parametrize(("way", "vms", "row", "column"), MEASURED)
def test_a_number_is_that_of_the_benchmark(way: str, vms: str, row: str, column: str) -> None:
    rows = rows_of(TEXT, "")
    place = next(at for at, one in enumerate(rows) if one[""].startswith(row))
    shown = {number for one in rows[place : place + 2] for number in re.findall(r"[\d,]*\d(?:\.\d+)?", one[column])}
    found = measured(way, vms)
    assert {found["seconds"], found["requests"]} <= shown


def test_the_requests_for_each_vm_are_those_of_the_benchmark() -> None:
    (row,) = [one for one in rows_of(TEXT, "Deallocate 300 VMs") if one["Deallocate 300 VMs"] == "Cost in requests"]
    each = {way: int(measured(way, "300")["requests"].replace(",", "")) / 300 for way in (OURS, AZ_VM)}
    policy = 1 if "`--engine vm` now needs one request more for each instance" in BEFORE_BENCHMARK else 0
    assert row["`az vmss-flex`"].startswith(f"{round(each[OURS] + policy)} for each VM; `--dry-run`")
    assert row["`az vm ... --ids`"] == f"{each[AZ_VM]:g} for each VM"


def test_the_sessions_of_the_readme_fail_in_the_sandbox_too(sim: Simulator, shell: WarmShell) -> None:
    command = ["make", "--no-print-directory", "-n", "-o", ".venv/.ready", "sandbox", "FAULTS=readme"]
    makes = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=True)
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
