"""Runs with the engines of sets and of bulk services: their operations are asked before the instances."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from armsim import Simulator
from tests.latest.helpers.az import FLEX, WarmAz
from tests.latest.helpers.logs import cut, records_of, write
from tests.latest.helpers.rows import statuses
from tests.latest.helpers.waits import interrupt, started, wait_until
from tests.latest.helpers.worlds import changes
from tools.sandbox import AZ

ENGINES = [("set", "restart"), ("bulk", "deallocate")]
each_engine = pytest.mark.parametrize(("engine", "operation"), ENGINES)


def actions(sim: Simulator, action: str) -> int:
    return sum(one["action"] == action for one in sim.requests())


@each_engine
def test_operations_without_an_end_are_awaited_where_they_are(
    engine: str, operation: str, warm: WarmAz, sim: Simulator, tmp_path: Path
) -> None:
    log = str(tmp_path / "log")
    sim.configure(seconds=60, bulk_executing=2)
    done = warm.run(operation, *FLEX, "--engine", engine, "--no-wait", "--job-log", log)
    assert statuses(done) == {"Accepted": 6}
    sent = sim.accepted()
    early = warm.run("wait", "--job-log", log, "--timeout", "1")
    assert (early.exit, statuses(early)) == (4, {"TimedOut": 6})
    assert actions(sim, "bulk-cancel") == 0
    for _ in range(4):
        sim.advance(60)
        assert sim.vm(sim.names("flex")[0])
    done = warm.run("wait", "--job-log", log)
    assert (done.exit, statuses(done)) == (0, {"Succeeded": 6}), done.stderr
    assert actions(sim, "poll" if engine == "set" else "bulk-status")
    assert sum(sim.accepted().values()) >= sum(sent.values())
    assert set(sim.accepted().values()) == {1}


@each_engine
def test_a_killed_run_is_resumed_where_its_operations_are(
    engine: str, operation: str, warm: WarmAz, sim: Simulator, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    sim.configure(seconds=60, bulk_executing=2)
    assert warm.run(operation, *FLEX, "--engine", engine, "--no-wait", "--job-log", str(log)).exit == 0
    plan, *records = records_of(log)
    plan["how"]["noWait"] = False
    write(log, plan, *(one for one in records if one["record"] in ("intent", "accepted")))
    for _ in range(4):
        sim.advance(60)
        assert sim.vm(sim.names("flex")[0])
    done = warm.run(operation, "--resume", str(log))
    assert statuses(done) == {"Succeeded": 6}, done.stderr
    assert set(sim.accepted().values()) == {1}


def test_a_set_call_without_an_answer_is_made_once_for_those_it_never_reached(
    warm: WarmAz, sim: Simulator, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    refusal = {"status": 409, "code": "No", "message": "No."}
    sim.add_fault({"action": "vmss-restart", "times": 1, "per": "all", "fault": refusal})
    assert warm.run("restart", *FLEX, "--engine", "set", "--job-log", str(log)).exit == 4
    cut(log, lambda one: one["record"] in ("plan", "intent"))
    calls = len(changes(sim))
    done = warm.run("restart", "--resume", str(log))
    assert (done.exit, statuses(done)) == (0, {"Succeeded": 6}), done.stderr
    assert len(changes(sim)) == calls + 1


def test_a_bulk_call_without_an_answer_is_never_made_again_by_a_resume(
    warm: WarmAz, sim: Simulator, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    sim.configure(seconds=60, bulk_executing=1)
    assert warm.run("deallocate", *FLEX, "--engine", "bulk", "--no-wait", "--job-log", str(log)).exit == 0
    cut(log, lambda one: one["record"] in ("plan", "intent"))
    done = warm.run("deallocate", "--resume", str(log), "--timeout", "2")
    assert (done.exit, statuses(done)) == (4, {"TimedOut": 6}), done.stderr
    assert any("may have queued it" in row["error"]["message"] for row in done.json)
    assert set(sim.accepted().values()) <= {1}


def test_outcomes_of_a_bulk_run_are_written_as_each_ends(warm: WarmAz, sim: Simulator, tmp_path: Path) -> None:
    log, names = tmp_path / "log", sim.names("flex")
    sim.add_fault({"vm": names[1], "action": "bulk-deallocate", "fault": {"kind": "stuck"}})
    done = warm.run("deallocate", *FLEX, "--engine", "bulk", "--timeout", "2", "--job-log", str(log))
    assert done.exit == 4
    outcomes = [one for one in records_of(log) if one["record"] == "outcome"]
    assert len(outcomes) == 6
    last = outcomes[-1]
    assert last["id"].endswith(names[1])
    assert all(one["at"] < last["at"] for one in outcomes[:-1])


def test_a_wait_follows_the_run_of_another_process(
    warm: WarmAz, sim: Simulator, environment: dict[str, str], tmp_path: Path
) -> None:
    log = str(tmp_path / "log")
    sim.configure(seconds=600)
    with started(environment, str(AZ), "vmss-flex", "restart", *FLEX, "--job-log", log) as process:
        wait_until(sim, lambda sim: sum(sim.accepted().values()) == 6)
        early = warm.run("wait", "--job-log", log, "--timeout", "1")
        assert early.exit == 4, early.stderr
        assert set(statuses(early)) == {"TimedOut"}
        assert "goes on in another process" in early.stderr
        sim.advance(1200)  # an operation takes more or less than its 600 seconds
        done = warm.run("wait", "--job-log", log)
        assert done.exit == 0, done.stderr
        assert statuses(done) == {"Succeeded": 6}
        process.communicate(timeout=60)
    assert process.returncode == 0
    assert set(sim.accepted().values()) == {1}


def test_a_terminal_that_hangs_up_interrupts_a_run(sim: Simulator, environment: dict[str, str], tmp_path: Path) -> None:
    sim.configure(seconds=60)
    command = ["restart", *FLEX, "--max-parallel", "3", "--job-log", str(tmp_path / "log")]
    done = interrupt(environment, sim, lambda sim: len(changes(sim)) == 3, *command, number=signal.SIGHUP)
    assert (done.exit, statuses(done)) == (130, {"Interrupted": 3, "NotStarted": 3})


@pytest.mark.parametrize("fault", [{"status": 403, "code": "AuthorizationFailed"}, {"kind": "malformed"}])
def test_instances_are_asked_where_a_bulk_service_does_not_let_its_operations_be_read(
    fault: dict[str, object], warm: WarmAz, sim: Simulator, tmp_path: Path
) -> None:
    log, names = tmp_path / "log", sim.names("flex")
    sim.add_fault({"action": "bulk-status", "fault": fault})
    sim.add_fault({"vm": names[0], "action": "bulk-deallocate", "fault": {"kind": "stuck", "code": "Blocked"}})
    done = warm.run("deallocate", *FLEX, "--engine", "bulk", "--timeout", "4", "--job-log", str(log))
    assert (done.exit, statuses(done)) == (4, {"Succeeded": 5, "TimedOut": 1}), done.stderr
    assert done.json[0]["status"] == "TimedOut"
    assert actions(sim, "bulk-status") == 4
    assert actions(sim, "bulk-cancel") == 1


def test_what_a_bulk_service_cancelled_is_sent_by_a_resume(
    sim: Simulator, warm: WarmAz, environment: dict[str, str], tmp_path: Path
) -> None:
    log = str(tmp_path / "log")
    sim.configure(seconds=60, bulk_executing=2)
    command = ["deallocate", *FLEX, "--engine", "bulk", "--job-log", log]
    first = interrupt(environment, sim, lambda sim: actions(sim, "bulk-status") > 0, *command)
    assert (first.exit, statuses(first)) == (130, {"NotStarted": 6})
    sim.configure(seconds=0.05, bulk_executing=None)
    done = warm.run("deallocate", "--resume", log)
    assert (done.exit, statuses(done)) == (0, {"Succeeded": 6}), done.stderr


def test_outcomes_of_a_set_are_written_when_its_call_ends(warm: WarmAz, sim: Simulator, tmp_path: Path) -> None:
    log, names = tmp_path / "log", sim.names("flex")
    sim.add_fault({"vm": names[1], "action": "vmss-restart", "fault": {"kind": "stuck"}})
    sets = [sim.scale_sets[name] for name in ("flex", "other")]
    done = warm.run("restart", "--ids", *sets, "--engine", "set", "--timeout", "3", "--job-log", str(log))
    assert done.exit == 4
    outcomes = {one["id"]: one["at"] for one in records_of(log) if one["record"] == "outcome"}
    quick = [at for id_, at in outcomes.items() if "/other_" in id_]
    assert quick
    assert max(quick) < min(at for id_, at in outcomes.items() if "/flex_" in id_)
