"""Runs by zone, disturbed and killed at random: no two zones are ever in operation together."""

from __future__ import annotations

import random
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from armsim import Simulator
from tests.latest.helpers.az import FLEX
from tests.latest.helpers.clouds import CLOUDS, Cloud, in_clouds, kill_at
from tests.latest.helpers.faults import FAILS
from tests.latest.helpers.worlds import zones_together

ZONE_RUNS = 50


def disturb(sim: Simulator, chance: random.Random) -> None:
    """Let a few things go wrong, and different ones each time."""
    names, seed = sim.names("flex"), chance.randint(0, 999)
    refused = {"status": 409, "code": "Conflict", "message": "Busy."}
    for fault, odds in (
        ({"share": 0.2, "times": 1, "fault": {"status": 429, "retryAfter": 1}}, 0.5),
        ({"share": 0.2, "fault": FAILS}, 0.4),
        ({"share": 0.1, "times": 1, "fault": {"kind": "drop-after"}}, 0.3),
        ({"share": 0.1, "times": 1, "fault": {"kind": "drop-before"}}, 0.2),
        ({"share": 0.1, "fault": {"kind": "gone"}}, 0.2),
        ({"share": 0.1, "fault": refused}, 0.2),
        ({"vm": chance.choice(names), "fault": {"kind": "stuck"}}, 0.4),
    ):
        if chance.random() < odds:
            sim.add_fault({"action": "restart", **({"seed": seed} if "share" in fault else {}), **fault})
    if chance.random() < 0.3:
        sim.add_fault({"action": "poll", "share": 0.2, "seed": seed, "fault": {"status": 503}})


def zone_run(folder: Path, cloud: Cloud, number: int) -> Counter[str]:
    """Roll out at random, killed now and then, and go on until nothing changes; count what happened."""
    chance, sim = random.Random(f"zones {number}"), cloud.sim  # noqa: S311  (not for secrets)
    log = str(folder / f"{number}.log")
    sim.reset(vms=18, seconds=chance.choice([0.05, 0.3, 1, 4]))
    disturb(sim, chance)
    options = ["--batch-by", *chance.choice([["zone"], ["zone"], ["zone", "fault-domain"]]), "--timeout", "3"]
    options += ["--batch-size", *chance.choice([["100%"], ["1", "3"], ["50%"], ["2"]])]
    options += ["--max-parallel", "3"] if chance.random() < 0.3 else []
    happened = Counter[str]()
    if chance.random() < 0.3:
        happened["killed"] += kill_at(cloud, chance.randint(4, 40), *FLEX, *options, "--job-log", log)
    resumed = Path(log).exists() and Path(log).stat().st_size
    ways = [["--resume", log] if resumed else [*FLEX, *options, "--job-log", log], ["--resume", log]]
    for way in ways:
        done = cloud.run("restart", *way)
        happened[f"exit {done.exit}"] += 1
        happened["stopped by --batch-by"] += "Stopped by --batch-by" in done.stderr
        if done.exit != 5:
            break
        if chance.random() < 0.5:
            sim.advance(3600)
    assert zones_together(sim) == [], f"run {number}: {options}"
    happened["operations"] += len(sim.intervals())
    happened["zones reached"] += len({one.zone for one in sim.intervals()})
    return happened


def test_no_two_zones_are_in_operation_together(sim: Simulator, environment: dict[str, str], tmp_path: Path) -> None:
    assert zone_run(tmp_path, Cloud(sim, environment), 2)["zones reached"] > 1


@pytest.mark.proof
def test_in_fifty_random_runs_no_two_zones_are_ever_in_operation_together(tmp_path: Path) -> None:
    runs = in_clouds(CLOUDS, tmp_path, partial(zone_run, tmp_path), ZONE_RUNS)
    happened = sum(runs, Counter[str]())
    print(f"\n{ZONE_RUNS} runs by zone: {dict(sorted(happened.items()))}")  # noqa: T201
    assert happened["stopped by --batch-by"] >= 5
    assert happened["zones reached"] >= 2 * ZONE_RUNS
