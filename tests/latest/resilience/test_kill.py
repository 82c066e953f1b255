"""Killed runs: each instance is sent exactly once, at whatever moment the run was killed."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from armsim import Simulator
from tests.latest.helpers.az import FLEX, Run
from tests.latest.helpers.clouds import CLOUDS, IN_EACH, Cloud, in_clouds, kill_at

SEED = 5
REQUESTS = 130  # of a run that nobody kills, about; a moment is the number of requests that the simulator has seen
ANEW = ("-g", "rg", "-n", "flex", "--max-parallel", "20")
LATE = "after the end"
THROTTLED = {"action": "restart", "share": 0.1, "times": 1, "fault": {"status": 429, "retryAfter": 1}}


class Killed(NamedTuple):
    """What a killed run left in its log."""

    phase: str
    torn: bool
    doubtful: int  # sent, perhaps not accepted
    open: int  # accepted, and not seen to the end


def left_in(log: Path) -> Killed:
    """Say how far a killed run had come, by its log."""
    content = log.read_bytes() if log.exists() else b""
    whole, _, torn = content.rpartition(b"\n")
    records: list[dict[str, Any]] = [json.loads(line) for line in whole.splitlines()]
    kinds = {
        kind: {one["id"] for one in records if one["record"] == kind} for kind in ("intent", "accepted", "outcome")
    }
    doubtful = len(kinds["intent"] - kinds["accepted"] - kinds["outcome"])
    open_ = len(kinds["accepted"] - kinds["outcome"])
    ended = len(kinds["outcome"])
    if not records:
        phase = "before the plan"
    elif not kinds["intent"]:
        phase = "planned, nothing sent"
    elif ended == IN_EACH:
        phase = "all ended"
    else:
        phase = " and ".join(
            [f"{'some' if ended else 'none'} ended"]
            + ["sent without acceptance"] * bool(doubtful)
            + ["accepted without end"] * bool(open_)
        )
    return Killed(phase, bool(torn), doubtful, open_)


def survive(folder: Path, cloud: Cloud, number: int) -> list[Killed]:
    """Kill a run at a moment, and now and then whoever resumes it as well; then see it finished."""
    chance = random.Random(f"{SEED} {number}")  # noqa: S311  (not for secrets)
    log = folder / f"{number}.log"
    cloud.sim.reset()
    if chance.random() < 0.3:
        cloud.sim.add_fault({**THROTTLED, "seed": number})
    moment, kills = chance.randint(1, REQUESTS), list[Killed]()
    killed = kill_at(cloud, moment, *ANEW, "--job-log", str(log))
    kills.append(left_in(log) if killed else Killed(LATE, torn=False, doubtful=0, open=0))
    while kills[-1].phase not in ("before the plan", LATE) and chance.random() < 0.25:
        moment = cloud.sim.counts()["requests"] + chance.randint(1, REQUESTS // 3)
        if kill_at(cloud, moment, "--resume", str(log)):
            kills.append(left_in(log))
    finish(cloud, log, begun=kills[-1].phase != "before the plan")
    return kills


def finish(cloud: Cloud, log: Path, begun: bool) -> None:
    """Resume a run and check what has become of every instance."""
    if begun:
        way = ("--resume", str(log))
    else:  # it is refused, and nothing was sent
        assert cloud.run("restart", "--resume", str(log)).exit == 1
        assert not cloud.sim.accepted()
        log.unlink(missing_ok=True)
        way = (*ANEW, "--job-log", str(log))
    ran = cloud.run("restart", *way)
    told = f"{log.name}: {ran.stderr}"
    assert {row["instance"]: row["status"] for row in ran.json} == dict.fromkeys(
        cloud.sim.names("flex"), "Succeeded"
    ), told
    assert cloud.sim.accepted() == Counter({(name, "restart"): 1 for name in cloud.sim.names("flex")}), told
    assert ran.exit == 0, told


def survive_all(number: int, at_once: int, folder: Path) -> list[list[Killed]]:
    return in_clouds(at_once, folder, partial(survive, folder), number, seconds=0.3, latency=0.03)


def test_a_run_that_was_killed_is_finished_and_nothing_is_sent_twice(tmp_path: Path) -> None:
    assert len(survive_all(6, 2, tmp_path)) == 6


@pytest.mark.parametrize("moment", [4, 6, 9])
def test_a_job_that_was_killed_is_listed_so_and_resumed_by_last(
    run: Run, sim: Simulator, environment: dict[str, str], moment: int
) -> None:
    sim.configure(seconds=0.3, latency=0.05)
    assert kill_at(Cloud(sim, environment), moment, *FLEX, "--max-parallel", "2")
    listed = run("job", "list").json[-1]
    assert (listed["state"], listed["exit"], listed["instances"]) == ("killed", None, 6)
    watched = run("job", "show", "--watch")
    assert watched.exit == 130
    assert watched.json["next"] == f"az vmss-flex restart --resume {listed['job']}"
    done = run("restart", "--resume", "last")
    assert (done.exit, {row["status"] for row in done.json}) == (0, {"Succeeded"})
    assert sim.accepted() == Counter({(name, "restart"): 1 for name in sim.names("flex")})
    assert run("job", "show", "-o", "json").json["state"] == "ended"


@pytest.mark.proof
def test_two_hundred_kills_are_survived_and_nothing_is_sent_twice(tmp_path: Path) -> None:
    began = time.monotonic()
    runs = survive_all(200, CLOUDS, tmp_path)
    kills = [kill for run in runs for kill in run if kill.phase != LATE]
    print(f"\n{len(kills)} kills of 200 runs of {IN_EACH} instances, {time.monotonic() - began:.0f} s")  # noqa: T201
    for phase, hits in Counter(kill.phase for kill in kills).most_common():
        print(f"{hits:5} {phase}")  # noqa: T201
    print(f"{sum(kill.torn for kill in kills):5} with a torn last line")  # noqa: T201
    print(f"{sum(kill.doubtful for kill in kills):5} instances sent without acceptance")  # noqa: T201
    print(f"{sum(kill.open for kill in kills):5} instances accepted without end")  # noqa: T201
    assert len(kills) >= 200
    assert sum(bool(kill.doubtful) for kill in kills) >= 20
    assert sum(bool(kill.open) for kill in kills) >= 20
