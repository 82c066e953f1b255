"""The line of progress on a terminal."""

from __future__ import annotations

import json

import pytest

from armsim import Simulator
from armsim.world.description import default_description
from tests.latest.helpers.az import FLEX, Run
from tests.latest.helpers.faults import FAILS
from tests.latest.helpers.terminal import on_a_terminal, run_at_terminal


@on_a_terminal
def test_a_terminal_shows_a_line_and_wipes_it_away(sim: Simulator, environment: dict[str, str]) -> None:
    sim.configure(seconds=1)
    _, stdout, seen = run_at_terminal(environment, "restart", *FLEX, "--batch-size", "4", "--max-parallel", "3")
    assert len(json.loads(stdout)) == 6
    lines = [line.split(b"\x1b[K")[-1].decode() for line in seen.split(b"\r")]
    assert any(line.startswith("0 of 6 done, 0 failed, 3 in progress, 1 waiting, batch 1 of 2") for line in lines)
    assert any("batch 2 of 2, about " in line for line in lines)
    last = sorted(sim.names("flex")[4:])
    assert any(f"2 in progress ({', '.join(last)})"[:30] in line for line in lines)
    assert b"\x1b[K" in seen
    assert seen.endswith(b"\r\x1b[K6 instances: 6 Succeeded.\r\n")


@on_a_terminal
@pytest.mark.parametrize("quiet", [["--only-show-errors"], ["--events", "-"]])
def test_a_terminal_shows_no_line_where_none_is_wanted(
    environment: dict[str, str], sim: Simulator, quiet: list[str]
) -> None:
    sim.configure(seconds=0.5)
    _, stdout, seen = run_at_terminal(environment, "restart", *FLEX, *quiet)
    assert len(json.loads(stdout)) == 6
    assert b"in progress" not in seen
    assert b"\x1b[K" not in seen


def test_each_batch_is_a_line_where_there_is_no_terminal(run: Run, sim: Simulator) -> None:
    first = sim.names("flex")[0]
    sim.add_fault({"action": "restart", "vm": first, "fault": FAILS})
    done = run("restart", *FLEX, "--batch-size", "4")
    assert [line for line in done.stderr.splitlines() if "Batch " in line] == [
        "WARNING: Batch 1 of 2: 4 instances: 3 Succeeded, 1 Failed",
        "WARNING: Batch 2 of 2: 2 instances: 2 Succeeded",
    ]
    by_zone = run("restart", *FLEX, "--batch-by", "zone", "--instance-ids", *sim.names("flex")[1:])
    assert "Batch 2 of 3: 2 instances, zone 2: 2 Succeeded" in by_zone.stderr
    assert "Batch" not in run("restart", *FLEX, "--batch-size", "4", "--only-show-errors").stderr


def test_nothing_is_written_where_there_is_no_terminal(run: Run, sim: Simulator) -> None:
    sim.configure(seconds=0.5)
    assert run("restart", *FLEX).stderr == ""


@on_a_terminal
def test_a_terminal_shows_what_a_run_waits_for_between_batches(sim: Simulator, environment: dict[str, str]) -> None:
    world = default_description(6)
    world["resourceGroups"]["rg"]["scaleSets"]["flex"]["overrides"] = {"*": {"agentReadyAfter": 1}}
    sim.reset(world)
    health = ("--health-gate", "vm-agent", "--batch-pause", "1")
    seen = run_at_terminal(environment, "restart", *FLEX, "--batch-size", "5", *health).seen
    assert b"5 not healthy yet for 0 s of at most 10 min" in seen
    assert b"next batch in 1 s" in seen
