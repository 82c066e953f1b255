"""The rolling window of --max-unavailable, by the simulator's own record of what was available."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from armsim import Simulator
from armsim.availability import most_unavailable
from armsim.world.description import default_description
from tests.latest.helpers.az import FLEX, WarmAz
from tests.latest.helpers.faults import FAILS
from tests.latest.helpers.logs import cut, records_of
from tests.latest.helpers.rows import statuses
from tests.latest.helpers.worlds import changes, zones_together

RESTART = ("restart", *FLEX)


def world(sim: Simulator, vms: int = 12, **overrides: dict[str, Any]) -> list[str]:
    found = default_description(vms)
    named = {"*" if place == "every" else f"#{place[1:]}": each for place, each in overrides.items()}
    found["resourceGroups"]["rg"]["scaleSets"]["flex"]["overrides"] = named
    sim.reset(found)
    return sim.names("flex")


def most(sim: Simulator) -> int:
    return most_unavailable(sim.availability(), sim.scale_sets["flex"])


def test_no_more_than_the_budget_are_unavailable_and_none_waits_for_a_batch(warm: WarmAz, sim: Simulator) -> None:
    world(sim, every={"agentReadyAfter": 0.2})
    done = warm.run(*RESTART, "--max-unavailable", "25%", "--health-gate", "vm-agent")
    assert (done.exit, statuses(done)) == (0, {"Succeeded": 12})
    assert most(sim) == 3
    assert {row["batch"] for row in done.json} == {1}


def test_without_the_window_the_record_shows_the_breach(warm: WarmAz, sim: Simulator) -> None:
    world(sim, every={"agentReadyAfter": 0.2})
    assert warm.run(*RESTART, "--max-parallel", "3").exit == 0
    assert most(sim) > 3  # no more are in operation, but their agents are not ready


def test_what_is_down_before_counts_and_is_said_before_anything_is_sent(warm: WarmAz, sim: Simulator) -> None:
    names = world(sim, vms=6, n2={"powerState": "stopped"})
    sim.configure(seconds=0.3)  # so that operations that may overlap do
    ways = ("--max-unavailable", "2", "--exclude", names[2])
    dry = warm.run(*RESTART, *ways, "--dry-run")
    line = (
        "Window: 2 of the 6 instances of flex may be unavailable at once; "
        f"1 is now: {names[2]} (stopped); 1 more may begin at once."
    )
    assert line in dry.stderr
    assert changes(sim) == []
    done = warm.run(*RESTART, *ways)
    assert (done.exit, statuses(done)) == (0, {"Succeeded": 5})
    assert line in done.stderr
    assert most(sim) == 2


def test_what_is_down_beyond_the_budget_can_be_started_and_nothing_else(warm: WarmAz, sim: Simulator) -> None:
    names = world(sim, n0={"powerState": "stopped"}, n1={"powerState": "stopped"})
    refused = warm.run(*RESTART, "--max-unavailable", "1", "--instance-ids", *names[2:])
    assert (refused.exit, statuses(refused)) == (5, {"NotStarted": 10})
    assert (
        f"Stopped by --max-unavailable, 1 of flex: 2 instances are unavailable: {names[0]} (stopped), "
        f"{names[1]} (stopped)."
    ) in refused.stderr
    assert changes(sim) == []
    assert warm.run("start", *FLEX, "--max-unavailable", "1", "--instance-ids", *names[:2]).exit == 0
    assert warm.run(*RESTART, "--max-unavailable", "1").exit == 0
    assert most(sim) == 2  # those of the beginning


def test_failed_instances_use_the_budget_up_and_stop_the_run(warm: WarmAz, sim: Simulator, tmp_path: Path) -> None:
    log, names = str(tmp_path / "log"), world(sim)
    sim.configure(seconds=0.2)
    for name in (names[0], names[3]):
        sim.add_fault({"action": "restart", "vm": name, "times": 1, "fault": FAILS})
    done = warm.run(*RESTART, "--max-unavailable", "2", "--job-log", log)
    assert done.exit == 5
    assert statuses(done)["Failed"] == 2
    assert "Stopped by --max-unavailable, 2 of flex: 2 instances are unavailable" in done.stderr
    assert f"{names[0]} (Failed)" in done.stderr
    assert most(sim) == 2
    assert f"To resume: az vmss-flex restart --resume {log}" in done.stderr
    last = warm.run("restart", "--retry-failed", log)  # they are unavailable already, so they may begin
    assert (last.exit, set(statuses(last))) == (0, {"Succeeded"})
    assert most(sim) == 2


def test_a_refusal_that_leaves_an_instance_available_takes_nothing_of_the_budget(warm: WarmAz, sim: Simulator) -> None:
    names = world(sim)
    sim.add_fault({"action": "restart", "vm": names[0], "fault": {"status": 409, "code": "Conflict", "message": "No."}})
    done = warm.run(*RESTART, "--max-unavailable", "1")
    assert (done.exit, statuses(done)) == (4, {"Failed": 1, "Succeeded": 11})
    assert most(sim) == 1


def test_each_domain_has_its_window_in_turn(warm: WarmAz, sim: Simulator) -> None:
    world(sim)
    sim.configure(seconds=0.2)
    done = warm.run(*RESTART, "--max-unavailable", "2", "--batch-by", "zone")
    assert (done.exit, statuses(done)) == (0, {"Succeeded": 12})
    assert most(sim) == 2
    assert zones_together(sim) == []


def test_each_set_has_a_budget_of_its_own(warm: WarmAz, sim: Simulator) -> None:
    sets = [sim.scale_sets[name] for name in ("flex", "flex2")]
    done = warm.run("restart", "--ids", *sets, "--max-unavailable", "1")
    assert (done.exit, set(statuses(done))) == (0, {"Succeeded"})
    assert [most_unavailable(sim.availability(), one) for one in sets] == [1, 1]


def test_hooks_and_the_gate_are_those_of_each_instance(warm: WarmAz, sim: Simulator, tmp_path: Path) -> None:
    names, given = world(sim, vms=4, every={"agentReadyAfter": 0.1}), tmp_path / "given"
    ways = ("--max-unavailable", "1", "--health-gate", "vm-agent", "--job-log", str(tmp_path / "log"))
    done = warm.run(*RESTART, *ways, "--after-batch", f"cat >> {given}; echo >> {given}")
    assert (done.exit, statuses(done)) == (0, {"Succeeded": 4})
    hooks = [json.loads(line) for line in given.read_text("utf-8").splitlines()]
    assert [[each["name"] for each in one["instances"]] for one in hooks] == [[name] for name in names]
    assert [one["outcomes"][0]["status"] for one in hooks] == ["Succeeded"] * 4
    ended = [one["instance"] for one in records_of(tmp_path / "log") if one["record"] == "turn"]
    assert ended == [row["id"] for row in done.json]


def test_an_instance_that_does_not_become_healthy_stops_the_run_and_is_waited_for_again(
    warm: WarmAz, sim: Simulator, tmp_path: Path
) -> None:
    log, names = tmp_path / "log", world(sim, vms=4)
    healthy = tmp_path / "healthy"
    command = f"test $VMSS_FLEX_INSTANCE != {names[1]} -o -e {healthy}"
    gate = ("--health-gate", "command", "--health-command", command, "--health-timeout", "1")
    done = warm.run(*RESTART, "--max-unavailable", "1", *gate, "--job-log", str(log))
    assert (done.exit, statuses(done)) == (5, {"Succeeded": 2, "NotStarted": 2})
    assert done.json[1]["reason"].startswith("Not healthy after 1 s: --health-command")
    again = warm.run("restart", "--resume", str(log))
    assert (again.exit, statuses(again)) == (5, {"Succeeded": 2, "NotStarted": 2})
    healthy.touch()
    last = warm.run("restart", "--resume", str(log))
    assert (last.exit, statuses(last)) == (0, {"Succeeded": 4})
    assert most(sim) == 1
    assert set(sim.accepted().values()) == {1}


def test_a_resumed_run_keeps_its_budget_and_counts_what_is_in_operation(
    warm: WarmAz, sim: Simulator, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    world(sim)
    sim.configure(seconds=1)
    assert warm.run(*RESTART, "--max-unavailable", "25%", "--job-log", str(log), "--max-errors", "1").exit == 0
    sim.reset(default_description(12), seconds=1)
    cut(log, lambda one: one["record"] == "plan")
    last = warm.run("restart", "--resume", str(log))
    assert (last.exit, statuses(last)) == (0, {"Succeeded": 12})
    assert records_of(log)[0]["window"] == [{"scaleSet": sim.scale_sets["flex"], "of": 12, "allowed": 3}]
    assert most(sim) == 3
    changed = warm.run("restart", "--resume", str(log), "--max-unavailable", "50%")
    assert "--max-unavailable would change the plan in the job log." in changed.stderr


@pytest.mark.parametrize(
    ("command", "options", "error"),
    [
        ("restart", ["--batch-size", "2"], "--max-unavailable and --batch-size cannot be combined"),
        ("restart", ["--engine", "set"], "--max-unavailable and --engine set cannot be combined"),
        ("restart", ["--no-wait"], "--no-wait and --max-unavailable cannot be combined"),
        ("stop", [], "--max-unavailable: after stop no instance is available again."),
        ("restart", ["--max-unavailable", "0"], "is neither a number of instances nor a percentage above 0"),
    ],
)
def test_what_does_not_go_with_a_window_is_refused_before_anything_is_asked(
    warm: WarmAz, sim: Simulator, command: str, options: list[str], error: str
) -> None:
    done = warm.run(command, *FLEX, "--max-unavailable", "1", *options)
    assert done.exit in (1, 2)
    assert error in done.stderr
    assert sim.requests() == []
