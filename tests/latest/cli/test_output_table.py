"""Tables, which fit a terminal."""

from __future__ import annotations

import json

import pytest

from armsim import Simulator
from tests.latest.helpers.az import WarmAz
from tools.sandbox import az


@pytest.mark.parametrize(
    ("command", "columns"),
    [
        ("compare", 120),
        ("compare --by command", 120),
        ("compare --by command -g rg -n flex", 120),
        ("compare -g rg -n flex", 120),
        ("list-instances -g rg -n flex", 80),
        ("restart -g rg -n flex", 80),
        ("get-instance-view -g rg -n flex", 80),
        ("protection show -g rg -n flex", 80),
        ("drain -g rg -n flex --dry-run", 80),
        ("nic list -g rg -n flex", 120),
    ],
)
def test_a_table_fits_its_columns(command: str, columns: int, sim: Simulator, warm: WarmAz) -> None:  # noqa: ARG001
    lines = warm.run(*command.split(), "-o", "table").stdout.splitlines()
    assert len(lines) > 2
    assert max(len(line) for line in lines) <= columns


@pytest.mark.parametrize("command", ["compare", "run-command"])
def test_a_table_fits_the_terminal(command: str, sim: Simulator, environment: dict[str, str]) -> None:
    script = ["--command-id", "RunShellScript", "--scripts", "hostname", "-g", "rg", "-n", "flex", "--instance-ids"]
    more = [*script, sim.names("flex")[0], "--no-job-log"] if command == "run-command" else []
    words = ["vmss-flex", *command.split(), *more, "-o", "table"]
    lines = az({**environment, "COLUMNS": "80"}, *words, capture_output=True).stdout.splitlines()
    assert len(lines) > 2
    assert max(map(len, lines)) <= 80


def test_what_failed_is_last_in_the_table_and_in_its_place_elsewhere(warm: WarmAz, sim: Simulator) -> None:
    first, second = sim.names("flex")[:2]
    sim.add_fault({"action": "restart", "vm": first, "fault": {"kind": "fail", "code": "AllocationFailed"}})
    sets = ("--ids", sim.scale_sets["flex"], sim.scale_sets["flex2"])
    table = warm.run("restart", *sets, "--batch-size", "1", "--max-errors", "1", "-o", "table").stdout.splitlines()
    assert table[0].split()[:3] == ["Instance", "ScaleSet", "Group"]
    assert table[-1].split()[0] == first
    assert "! Failed" in table[-1]
    assert sum("Stopped by" in line for line in table) == 1
    rows = json.loads(warm.run("restart", *sets, "--batch-size", "1", "--max-errors", "1").stdout)
    assert [(one["instance"], one["status"]) for one in rows[:2]] == [(first, "Failed"), (second, "NotStarted")]
