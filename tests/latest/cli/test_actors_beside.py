"""Scale-in, replacement and other spellings beside a run: skipped or seen to the end, and never another machine."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from armsim import Simulator
from tests.latest.helpers.az import FLEX, WarmAz
from tests.latest.helpers.logs import Record, cut, records_of, write
from tests.latest.helpers.rows import statuses


def only(*kinds: str) -> Callable[[Record], bool]:
    return lambda one: one["record"] in kinds


def test_nothing_is_sent_to_a_machine_that_took_the_name_of_a_planned_one(
    warm: WarmAz, sim: Simulator, tmp_path: Path
) -> None:
    log, names = tmp_path / "log", sim.names("flex")
    command = ["delete-instances", *FLEX, "--instance-ids", *names[:2], "--yes", "--job-log", str(log)]
    sim.add_fault({"action": "delete", "fault": {"status": 409, "code": "No", "message": "No."}})
    assert warm.run(*command).exit == 4
    cut(log, only("plan"))
    sim.replace_vm(names[0])
    sim.remove_vm(names[1])
    done = warm.run("delete-instances", "--resume", str(log), "--yes")
    assert [(row["status"], row["reason"]) for row in done.json] == [
        ("Skipped", "Another machine has its name now."),
        ("Skipped", "It no longer exists."),
    ]
    assert done.exit == 0
    assert sim.vm(names[0]) is not None
    assert not sim.accepted()


@pytest.mark.parametrize("engine", ["vm", "set"])
def test_a_sent_instance_that_is_gone_before_the_resume_is_no_error(
    engine: str, warm: WarmAz, sim: Simulator, tmp_path: Path
) -> None:
    log, names = tmp_path / "log", sim.names("flex")
    assert warm.run("restart", *FLEX, "--engine", engine, "--job-log", str(log)).exit == 0
    cut(log, only("plan", "intent"))
    sim.remove_vm(names[0])
    sim.replace_vm(names[1])
    sent = sim.accepted()
    done = warm.run("restart", "--resume", str(log))
    assert (done.exit, statuses(done)) == (0, {"Skipped": 2, "Succeeded": 4}), done.stderr
    assert sim.accepted() == sent


@pytest.mark.parametrize("fault", [{"kind": "deleted"}, {"kind": "deleted", "status": 404}])
def test_an_instance_that_is_deleted_while_it_is_restarted_is_skipped(
    fault: dict[str, object], warm: WarmAz, sim: Simulator
) -> None:
    names = sim.names("flex")
    sim.add_fault({"action": "restart", "vm": names[0], "fault": fault})
    done = warm.run("restart", *FLEX)
    assert (done.exit, statuses(done)) == (0, {"Skipped": 1, "Succeeded": 5}), done.stderr
    assert done.json[0]["reason"] == "It no longer exists."


REPLACED, GONE = "Another machine has its name now.", "It no longer exists."
DEALLOCATED = "Another client deallocated it meanwhile."
CASES = [
    ("set", "restart", "remove", 1, GONE),
    ("set", "restart", "replace", 1, REPLACED),
    ("set", "restart", "deallocate", 1, DEALLOCATED),
    ("set", "stop", "deallocate", 1, DEALLOCATED),
    ("set", "start", "deallocate", 1, None),
    ("vm", "update-instances", "remove", 1, GONE),
    ("bulk", "start", "remove", 1, GONE),
    ("bulk", "deallocate", "remove", 1, GONE),
    ("bulk", "deallocate", "deallocate", 1, DEALLOCATED),
]


@pytest.mark.parametrize(("engine", "operation", "do", "nth", "reason"), CASES)
def test_an_instance_that_is_taken_away_before_a_call_for_many_is_skipped_and_the_others_are_not(
    engine: str, operation: str, do: str, nth: int, reason: str | None, warm: WarmAz, sim: Simulator
) -> None:
    names = sim.names("flex")
    action = f"{'vmss' if engine == 'set' else 'bulk'}-{operation.replace('stop', 'powerOff')}"
    action = "manualupgrade" if engine == "vm" else action
    event = {"kind": "event", "do": do, "vm": names[0]}
    sim.add_fault({"action": action, "nth": nth, "per": "all", "fault": event})
    done = warm.run(operation, *FLEX, "--instance-ids", "*", "--engine", engine)
    first, *others = done.json
    assert {row["status"] for row in others} == {"Succeeded"}, done.stderr
    assert (first["status"], first["reason"]) == (("Skipped", reason) if reason else ("TimedOut", first["reason"]))
    assert done.exit == (0 if reason else 4)


@pytest.mark.parametrize(("operation", "reason"), [("restart", DEALLOCATED), ("start", None)])
def test_an_instance_that_was_deallocated_before_the_resume_is_skipped_or_done(
    operation: str, reason: str | None, warm: WarmAz, sim: Simulator, tmp_path: Path
) -> None:
    log, names = tmp_path / "log", sim.names("flex")
    assert warm.run(operation, *FLEX, "--job-log", str(log)).exit == 0
    cut(log, only("plan"))
    sim.reset()
    assert warm.run("deallocate", *FLEX, "--instance-ids", names[0]).exit == 0
    done = warm.run(operation, "--resume", str(log))
    assert (done.exit, done.json[0]["reason"]) == (0, reason), done.stderr
    assert statuses(done) == ({"Skipped": 1, "Succeeded": 5} if reason else {"Succeeded": 6})


@pytest.mark.parametrize("status", [None, 404])
def test_an_operation_that_a_deallocation_preempts_is_no_error_to_retry(
    status: int | None, warm: WarmAz, sim: Simulator
) -> None:
    names = sim.names("flex")
    fault = {"kind": "deallocated", **({"status": status} if status else {})}
    sim.add_fault({"action": "restart", "vm": names[0], "fault": fault})
    done = warm.run("restart", *FLEX, "--health-gate", "vm-agent", "--health-timeout", "5m", "--max-errors", "1")
    assert (done.json[0]["status"], done.json[0]["reason"]) == ("Skipped", DEALLOCATED)


def test_a_failure_of_its_own_stays_one_though_its_instance_is_deallocated(warm: WarmAz, sim: Simulator) -> None:
    name = sim.names("flex")[0]
    fault = {"kind": "fail", "code": "AllocationFailed", "message": "No room."}
    sim.add_fault({"action": "redeploy", "vm": name, "fault": fault})
    sim.add_fault({"action": "poll", "vm": name, "fault": {"kind": "event", "do": "deallocate"}})
    done = warm.run("redeploy", *FLEX)
    assert (done.exit, done.json[0]["status"], done.json[0]["error"]["code"]) == (4, "Failed", "AllocationFailed")


@pytest.mark.parametrize("engine", ["vm", "set"])
def test_an_instance_that_is_added_meanwhile_gets_nothing(
    engine: str, warm: WarmAz, sim: Simulator, tmp_path: Path
) -> None:
    log, planned = tmp_path / "log", sim.names("flex")
    action = "restart" if engine == "vm" else "vmss-restart"
    added = {"kind": "event", "do": "add", "vm": planned[0]}
    sim.add_fault({"action": action, "nth": 1, "per": "all", "fault": added})
    done = warm.run("restart", *FLEX, "--engine", engine, "--job-log", str(log))
    assert (done.exit, [row["instance"] for row in done.json]) == (0, planned), done.stderr
    (other,) = set(sim.names("flex")) - set(planned)
    cut(log, only("plan", "intent"))
    again = warm.run("restart", "--resume", str(log))
    assert (again.exit, [row["instance"] for row in again.json]) == (0, planned), again.stderr
    assert not any(vm == other for vm, _ in sim.accepted())


def test_a_set_that_is_gone_takes_only_its_own_instances_along(warm: WarmAz, sim: Simulator, tmp_path: Path) -> None:
    log = tmp_path / "log"
    sets = [sim.scale_sets[name] for name in ("other", "flex2")]
    assert warm.run("restart", "--ids", *sets, "--job-log", str(log)).exit == 0
    plan = records_of(log)[0]
    for one in plan["instances"][:3]:
        one["scaleSetId"] = one["scaleSetId"].replace("other", "gone")
        one["id"] += "gone"
    plan["scaleSets"] = [one.replace("other", "gone") for one in plan["scaleSets"]]
    write(log, plan)
    done = warm.run("restart", "--resume", str(log))
    assert (done.exit, statuses(done)) == (0, {"Skipped": 3, "Succeeded": 3}), done.stderr
    assert "gone no longer exists" in done.stderr


def test_another_spelling_of_the_ids_is_the_same_instance(warm: WarmAz, sim: Simulator, tmp_path: Path) -> None:
    log = str(tmp_path / "log")
    assert warm.run("restart", *FLEX, "--job-log", log).exit == 0
    cut(Path(log), only("plan", "batch", "intent"))
    sim.configure(capital_groups=False)
    for _ in range(2):
        assert statuses(warm.run("restart", "--resume", log)) == {"Succeeded": 6}
    assert warm.run("restart", "--retry-failed", log).json == []
    assert set(sim.accepted().values()) == {1}


def test_a_retry_can_leave_instances_out(warm: WarmAz, sim: Simulator, tmp_path: Path) -> None:
    log, names = str(tmp_path / "log"), sim.names("flex")
    assert warm.run("restart", *FLEX, "--job-log", log).exit == 0
    cut(Path(log), only("plan"))
    missing = warm.run("restart", "--resume", log, "--exclude", "nobody")
    assert (missing.exit, "nobody" in missing.stderr) == (1, True)
    done = warm.run("restart", "--resume", log, "--exclude", names[0])
    assert (done.exit, statuses(done)) == (0, {"Skipped": 1, "Succeeded": 5})
    assert done.json[0]["reason"] == "Left out by --exclude."
    assert sim.accepted()[names[0], "restart"] == 1
    assert warm.run("restart", "--retry-failed", log, "--exclude", names[1]).json == []


def test_a_dry_resume_says_what_is_sent_and_what_is_only_polled(warm: WarmAz, sim: Simulator, tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert warm.run("restart", *FLEX, "--job-log", str(log)).exit == 0
    first = records_of(log)[0]["instances"][0]["id"]
    cut(log, lambda one: one["record"] == "plan" or (one["record"] in ("intent", "accepted") and one["id"] == first))
    sent, kept = sim.accepted(), log.read_bytes()
    dry = warm.run("restart", "--resume", str(log), "--dry-run")
    assert (dry.exit, statuses(dry)) == (0, {"Planned": 6})
    assert [row["reason"] for row in dry.json] == ["It was sent already and is only polled.", *[None] * 5]
    assert (sim.accepted(), log.read_bytes()) == (sent, kept)


def test_a_retry_does_not_walk_past_a_closed_gate(warm: WarmAz, sim: Simulator, tmp_path: Path) -> None:
    log, names = str(tmp_path / "log"), sim.names("flex")
    assert warm.run("restart", *FLEX, "--batch-size", "2", "4", "--health-gate", "vm-agent", "--job-log", log).exit == 0
    records = records_of(Path(log))
    plan = records[0]
    unhealthy = [{"id": plan["instances"][0]["id"], "reason": "Its VM agent is Not Ready."}]
    ended = [one for one in records if one["record"] == "outcome" and one["batch"] == 1]
    write(Path(log), plan, *ended, {**records[-1], "record": "health", "batch": 1, "unhealthy": unhealthy})
    sim.remove_vm(names[0])
    done = warm.run("restart", "--retry-failed", log)
    assert (done.exit, statuses(done)) == (0, {"Succeeded": 4}), done.stderr
    asked = [one["path"] for one in sim.requests() if one["method"] == "GET" and names[1] in one["path"]]
    assert asked
    assert [one["batch"] for one in records_of(Path(log)) if one["record"] == "health"][1:] == [0, 1, 2]


@pytest.mark.parametrize(
    "forged",
    [
        {"how": {"maxParallel": -1}},
        {"how": {"batchBy": ["rack"]}},
        {"how": {"healthGate": "hope"}},
        {"how": {"engine": "steam"}},
        {"how": {"timeout": 0}},
        {"batches": 1, "batch": 9},
    ],
    ids=str,
)
def test_a_forged_log_is_refused_with_one_sentence(
    forged: dict[str, object], warm: WarmAz, sim: Simulator, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    assert warm.run("restart", *FLEX, "--job-log", str(log)).exit == 0
    plan = records_of(log)[0]
    plan["how"] |= forged.get("how", {})
    plan["instances"][0]["batch"] = forged.get("batch", 1)
    write(log, plan)
    sent = sim.accepted()
    for command in (["restart", "--resume", str(log)], ["wait", "--job-log", str(log)]):
        done = warm.run(*command)
        assert done.exit == 1, done.stderr
        assert "Traceback" not in done.stderr
    assert sim.accepted() == sent


def test_odd_paths_of_a_log_are_refused_with_one_sentence(warm: WarmAz, sim: Simulator, tmp_path: Path) -> None:
    pipe = str(tmp_path / "pipe")
    os.mkfifo(pipe)
    for command in (
        ["restart", *FLEX, "--job-log", pipe],
        ["restart", "--resume", pipe],
        ["restart", *FLEX, "--job-log", "/dev/stdout"],
        ["restart", *FLEX, "--job-log", str(tmp_path)],
        ["restart", *FLEX, "--job-log", f"{tmp_path}/x", "--events", f"{tmp_path}/x"],
        ["wait", "--job-log", pipe],
    ):
        done = warm.run(*command)
        assert done.exit == 1, command
        assert "Traceback" not in done.stderr
    assert not sim.accepted()


def test_a_lone_surrogate_in_an_error_ends_no_run(warm: WarmAz, sim: Simulator, tmp_path: Path) -> None:
    log = str(tmp_path / "log")
    fault = {"status": 409, "code": "Bad", "message": "Cut in an emoji: \ud83d"}
    sim.add_fault({"action": "restart", "vm": sim.names("flex")[0], "fault": fault})
    for command in (["restart", *FLEX, "--job-log", log], ["restart", "--resume", log]):
        done = warm.run(*command)
        assert (done.exit, statuses(done)) == (4, {"Failed": 1, "Succeeded": 5}), done.stderr


def test_a_set_that_was_replaced_by_a_uniform_one_gets_no_command_for_all_of_it(
    warm: WarmAz, sim: Simulator, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    assert warm.run("restart", "--ids", sim.scale_sets["other"], "--job-log", str(log)).exit == 0
    plan = records_of(log)[0]
    for one in plan["instances"]:
        one["scaleSetId"] = one["scaleSetId"].replace("other", "uniform")
    plan["scaleSets"] = [one.replace("other", "uniform") for one in plan["scaleSets"]]
    write(log, plan)
    done = warm.run("restart", "--resume", str(log))
    assert (done.exit, done.stdout) == (1, "")
    assert "it has no --resume." in done.stderr


@pytest.mark.parametrize("way", ["--resume", "--retry-failed"])
def test_a_run_by_vm_ids_goes_on_without_the_right_to_read_the_set(
    way: str, warm: WarmAz, sim: Simulator, tmp_path: Path
) -> None:
    log, names = tmp_path / "log", sim.names("flex")[:3]
    for action in ("scaleSet", "list"):
        sim.add_fault({"action": action, "fault": {"status": 403, "code": "AuthorizationFailed"}})
    ids = [sim.vm_id(name) for name in names]
    refusal = {"status": 409, "code": "No", "message": "No."}
    sim.add_fault({"action": "restart", "vm": names[0], "times": 1, "fault": refusal})
    assert warm.run("restart", "--ids", *ids, "--job-log", str(log)).exit == 4
    if way == "--resume":
        write(log, *(one for one in records_of(log) if names[0] not in str(one.get("id"))))
    done = warm.run("restart", way, str(log))
    assert (done.exit, set(statuses(done))) == (0, {"Succeeded"}), done.stderr
    assert sim.accepted() == dict.fromkeys(((name, "restart") for name in names), 1)


@pytest.mark.parametrize(("command", "action"), [(["restart"], "restart"), (["delete-instances", "--yes"], "delete")])
def test_a_named_instance_that_was_replaced_a_moment_ago_gets_nothing(
    command: list[str], action: str, warm: WarmAz, sim: Simulator
) -> None:
    first, second, *_ = sim.names("flex")
    sim.add_fault({"action": action, "vm": first, "nth": 1, "fault": {"kind": "event", "do": "replace", "vm": second}})
    done = warm.run(*command, *FLEX, "--instance-ids", first, second, "--max-parallel", "1")
    assert [(row["status"], row["reason"]) for row in done.json] == [("Succeeded", None), ("Skipped", REPLACED)]
    assert sim.accepted() == {(first, action): 1}
