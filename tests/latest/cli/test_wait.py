"""`wait`: ends when every instance is in the awaited state, with an outcome for each."""

from __future__ import annotations

import json
import subprocess
from itertools import pairwise

import pytest

from armsim import Simulator
from tests.latest.helpers.az import FLEX, Run
from tests.latest.helpers.faults import FAILS
from tests.latest.helpers.rows import statuses
from tests.latest.helpers.waits import wait_until
from tests.latest.helpers.worlds import changes
from tools.sandbox import AZ


def test_instances_are_waited_for_until_they_are_in_a_power_state(run: Run, sim: Simulator) -> None:
    sim.configure(seconds=4)
    assert run("deallocate", *FLEX, "--no-wait").exit == 0
    late = run("wait", *FLEX, "--power-state", "running", "--timeout", "1")
    assert (late.exit, statuses(late)) == (4, {"TimedOut": 6})
    done = run("wait", *FLEX, "--power-state", "deallocated", "stopped")
    assert (done.exit, statuses(done)) == (0, {"Succeeded": 6})
    assert [row["instance"] for row in done.json] == sim.names("flex")
    assert {row["operation"] for row in done.json} == {"wait"}
    assert all(one.ended is not None for one in sim.intervals())
    assert len(changes(sim)) == 6


def test_instances_are_waited_for_until_they_are_gone(run: Run, sim: Simulator, environment: dict[str, str]) -> None:
    sim.configure(seconds=600)
    first, second, *left = sim.names("flex")
    assert run("delete-instances", *FLEX, "--instance-ids", first, second, "--yes", "--no-wait").exit == 0
    before = sum(one["action"] == "get" for one in sim.requests())
    command = [str(AZ), "vmss-flex", "wait", *FLEX, "--instance-ids", first, second, "--deleted"]
    with subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE) as process:
        try:
            wait_until(sim, lambda sim: sum(one["action"] == "get" for one in sim.requests()) > before)
            sim.advance(1800)  # less than a token lasts
            stdout, _ = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0
    assert [(row["instance"], row["status"]) for row in json.loads(stdout)] == [
        (first, "Succeeded"),
        (second, "Succeeded"),
    ]
    assert sim.names("flex") == left
    gone = run("wait", *FLEX, "--instance-ids", first, "--deleted")
    assert (gone.exit, gone.json) == (0, [])
    assert f"No longer in the set: {first}" in gone.stderr
    never = run("wait", *FLEX, "--instance-ids", left[0], "--deleted", "--timeout", "1")
    assert (never.exit, statuses(never)) == (4, {"TimedOut": 1})


def test_an_instance_that_fails_during_the_wait_is_failed(run: Run, sim: Simulator) -> None:
    sim.configure(seconds=2)
    failing = sim.names("flex")[0]
    sim.add_fault({"action": "restart", "vm": failing, "fault": FAILS})
    assert run("restart", *FLEX, "--no-wait").exit == 0
    done = run("wait", *FLEX, "--updated")
    assert (done.exit, statuses(done)) == (4, {"Failed": 1, "Succeeded": 5})
    assert done.json[0]["instance"] == failing
    assert done.json[0]["error"]["code"] == "AllocationFailed"
    assert "1 Failed: AllocationFailed" in done.stderr


def test_a_custom_query_sees_what_show_prints(run: Run, sim: Simulator) -> None:
    name = sim.names("flex")[0]
    done = run("wait", *FLEX, "--exists", "--custom", "provisioningState=='Succeeded'", "--power-state", "running")
    assert (done.exit, statuses(done)) == (0, {"Succeeded": 6})
    other = run("wait", *FLEX, "--exists", "--custom", "location=='nowhere'", "--timeout", "1", "--instance-ids", name)
    assert (other.exit, statuses(other)) == (4, {"TimedOut": 1})


def test_the_interval_is_the_time_between_two_polls(run: Run, sim: Simulator) -> None:
    name = sim.names("flex")[0]
    command = ["wait", *FLEX, "--instance-ids", name, "--power-state", "stopped", "--interval", "2", "--timeout", "5"]
    assert run(*command).exit == 4
    polls = [one["monotonic"] for one in sim.requests() if one["action"] == "get"]
    assert 2 <= len(polls) <= 4
    assert all(after - before >= 1.9 for before, after in pairwise(polls[:-1]))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "wait needs a state to wait for."),
        (["--custom", "["], "--custom is not a valid JMESPath query"),
        (["--created", "--instance-ids", "nobody"], "nobody"),
    ],
)
def test_what_cannot_be_waited_for_is_refused(run: Run, arguments: list[str], told: str) -> None:
    done = run("wait", *FLEX, *arguments)
    assert (done.exit, done.stdout) == (1, "")
    assert told in done.stderr
