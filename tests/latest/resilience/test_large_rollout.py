"""A rollout of 300 instances in which much goes wrong, and the story of it that another process is told."""

from __future__ import annotations

import re
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from armsim import Simulator
from armsim.availability import most_unavailable
from armsim.world.description import default_description
from tests.latest.helpers.clouds import Cloud
from tests.latest.helpers.faults import FAILS
from tools.sandbox import AZ, log_in

VMS, BUDGET = 300, 30
ROLL = (
    "restart",
    "-g",
    "rg",
    "-n",
    "flex",
    "--power-state",
    "running",
    "--max-unavailable",
    "10%",
    "--max-errors",
    "2%",
)
GATE = ("--health-gate", "vm-agent", "--health-timeout", "5")
DOWN, FAILING, UNHEALTHY, DELETED = 10, 40, 50, 290  # their places in the set


def world() -> dict[str, Any]:
    described: dict[str, Any] = default_description(VMS)
    described["resourceGroups"]["rg"]["scaleSets"]["flex"]["overrides"] = {
        "*": {"agentReadyAfter": 0.1},
        f"#{DOWN}": {"powerState": "stopped"},
        f"#{UNHEALTHY}": {"agentReadyAfter": "never"},
    }
    return described


def begin(cloud: Cloud, *arguments: str) -> subprocess.Popen[str]:
    command = [str(AZ), "vmss-flex", *arguments]
    return subprocess.Popen(command, env=cloud.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def rolled_out(cloud: Cloud) -> tuple[subprocess.Popen[str], subprocess.Popen[str]]:
    """Begin the rollout, follow it from another process, and delete an instance meanwhile as another client."""
    run = begin(cloud, *ROLL, *GATE)
    while run.poll() is None and len(cloud.sim.accepted()) < BUDGET // 2:
        time.sleep(0.02)
    watch = begin(cloud, "job", "show", "last", "--watch")
    cloud.sim.remove_vm(cloud.sim.names("flex")[DELETED])
    return run, watch


@pytest.mark.proof
def test_a_rollout_of_three_hundred_ends_as_an_operator_wants_and_another_process_tells_it(tmp_path: Path) -> None:
    with Simulator(VMS, seconds=0.3, latency=0.002, retry_after="none") as sim:
        cloud = Cloud(sim, log_in(sim, tmp_path / "azure"))
        sim.reset(world())
        names = sim.names("flex")
        sim.add_fault({"action": "restart", "vm": names[FAILING], "times": 1, "fault": FAILS})
        run, watch = rolled_out(cloud)
        (_, err), (_, told) = run.communicate(timeout=120), watch.communicate(timeout=120)
        check_stopped(err, names)
        assert (run.returncode, watch.returncode) == (5, 5), told
        stop = re.findall("Stopped by .*", err)
        assert stop
        assert stop == re.findall("Stopped by .*", told)
        assert f"Failed: {names[FAILING]}" in told
        (command,) = re.findall("To resume: az vmss-flex (.*)", err)
        assert f"Next: az vmss-flex {command}" in told
        sim.remove_vm(names[UNHEALTHY])  # as an operator does who cannot mend it
        done = cloud.run(*command.split())
        others = {DOWN, FAILING, UNHEALTHY, DELETED}
        assert done.exit == 4, done.stderr
        status = {row["instance"]: row["status"] for row in done.json}
        assert {status[name] for place, name in enumerate(names) if place not in others} == {"Succeeded"}
        assert status[names[FAILING]] == "Failed"
        assert status[names[DELETED]] == "Skipped"
        assert names[DOWN] not in status
        sent = Counter({(name, "restart"): 1 for place, name in enumerate(names) if place not in (DOWN, DELETED)})
        assert sim.accepted() == sent
        assert most_unavailable(sim.availability(), sim.scale_sets["flex"]) <= BUDGET


def check_stopped(err: str, names: list[str]) -> None:
    """Check that a stopped run says what was down, what failed, and why it stopped."""
    assert f"1 is now: {names[DOWN]} (stopped); {BUDGET - 1} more may begin at once." in err
    assert f"AllocationFailed: No room. ({names[FAILING]})" in err
    assert f"Stopped by --health-gate vm-agent: not healthy after 5 s: {names[UNHEALTHY]}." in err
