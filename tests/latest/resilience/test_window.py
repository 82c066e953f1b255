"""The budget of a rolling window through random runs, a third of them killed and resumed."""

from __future__ import annotations

import random
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from armsim.availability import most_unavailable
from armsim.world.description import default_description
from tests.latest.helpers.clouds import CLOUDS, Cloud, in_clouds, kill_at
from tests.latest.helpers.faults import FAILS

SEED = 7
VMS = 20
REQUESTS = 90  # of a run that is not killed, at least
GATE = ("--health-gate", "vm-agent", "--health-timeout", "60", "--bake", "0.1")


def roll(folder: Path, cloud: Cloud, number: int) -> bool:
    """Carry out a run with a window and a gate, killed at times and resumed; return whether it was killed."""
    chance = random.Random(f"{SEED} {number}")  # noqa: S311  (not for secrets)
    log, budget = str(folder / f"{number}.log"), chance.randint(1, 6)
    world: dict[str, Any] = default_description(VMS)
    down = chance.sample(range(VMS), chance.randint(0, min(2, budget - 1)))
    overrides = {"*": {"agentReadyAfter": 0.2}, **{f"#{place}": {"powerState": "stopped"} for place in down}}
    world["resourceGroups"]["rg"]["scaleSets"]["flex"]["overrides"] = overrides
    cloud.sim.reset(world)
    names = cloud.sim.names("flex")
    chosen = [name for place, name in enumerate(names) if place not in down]
    if failing := chance.random() < 0.3 and budget > len(down) + 1:
        cloud.sim.add_fault({"action": "restart", "vm": chance.choice(chosen), "times": 1, "fault": FAILS})
    command = ("-g", "rg", "-n", "flex", "--instance-ids", *chosen, "--max-unavailable", str(budget), *GATE)
    killed = number % 3 == 0 and kill_at(cloud, chance.randint(20, REQUESTS), *command, "--job-log", log)
    begun = Path(log).exists() and b"\n" in Path(log).read_bytes()
    if not begun:
        Path(log).unlink(missing_ok=True)
    way = ("--resume", log) if begun else (*command, "--job-log", log)
    ran = cloud.run("restart", *way)
    told = f"{number}, budget {budget}, {len(down)} down, killed {killed}: {ran.stderr}{ran.stdout}"
    assert most_unavailable(cloud.sim.availability(), cloud.sim.scale_sets["flex"]) <= budget, told
    assert cloud.sim.accepted() == Counter({(name, "restart"): 1 for name in chosen}), told
    assert ran.exit == (4 if failing else 0), told
    assert Counter(row["status"] for row in ran.json)["Failed"] == failing, told
    return killed


def roll_all(number: int, at_once: int, folder: Path) -> list[bool]:
    return in_clouds(at_once, folder, partial(roll, folder), number, seconds=0.3, latency=0.01)


def test_the_budget_is_kept_through_kills_and_nothing_is_sent_twice(tmp_path: Path) -> None:
    assert len(roll_all(3, 2, tmp_path)) == 3


@pytest.mark.proof
def test_the_budget_is_kept_through_fifty_runs(tmp_path: Path) -> None:
    killed = roll_all(50, CLOUDS, tmp_path)
    assert len(killed) == 50
    assert sum(killed) >= 12
