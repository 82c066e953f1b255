"""The budget of a rolling window and the rotation through random runs, a third of them killed and resumed."""

from __future__ import annotations

import random
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from armsim import Simulator
from armsim.availability import most_unavailable
from azext_flexcompare.joblog.drains import out_of_rotation
from tests.latest.helpers.az import Ran
from tests.latest.helpers.clouds import CLOUDS, Cloud, in_clouds, kill_at
from tests.latest.helpers.faults import FAILS
from tests.latest.helpers.logs import records_of
from tests.latest.helpers.rotation import admin_states, balanced, operated_in_rotation

SEED = 7
VMS = 20
REQUESTS = 90  # of a run that is not killed, at least
GATE = ("--health-gate", "vm-agent", "--health-timeout", "60", "--bake", "0.1")


class Roll(NamedTuple):
    """How a run went: whether it was killed, took instances out of rotation, and the share of its budget it used."""

    killed: bool
    drained: bool
    most: int
    budget: int


def roll(folder: Path, cloud: Cloud, number: int) -> Roll:
    """Carry out a run with a window and a gate, mostly with drain, killed at times and resumed; check what is left."""
    chance = random.Random(f"{SEED} {number}")  # noqa: S311  (not for secrets)
    log, budget, names = folder / f"{number}.log", chance.randint(1, 6), [f"web_{one}" for one in range(1, VMS + 1)]
    down = chance.sample(names, chance.randint(0, min(2, budget - 1)))
    overrides: dict[str, Any] = {"*": {"agentReadyAfter": 0.2}, **{name: {"powerState": "stopped"} for name in down}}
    cloud.sim.reset(balanced(names, overrides=overrides))
    chosen = [name for name in names if name not in down]
    failing = chance.choice(chosen) if chance.random() < 0.3 and budget > len(down) + 1 else None
    if failing:
        cloud.sim.add_fault({"action": "restart", "vm": failing, "times": 1, "fault": FAILS})
    drain = chance.choice(((), ("--drain", "auto"), ("--drain", "auto", "--drain-time", "0.1")))
    command = ("-g", "rg", "-n", "flex", "--instance-ids", *chosen, "--max-unavailable", str(budget), *GATE, *drain)
    moment = chance.randint(20, REQUESTS + 30 * bool(drain))
    killed = number % 3 == 0 and kill_at(cloud, moment, *command, "--job-log", str(log))
    begun = log.exists() and b"\n" in log.read_bytes()
    if not begun:
        log.unlink(missing_ok=True)
    ran = cloud.run("restart", *(("--resume", str(log)) if begun else (*command, "--job-log", str(log))))
    told = f"{number}, budget {budget}, {len(down)} down, {drain}, killed {killed}: {ran.stderr}{ran.stdout}"
    most = most_unavailable(cloud.sim.availability(), cloud.sim.scale_sets["flex"])
    assert most <= budget, told
    assert cloud.sim.accepted() == Counter({(name, "restart"): 1 for name in chosen}), told
    assert ran.exit == (4 if failing else 0), told
    assert [row["instance"] for row in ran.json if row["status"] == "Failed"] == [failing] * bool(failing), told
    check_rotation(cloud.sim, ran, chosen=chosen, failing=failing, drained=bool(drain), told=told)
    named = {one.instance.rpartition("/")[2] for one in out_of_rotation(records_of(log))}
    assert named == {*admin_states(cloud.sim)}, told
    return Roll(killed, bool(drain), most, budget)


def check_rotation(
    sim: Simulator, ran: Ran, *, chosen: list[str], failing: str | None, drained: bool, told: str
) -> None:
    """Check that nobody was operated on in rotation, and that nobody is out of it but who failed and is named."""
    assert operated_in_rotation(sim) == ([] if drained else sorted(chosen)), told
    left = {failing: "Down"} if drained and failing else {}
    assert admin_states(sim) == left, told
    assert (f"1 instance out of rotation: {failing}." in ran.stderr) is bool(left), told


def roll_all(number: int, at_once: int, folder: Path) -> list[Roll]:
    return in_clouds(at_once, folder, partial(roll, folder), number, seconds=0.3, latency=0.01)


def test_the_budget_and_the_rotation_are_kept_through_kills_and_nothing_is_sent_twice(tmp_path: Path) -> None:
    assert sum(one.drained for one in roll_all(3, 2, tmp_path)) >= 2


@pytest.mark.proof
def test_the_budget_and_the_rotation_are_kept_through_fifty_runs(tmp_path: Path) -> None:
    began = time.monotonic()
    runs = roll_all(50, CLOUDS, tmp_path)
    killed, drained = [one for one in runs if one.killed], [one for one in runs if one.drained]
    both, full = [one for one in killed if one.drained], sum(one.most == one.budget for one in runs)
    print(  # noqa: T201
        f"\n{len(runs)} runs, {len(killed)} killed, {len(drained)} with drain, {len(both)} of them killed, "
        f"{full} used their whole budget, none more; {time.monotonic() - began:.0f} s"
    )
    assert len(runs) == 50
    assert len(killed) >= 12
    assert len(both) >= 6
