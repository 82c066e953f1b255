"""Instances out of rotation: around the operations of a run, and by the commands `drain` and `undrain`."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from armsim import Simulator
from armsim.availability import most_unavailable
from tests.latest.helpers.az import FLEX, WarmAz
from tests.latest.helpers.logs import records_of
from tests.latest.helpers.network import LOST
from tests.latest.helpers.rotation import HTTP, MEMBERS, admin_states, balanced, operated_in_rotation, pool_writes
from tests.latest.helpers.rows import status_of_each
from tests.latest.helpers.waits import wait_until
from tests.latest.helpers.worlds import changes
from tools.sandbox import AZ

RESTART = ("restart", *FLEX)
AUTO = ("--drain", "auto")
FLEX_UNDRAIN = ("undrain", *FLEX)
FORBIDDEN = {"status": 403, "code": "AuthorizationFailed", "message": "No."}


@pytest.fixture
def lb(sim: Simulator) -> Simulator:
    sim.reset(world=balanced())
    return sim


def drains_of(log: Path) -> list[tuple[str, str, list[str]]]:
    records = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    return [
        (one["record"], one["state"], [each["id"].rpartition("/")[2] for each in one["addresses"]])
        for one in records
        if one["record"] in ("drain", "undrain")
    ]


def test_nobody_is_operated_on_in_rotation_and_a_batch_is_one_write_of_the_pool(
    warm: WarmAz, lb: Simulator, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    done = warm.run(*RESTART, *AUTO, "--batch-size", "2", "--job-log", str(log))
    assert done.exit == 0, done.stderr
    assert operated_in_rotation(lb) == []
    assert len(pool_writes(lb)) == 2 * 3
    assert admin_states(lb) == {}
    assert drains_of(log)[:4] == [
        ("drain", "begun", MEMBERS[:2]),
        ("drain", "ended", MEMBERS[:2]),
        ("undrain", "begun", MEMBERS[:2]),
        ("undrain", "ended", MEMBERS[:2]),
    ]
    assert "rotation" not in done.stderr


def test_without_drain_they_are_operated_on_in_rotation(warm: WarmAz, lb: Simulator) -> None:
    warm.run(*RESTART)
    assert operated_in_rotation(lb) == MEMBERS
    assert pool_writes(lb) == []


def test_the_states_of_others_are_kept_and_restored(warm: WarmAz, sim: Simulator) -> None:
    before = {"web_2": "Up", "web_3": "Down", "web_6": "Up"}
    sim.reset(world=balanced(states=before))
    done = warm.run(*RESTART, "--drain", "lb/pool", "--instance-ids", *MEMBERS[:4])
    assert done.exit == 0, done.stderr
    assert operated_in_rotation(sim) == []
    assert admin_states(sim) == before


@pytest.mark.parametrize("more", [(), ("--undrain-failed",)], ids=["", "undrain-failed"])
def test_an_instance_that_failed_stays_out_and_is_named(
    warm: WarmAz, lb: Simulator, tmp_path: Path, more: tuple[str, ...]
) -> None:
    log = str(tmp_path / "log")
    lb.add_fault({"action": "restart", "vm": "web_2", "times": 1, "fault": {"kind": "fail"}})
    done = warm.run(*RESTART, *AUTO, "--job-log", log, *more)
    assert done.exit == 4
    if more:
        assert admin_states(lb) == {}
        assert "out of rotation" not in done.stderr
        return
    assert admin_states(lb) == {"web_2": "Down"}
    assert "1 instance out of rotation: web_2." in done.stderr
    assert f"To put back into rotation: az vmss-flex undrain --job {log}" in done.stderr
    retried = warm.run("restart", "--retry-failed", log)
    assert (retried.exit, retried.json[0]["status"]) == (0, "Succeeded")
    assert operated_in_rotation(lb) == []
    assert admin_states(lb) == {}


def test_undrain_puts_back_whom_a_log_names_once(warm: WarmAz, sim: Simulator, tmp_path: Path) -> None:
    log = str(tmp_path / "log")
    sim.reset(world=balanced(states={"web_2": "Up", "web_3": "Down"}))
    sim.add_fault({"action": "restart", "vm": "web_[24]", "fault": {"kind": "fail"}})
    warm.run(*RESTART, *AUTO, "--job-log", log)
    assert admin_states(sim) == {"web_2": "Down", "web_3": "Down", "web_4": "Down"}
    planned = warm.run("undrain", "--job", log, "--dry-run")
    assert [row["status"] for row in planned.json] == ["Planned"] * 2
    assert warm.run(*FLEX_UNDRAIN, "--instance-ids", "web_4").exit == 0  # by another hand
    done = warm.run("undrain", "--job", log)
    assert status_of_each(done) == {"web_2": "Succeeded", "web_4": "Skipped"}
    assert admin_states(sim) == {"web_2": "Up", "web_3": "Down"}
    assert [one["exit"] for one in records_of(Path(log)) if one["record"] == "end"] == [4, 4]
    assert records_of(Path(log))[-1]["record"] == "end"
    again = warm.run("undrain", "--job", log)
    assert (again.exit, again.json) == (0, [])
    assert "left no instance out of rotation" in again.stderr


def test_an_instance_that_does_not_become_healthy_stays_out(warm: WarmAz, sim: Simulator, tmp_path: Path) -> None:
    log = str(tmp_path / "log")
    healthy = {one: {"vmHealth": "unhealthy" if one == "web_2" else "healthy"} for one in MEMBERS}
    sim.reset(world=balanced(overrides=healthy))
    gate = ("--health-gate", "app-health", "--health-timeout", "1")
    done = warm.run("reapply", *FLEX, *AUTO, "--batch-size", "3", *gate, "--job-log", log)
    assert done.exit == 5
    assert admin_states(sim) == {"web_2": "Down"}
    assert "1 instance out of rotation: web_2." in done.stderr
    assert {one["vm"] for one in sim.requests() if one["action"] == "reapply"} == set(MEMBERS[:3])


def test_a_lost_race_and_a_lost_answer_are_repeated_from_a_fresh_read(
    warm: WarmAz, lb: Simulator, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    lb.add_fault({"action": "pool-put", "times": 2, "per": "all", "fault": LOST})
    lb.add_fault({"action": "pool-put", "nth": 3, "per": "all", "fault": {"kind": "drop-after"}})
    done = warm.run(*RESTART, *AUTO, "--job-log", str(log))
    assert done.exit == 0, done.stderr
    assert operated_in_rotation(lb) == []
    assert admin_states(lb) == {}
    assert "Batch 1 leaves no instance in rotation in lb/pool." in done.stderr
    assert [one[1] for one in drains_of(log)] == [*["begun", "dropped"] * 2, "begun", "ended", "begun", "ended"]


def test_a_pool_that_cannot_be_written_stops_the_run_before_anything_is_sent(warm: WarmAz, sim: Simulator) -> None:
    pools = {"pool": {"scaleSets": ["flex"]}, "second": {"scaleSets": ["flex"]}}
    rules = {"http": HTTP, "tls": {**HTTP, "pool": "second", "frontendPort": 443}}
    sim.reset(world=balanced(backendPools=pools, loadBalancingRules=rules))
    sim.add_fault({"action": "pool-put", "nth": 2, "per": "all", "fault": FORBIDDEN})
    done = warm.run(*RESTART, *AUTO)
    assert done.exit == 5
    assert "Stopped by --drain: the instances in backend pool lb/second could not be taken out" in done.stderr
    assert not sim.intervals()
    assert admin_states(sim) == {}  # those of the first pool are back
    assert "out of rotation: web" not in done.stderr


def test_an_instance_that_cannot_be_put_back_stops_the_run_and_is_named(warm: WarmAz, lb: Simulator) -> None:
    lb.add_fault({"action": "pool-put", "nth": 2, "per": "all", "fault": FORBIDDEN})
    done = warm.run(*RESTART, *AUTO, "--instance-ids", "web_1", "web_2", "--no-job-log")
    assert done.exit == 5
    assert "could not be put back: AuthorizationFailed" in done.stderr
    assert "2 instances out of rotation: web_1, web_2." in done.stderr
    assert "az vmss-flex undrain -g rg -n flex --instance-ids web_1 web_2" in done.stderr
    assert admin_states(lb) == dict.fromkeys(MEMBERS[:2], "Down")


def test_whoever_was_not_sent_is_put_back_after_a_stop(warm: WarmAz, lb: Simulator) -> None:
    lb.add_fault({"action": "restart", "vm": "web_1", "fault": {"kind": "fail"}})
    done = warm.run(*RESTART, *AUTO, "--max-parallel", "1", "--max-errors", "1")
    assert done.exit == 5
    assert admin_states(lb) == {"web_1": "Down"}
    assert operated_in_rotation(lb) == []


NO_PROBE = {**HTTP}
del NO_PROBE["probe"]


@pytest.mark.parametrize(
    ("world", "given", "exit_", "said"),
    [
        (balanced(sku="Basic"), ("auto",), 1, "is of the Basic SKU, which has no administrative states"),
        (balanced(loadBalancingRules={"http": NO_PROBE}), ("lb",), 1, "rule http has no health probe"),
        (balanced(), ("lb/nope",), 3, "load balancer lb has no backend pool nope"),
        (balanced(), ("nope",), 3, "nope"),
        (balanced(backendPools={"pool": []}), ("lb/pool",), 1, "none of the 6 chosen instances is in a backend pool"),
        (balanced(), ("auto", "lb"), 1, "auto and names of load balancers cannot be combined"),
        (balanced(), ("a b",), 2, "is neither LB, LB/POOL"),
    ],
    ids=["Basic", "no probe", "no pool", "no load balancer", "nobody in it", "auto and more", "no name"],
)
def test_what_cannot_be_done_is_refused_before_anything_is_sent(
    warm: WarmAz, sim: Simulator, world: dict[str, Any], given: tuple[str, ...], exit_: int, said: str
) -> None:
    sim.reset(world=world)
    done = warm.run(*RESTART, "--drain", *given)
    assert (done.exit, changes(sim)) == (exit_, [])
    assert said in done.stderr


def test_auto_finds_pools_of_ip_addresses_and_leaves_those_without_connections(warm: WarmAz, sim: Simulator) -> None:
    pools = {"pool": {"addresses": MEMBERS[:4]}, "outbound": {"scaleSets": ["flex"]}}
    sim.reset(world=balanced(backendPools=pools, outboundRules={"out": {"pool": "outbound"}}))
    done = warm.run(*RESTART, *AUTO, "--dry-run")
    assert (done.exit, changes(sim)) == (0, [])
    assert f"Out of rotation in lb/pool first: {', '.join(MEMBERS[:4])}" in done.stderr
    assert "In no backend pool to be taken out of: web_5, web_6" in done.stderr
    assert "Batch 1 leaves no instance in rotation in lb/pool." in done.stderr
    done = warm.run(*RESTART, *AUTO)
    assert done.exit == 0, done.stderr
    assert operated_in_rotation(sim) == []
    assert admin_states(sim) == {}
    assert {one["path"].rpartition("/")[2] for one in pool_writes(sim)} == {"pool"}


def test_the_commands_take_out_and_put_back(warm: WarmAz, sim: Simulator) -> None:
    sim.reset(world=balanced(states={"web_1": "Up"}))
    drained = warm.run("drain", *FLEX, "--instance-ids", "web_1", "web_2")
    assert status_of_each(drained) == dict.fromkeys(MEMBERS[:2], "Succeeded")
    assert drained.json[0]["pools"] == [{"pool": "lb/pool", "adminStateBefore": "Up"}]
    assert (len(pool_writes(sim)), admin_states(sim)) == (1, dict.fromkeys(MEMBERS[:2], "Down"))
    again = warm.run("drain", *FLEX, "--instance-ids", "web_1", "--load-balancer", "lb")
    assert (again.json[0]["status"], again.json[0]["reason"]) == ("Skipped", "It is out of rotation already.")
    back = warm.run(*FLEX_UNDRAIN, "--lb", "lb/pool")
    assert [row["status"] for row in back.json] == ["Succeeded"] * 2 + ["Skipped"] * 4
    assert (len(pool_writes(sim)), admin_states(sim)) == (2, {})


def test_the_last_ones_in_rotation_are_asked_for(warm: WarmAz, lb: Simulator) -> None:
    asked = warm.run("drain", *FLEX)
    assert (asked.exit, changes(lb)) == (1, [])
    assert "drain needs your confirmation" in asked.stderr
    planned = warm.run("drain", *FLEX, "--dry-run")
    assert [row["status"] for row in planned.json] == ["Planned"] * 6
    assert warm.run("drain", *FLEX, "--query", "join(pools, [].zone)", "--yes").exit == 1
    assert changes(lb) == []
    assert warm.run("drain", *FLEX, "--yes").exit == 0
    assert admin_states(lb) == dict.fromkeys(MEMBERS, "Down")


def test_a_command_that_is_refused_fails_for_each_instance(warm: WarmAz, lb: Simulator) -> None:
    lb.add_fault({"action": "pool-put", "fault": FORBIDDEN})
    done = warm.run("drain", *FLEX, "--instance-ids", "web_1")
    assert done.exit == 4
    assert done.json[0]["error"] == {"code": "AuthorizationFailed", "message": "No."}
    assert "To retry: az vmss-flex drain -g rg -n flex --instance-ids web_1" in done.stderr


def test_undrain_of_a_job_takes_no_other_choice(warm: WarmAz, lb: Simulator, tmp_path: Path) -> None:
    done = warm.run(*FLEX_UNDRAIN, "--job", str(tmp_path / "log"))
    assert (done.exit, changes(lb)) == (1, [])
    assert "cannot be combined" in done.stderr


def restarting(environment: dict[str, str], *options: str) -> subprocess.Popen[str]:
    command = [str(AZ), "vmss-flex", *RESTART, *AUTO, *options]
    return subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_two_runs_over_one_pool_leave_each_other_alone(lb: Simulator, environment: dict[str, str]) -> None:
    halves = (MEMBERS[:3], MEMBERS[3:])
    runs = [restarting(environment, "--batch-size", "1", "--instance-ids", *half) for half in halves]
    ended = [(run.communicate(timeout=120)[1], run.returncode) for run in runs]
    assert [status for _, status in ended] == [0, 0], ended
    assert operated_in_rotation(lb) == []
    assert admin_states(lb) == {}


def test_an_interruption_while_they_are_out_names_them_and_a_resumed_run_puts_them_back(
    lb: Simulator, environment: dict[str, str], warm: WarmAz, tmp_path: Path
) -> None:
    log = str(tmp_path / "log")
    with restarting(environment, "--drain-time", "1h", "--job-log", log) as process:
        wait_until(lb, lambda sim: len(admin_states(sim)) == len(MEMBERS))
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "6 instances out of rotation: web_1" in stderr
    assert f"az vmss-flex undrain --job {log}" in stderr
    assert not lb.intervals()
    done = warm.run("restart", "--resume", log, "--drain-time", "0")
    assert done.exit == 0, done.stderr
    assert operated_in_rotation(lb) == []
    assert admin_states(lb) == {}


def test_in_a_window_each_instance_leaves_rotation_for_its_own_turn(
    warm: WarmAz, lb: Simulator, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    done = warm.run(*RESTART, *AUTO, "--max-unavailable", "2", "--health-gate", "vm-agent", "--job-log", str(log))
    assert done.exit == 0, done.stderr
    assert operated_in_rotation(lb) == []
    assert most_unavailable(lb.availability(), lb.scale_sets["flex"]) <= 2
    assert admin_states(lb) == {}
    assert {name for _, _, names in drains_of(log) for name in names} == set(MEMBERS)
