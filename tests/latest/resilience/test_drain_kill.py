"""Runs that take instances out of rotation, killed at any moment: nobody is left out of it unknowingly."""

from __future__ import annotations

import random
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from armsim import Simulator
from azext_flexcompare.joblog.drains import out_of_rotation
from tests.latest.helpers.az import Ran
from tests.latest.helpers.clouds import CLOUDS, Cloud, in_clouds, kill_at
from tests.latest.helpers.logs import records_of
from tests.latest.helpers.network import LOST
from tests.latest.helpers.rotation import admin_states, balanced, operated_in_rotation

SEED = 11
NAMES = [f"web_{number}" for number in range(1, 13)]
OTHERS = {"web_3": "Up", "web_4": "Down"}  # states that are not this run's
RUN = ("-g", "rg", "-n", "flex", "--drain", "auto", "--batch-size", "2", "5")
GATE = ("--health-gate", "command", "--health-command", "true")
REQUESTS = 110  # of a run that ends by itself, about
RACES: list[dict[str, Any]] = [
    {"action": "pool-put", "share": 0.3, "per": "all", "fault": LOST},
    {"action": "pool-put", "share": 0.1, "per": "all", "fault": {"kind": "drop-after"}},
    {"action": "pool-put", "share": 0.1, "per": "all", "fault": {"status": 429, "retryAfter": 1}},
]


def survive(folder: Path, cloud: Cloud, number: int) -> int:
    """Kill a run once or several times, see it finished, and return how often it was killed."""
    chance = random.Random(f"{SEED} {number}")  # noqa: S311  (not for secrets)
    log = folder / f"{number}.log"
    failing = chance.choice([None, *NAMES])
    cloud.sim.reset(world=balanced(NAMES, states=OTHERS))
    for fault in chance.sample(RACES, chance.randint(0, len(RACES))):
        cloud.sim.add_fault({**fault, "seed": number})
    if failing:
        cloud.sim.add_fault({"action": "restart", "vm": failing, "times": 1, "fault": {"kind": "fail"}})
    gate = GATE if chance.random() < 0.5 else ()
    kills = int(kill_at(cloud, chance.randint(1, REQUESTS), *RUN, *gate, "--job-log", str(log)))
    while log.exists() and b"\n" in log.read_bytes() and chance.random() < 0.4:
        moment = cloud.sim.counts()["requests"] + chance.randint(1, REQUESTS // 2)
        kills += kill_at(cloud, moment, "--resume", str(log))
    if log.exists() and b"\n" in log.read_bytes() and chance.random() < 0.3:
        put_back(cloud, log)
    finish(cloud, log, gate, failing)
    return kills


def put_back(cloud: Cloud, log: Path) -> None:
    """Let what was sent end, and put back whom the log of a killed run names: everybody who is out by this run."""
    while any(one.ended is None for one in cloud.sim.intervals()):
        time.sleep(0.02)
    named = {one.instance.rpartition("/")[2] for one in out_of_rotation(records_of_killed(log))}
    assert set(admin_states(cloud.sim)) - set(OTHERS) <= named
    ran = cloud.run("undrain", "--job", str(log))
    assert ran.exit == 0, ran.stderr
    assert admin_states(cloud.sim) == OTHERS, ran.stderr


def records_of_killed(log: Path) -> list[dict[str, Any]]:
    """Read a log without its torn last line."""
    whole = log.with_suffix(".whole")
    whole.write_bytes(log.read_bytes().rpartition(b"\n")[0] + b"\n")
    return records_of(whole)


def finish(cloud: Cloud, log: Path, gate: tuple[str, ...], failing: str | None) -> None:
    """Resume a run and check what has become of every instance."""
    begun = log.exists() and b"\n" in log.read_bytes()
    if not begun:
        log.unlink(missing_ok=True)
    ran = cloud.run("restart", *(("--resume", str(log)) if begun else (*RUN, *gate, "--job-log", str(log))))
    told = f"{log.name}: {ran.stderr}"
    assert ran.exit == (4 if failing else 0), told
    expected = {name: "Failed" if name == failing else "Succeeded" for name in NAMES}
    assert {row["instance"]: row["status"] for row in ran.json} == expected, told
    assert cloud.sim.accepted() == Counter({(name, "restart"): 1 for name in NAMES}), told
    assert operated_in_rotation(cloud.sim) == [], told
    check_rotation(cloud.sim, ran, failing, told)
    assert out_of_rotation(records_of(log)) == [] or failing


def check_rotation(sim: Simulator, ran: Ran, failing: str | None, told: str) -> None:
    """Check that nobody is out at the end but who failed, that it is named, and that others' states are theirs."""
    found = admin_states(sim)
    assert {name for name in found if name not in OTHERS} <= {failing}, told
    assert found["web_4"] == "Down", told
    assert found["web_3"] == "Up" or failing == "web_3", told
    left = failing in found and failing != "web_4" and found[str(failing)] == "Down"
    assert (f"1 instance out of rotation: {failing}." in ran.stderr) is left, told


def survive_all(number: int, at_once: int, folder: Path) -> list[int]:
    return in_clouds(at_once, folder, partial(survive, folder), number, seconds=0.1, latency=0.02)


def test_a_run_with_drain_that_was_killed_leaves_nobody_out_of_rotation_unknowingly(tmp_path: Path) -> None:
    assert len(survive_all(4, 2, tmp_path)) == 4


@pytest.mark.proof
def test_fifty_kills_of_runs_with_drain_leave_nobody_out_of_rotation_unknowingly(tmp_path: Path) -> None:
    began = time.monotonic()
    kills = survive_all(60, CLOUDS, tmp_path)
    print(f"\n{sum(kills)} kills of {len(kills)} runs, {time.monotonic() - began:.0f} s")  # noqa: T201
    assert sum(kills) >= 50
