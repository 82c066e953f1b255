"""Changes of other clients beside a run that was killed: none of them is proof of its request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from armsim import Simulator
from armsim.world.description import default_description
from azext_flexcompare.execution.unknown_outcome import SHOWN_ENDED, TOO_LATE
from tests.latest.helpers.az import FLEX, INSTANCES, Ran, WarmAz
from tests.latest.helpers.logs import Record, records_of, write
from tests.latest.helpers.rows import statuses
from tests.latest.helpers.worlds import changes

REFUSAL = {"status": 409, "code": "No", "message": "No."}


def keep_intents(log: Path) -> None:
    write(log, *(one for one in records_of(log) if one["record"] in ("plan", "batch", "intent")))


def left_between_intent_and_sending(warm: WarmAz, sim: Simulator, log: Path, *command: str, action: str = "") -> None:
    """Leave a log as a run does that is killed after its intents and before its requests."""
    sim.add_fault({"action": action or command[0], "times": 1, "fault": REFUSAL})
    assert warm.run(*command, *FLEX, "--job-log", str(log)).exit == 4
    keep_intents(log)
    assert not sim.accepted()


def act_on_all(sim: Simulator, action: str) -> None:
    for name in sim.names("flex"):
        sim.act_on_vm(action, name)
    sim.advance(60)


def resumed(warm: WarmAz, log: Path, operation: str) -> Ran:
    done = warm.run(operation, "--resume", str(log))
    assert done.exit in (0, 4), done.stderr
    return done


def test_a_change_before_the_request_is_no_proof_after_a_kill(warm: WarmAz, sim: Simulator, tmp_path: Path) -> None:
    log = tmp_path / "log"
    sim.add_fault({"action": "*", "nth": 4, "per": "all", "fault": {"kind": "event", "do": "reapply", "vm": "flex_*"}})
    sim.add_fault({"action": "restart", "times": 1, "fault": REFUSAL})
    command = ["restart", *FLEX, "--batch-size", "3", "--batch-pause", "3", "--job-log", str(log)]
    assert warm.run(*command).exit == 4
    keep_intents(log)
    assert all(one["serviceTime"] for one in records_of(log) if one["record"] == "intent")
    done = resumed(warm, log, "restart")
    assert statuses(done) == {"Succeeded": 6}
    second = {one["instance"] for one in records_of(log)[0]["instances"] if one["batch"] == 2}
    assert second <= {name for name, action in sim.accepted() if action == "restart"}


@pytest.mark.parametrize("engine", ["vm", "set"])
def test_a_change_long_after_the_request_is_no_proof_and_nothing_is_sent_again(
    engine: str, warm: WarmAz, sim: Simulator, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    action = "vmss-restart" if engine == "set" else "restart"
    left_between_intent_and_sending(warm, sim, log, "restart", "--engine", engine, action=action)
    sim.advance(3 * 3600)
    act_on_all(sim, "reapply")
    done = resumed(warm, log, "restart")
    assert {(row["status"], row["reason"]) for row in done.json} == {("TimedOut", TOO_LATE)}
    assert not any(action == "restart" for _, action in sim.accepted())


def test_a_power_state_that_was_asked_for_is_an_end_whoever_led_to_it(
    warm: WarmAz, sim: Simulator, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    left_between_intent_and_sending(warm, sim, log, "deallocate")
    sim.advance(3 * 3600)
    act_on_all(sim, "deallocate")
    assert {(row["status"], row["reason"]) for row in resumed(warm, log, "deallocate").json} == {
        ("Succeeded", SHOWN_ENDED)
    }


def with_extension(sim: Simulator) -> list[str]:
    world = default_description(INSTANCES)
    world["resourceGroups"]["rg"]["scaleSets"]["flex"]["overrides"] = {"*": {"extensions": ["customScript"]}}
    sim.reset(world)
    return ["--name", "customScript", "--publisher", "Microsoft.Azure.Extensions", "--version", "2.1"]


@pytest.mark.parametrize("way", [("extension set", "--resume"), ("extension update", "wait")])
def test_an_extension_is_asked_by_its_name_after_a_kill(
    way: tuple[str, str], warm: WarmAz, sim: Simulator, tmp_path: Path
) -> None:
    log, operation = tmp_path / "log", way[0].split()
    options = with_extension(sim)
    given = options if way[0] == "extension set" else [*options[:2], "--force-update"]
    command = [*operation, *FLEX[:2], "--vmss-name", "flex", "--instance-ids", "*", *given, "--job-log", str(log)]
    assert warm.run(*command).exit == 0
    sent = len(changes(sim))
    keep_intents(log)
    ways = {"wait": ["wait", "--job-log", str(log)], "--resume": [*operation, *given, "--resume", str(log)]}
    done = warm.run(*ways[way[1]])
    assert (done.exit, statuses(done)) == (0, {"Succeeded": 6}), done.stderr
    assert len(changes(sim)) == sent


def test_a_flag_that_is_given_as_false_is_kept_in_the_log(warm: WarmAz, sim: Simulator, tmp_path: Path) -> None:
    log = tmp_path / "log"
    sim.add_fault({"action": "instance-put", "times": 1, "fault": REFUSAL})
    command = ["protection", "set", *FLEX, "--instance-ids", "*", "--protect-from-scale-in", "false"]
    failed = warm.run(*command, "--no-job-log")
    assert failed.exit == 4
    assert "--protect-from-scale-in false" in failed.stderr
    sim.add_fault({"action": "instance-put", "times": 1, "fault": REFUSAL})
    assert warm.run(*command, "--job-log", str(log)).exit == 4
    assert records_of(log)[0]["options"] == {"--protect-from-scale-in": False}
    done = warm.run("protection", "set", "--retry-failed", str(log))
    assert (done.exit, statuses(done)) == (0, {"Succeeded": 6}), done.stderr
    other = warm.run("protection", "set", "--resume", str(log), "--protect-from-scale-in", "true")
    assert (other.exit, "differs from the run" in other.stderr) == (1, True)


def test_what_is_carried_into_a_retry_keeps_the_time_of_its_request(
    warm: WarmAz, sim: Simulator, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    left_between_intent_and_sending(warm, sim, log, "restart")
    plan, *records = records_of(log)
    failed = {"record": "outcome", "id": plan["instances"][0]["id"], "status": "TimedOut", **NO_DETAILS}
    write(log, plan, *records, failed)
    assert warm.run("restart", "--retry-failed", str(log)).exit == 0
    carried: list[Record] = [one["sent"] for one in records_of(log)[len(records) + 2]["instances"] if "sent" in one]
    assert len(carried) == 5
    assert all(one["serviceTime"] for one in carried)
    sim.advance(3 * 3600)
    act_on_all(sim, "reapply")
    assert statuses(resumed(warm, log, "restart")) == {"Succeeded": 1, "TimedOut": 5}


NO_DETAILS: dict[str, Any] = {
    "error": {"code": "A", "message": "B"},
    "reason": None,
    "startedAt": None,
    "finishedAt": None,
    "durationSeconds": None,
    "operationUrl": None,
}
