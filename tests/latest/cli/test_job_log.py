"""The job log: complete, free of secrets, and all that a resumed run needs."""

from __future__ import annotations

import re
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from armsim import Simulator
from azext_flexcompare.joblog import file as job_log
from tests.latest.helpers.az import FLEX, Ran, Run
from tests.latest.helpers.faults import FAILS
from tests.latest.helpers.logs import PLAN, Record, cut, records_of, write
from tests.latest.helpers.rows import statuses
from tests.latest.helpers.waits import interrupt
from tests.latest.helpers.worlds import changes

NO_MODES = sys.platform == "win32"


def asked(sim: Simulator) -> int:
    """Count the polls of operations."""
    return sum(one["action"] == "poll" for one in sim.requests())


def kinds(*names: str) -> Callable[[Record], bool]:
    return lambda one: one["record"] in names


# What is in it


def test_a_log_has_the_plan_each_step_and_each_outcome(run: Run, sim: Simulator, tmp_path: Path) -> None:
    log, events = tmp_path / "a log", tmp_path / "events"
    names = sim.names("flex")
    sim.add_fault({"action": "restart", "vm": names[0], "times": 1, "fault": {"status": 429, "retryAfter": 1}})
    sim.add_fault({"action": "restart", "vm": names[1], "fault": FAILS})
    done = run("restart", *FLEX, "--batch-size", "4", "--job-log", str(log), "--events", str(events))
    assert done.exit == 4
    assert events.read_bytes() == log.read_bytes()
    assert NO_MODES or log.stat().st_mode & 0o777 == 0o600
    records = records_of(log)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", one["at"]) for one in records)
    plan = records[0]
    assert (plan["record"], plan["operation"], plan["batches"], plan["version"]) == ("plan", "restart", 2, 1)
    assert plan["choice"] == {"resource_group": "rg", "scale_set": "flex"}
    assert [(one["instance"], one["batch"]) for one in plan["instances"]] == [
        (row["instance"], row["batch"]) for row in done.json
    ]
    assert [one["instances"] for one in records if one["record"] == "batch"] == [4, 2]
    assert [one["seconds"] for one in records if one["record"] == "throttled"] == [1]
    ids = {row["id"]: row for row in done.json}
    steps = {id_: [one["record"] for one in records if one.get("id") == id_] for id_ in ids}
    first, *others = steps.values()
    assert first == ["intent", "throttled", "intent", "accepted", "outcome"]
    assert others == [["intent", "accepted", "outcome"]] * 5
    for one in records:
        if one["record"] == "outcome":
            assert {key: one[key] for key in ("status", "error", "batch", "operationUrl", "durationSeconds")} == {
                key: ids[one["id"]][key] for key in ("status", "error", "batch", "operationUrl", "durationSeconds")
            }
    assert (records[-1]["record"], records[-1]["exit"]) == ("end", 4)
    assert f"--retry-failed '{log}'" in done.stderr


@pytest.mark.parametrize(
    "command",
    [
        "extension set -n S --publisher P --version 1.0 --protected-settings {'key':_'SECRET'}",
        "reimage --yes --admin-password SECRET",
        "run-command --command-id RunShellScript --scripts echo_x --parameters key=SECRET",
        "update --set tags.key=SECRET",
    ],
    ids=lambda command: command.split()[0],
)
def test_no_secret_is_in_it_not_even_one_that_the_service_repeats(
    run: Run, sim: Simulator, tmp_path: Path, command: str
) -> None:
    words = [word.replace("_", " ").replace("'", '"').replace("SECRET", "hunter2 is mine") for word in command.split()]
    for action in ("extension-put", "reimage"):
        fault = {"status": 400, "code": "Bad", "message": "hunter2 is mine is no password."}
        sim.add_fault({"action": action, "vm": sim.names("flex")[0], "fault": fault})
    log, events = tmp_path / "log", tmp_path / "events"
    every = ("-g", "rg", "--vmss-name", "flex", "--instance-ids", "*")
    done = run(*words, *every, "--job-log", str(log), "--events", str(events))
    assert done.exit in (0, 4), done.stderr
    assert statuses(done)["Succeeded"] >= 5
    assert b"hunter2" not in log.read_bytes() + events.read_bytes()
    assert None in records_of(log)[0]["options"].values()


def test_two_runs_do_not_write_one_log(run: Run, sim: Simulator, tmp_path: Path) -> None:
    path = tmp_path / "log"
    write(path, PLAN)
    log, _ = job_log.open_to_append(str(path))
    try:
        done = run("restart", "--resume", str(path))
    finally:
        log.close()
    assert (done.exit, done.stdout) == (1, "")
    assert "Another run is writing" in done.stderr
    assert sim.requests() == []


# --resume


@pytest.fixture
def finished(run: Run, sim: Simulator, tmp_path: Path) -> Path:
    """The log of a run that has restarted every instance."""
    log = tmp_path / "log"
    assert run("restart", *FLEX, "--job-log", str(log)).exit == 0
    assert len(changes(sim)) == 6
    return log


def test_a_finished_run_is_reported_again_without_a_call(run: Run, sim: Simulator, finished: Path) -> None:
    before = finished.read_bytes()
    dry = run("restart", "--resume", str(finished), "--dry-run")
    assert (dry.exit, statuses(dry)) == (0, {"Succeeded": 6})
    assert finished.read_bytes() == before
    done = run("restart", *FLEX, "--resume", str(finished))
    assert (done.exit, statuses(done)) == (0, {"Succeeded": 6})
    assert len(changes(sim)) == 6
    assert [one["record"] for one in records_of(finished)][-2:] == ["resumed", "end"]


def test_a_call_without_an_answer_is_read_from_the_instance_on_resume(run: Run, sim: Simulator, finished: Path) -> None:
    cut(finished, kinds("plan", "batch", "intent"))
    done = run("restart", "--resume", str(finished))
    assert (done.exit, statuses(done)) == (0, {"Succeeded": 6})
    assert {row["reason"] for row in done.json} == {"Its own state shows the end; the service's answer was lost."}
    assert set(sim.accepted().values()) == {1}


def test_an_accepted_call_is_polled_at_its_url_on_resume(run: Run, sim: Simulator, finished: Path) -> None:
    cut(finished, kinds("plan", "batch", "intent", "accepted"))
    done = run("restart", "--resume", str(finished))
    assert (done.exit, statuses(done)) == (0, {"Succeeded": 6})
    urls = {one["id"]: one["operationUrl"] for one in records_of(finished) if one["record"] == "accepted"}
    assert {row["id"]: row["operationUrl"] for row in done.json} == urls
    assert len(changes(sim)) == 6


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["stop"], "is the log of restart, not of stop"),
        (["restart", "-g", "rg", "-n", "other"], "is about other instances: its scale set is not other"),
        (["restart", "--batch-by", "zone"], "--batch-by would change the plan"),
        (["restart", "--job-log", "another"], "--resume and --job-log cannot be combined"),
        (["restart", "--retry-failed", "another"], "--resume and --retry-failed cannot be combined"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, list) else "",
)
def test_a_log_of_another_run_cannot_be_resumed(
    run: Run, sim: Simulator, tmp_path: Path, command: list[str], told: str
) -> None:
    log = tmp_path / "log"
    write(log, {**PLAN, "choice": {"resource_group": "rg", "scale_set": "flex"}})
    before = log.read_bytes()
    done = run(*command, "--resume", str(log))
    assert (done.exit, done.stdout) == (1, "")
    assert told in done.stderr
    assert log.read_bytes() == before
    assert sim.requests() == []


def interrupted_into(log: str, sim: Simulator, environment: dict[str, str]) -> Ran:
    """A run that was interrupted when half of its instances had been sent; their operations take a minute."""
    sim.configure(seconds=60)
    command = ["restart", *FLEX, "--max-parallel", "3", "--job-log", log]
    return interrupt(environment, sim, lambda sim: len(changes(sim)) == 3, *command)


def test_an_interrupted_run_is_resumed(run: Run, sim: Simulator, environment: dict[str, str], tmp_path: Path) -> None:
    log = str(tmp_path / "log")
    first = interrupted_into(log, sim, environment)
    assert (first.exit, statuses(first)) == (130, {"Interrupted": 3, "NotStarted": 3})
    assert f"To resume: az vmss-flex restart --resume {log}" in first.stderr
    sim.configure(seconds=0.05)
    beside = run("restart", "--retry-failed", log, "--job-log", f"{log}2")
    assert (beside.exit, statuses(beside)) == (0, {"Succeeded": 3})
    assert "3 were sent and their end was not seen" in beside.stderr
    polls = asked(sim)
    again = interrupt(environment, sim, lambda sim: asked(sim) > polls, "restart", "--resume", log)
    assert again.exit == 130
    assert statuses(again)["Interrupted"] == 3
    assert all(row["operationUrl"] for row in again.json if row["status"] == "Interrupted")
    sim.advance(60)
    done = run("restart", "--resume", log)
    assert (done.exit, statuses(done)) == (0, {"Succeeded": 6})
    sent = {row["instance"] for row in first.json if row["status"] == "Interrupted"}
    assert all(sim.accepted()[name, "restart"] == (1 if name in sent else 2) for name in sim.names("flex"))


def test_an_unknown_outcome_stays_unknown_after_an_interruption(
    run: Run, sim: Simulator, environment: dict[str, str], finished: Path
) -> None:
    """What may have been sent is never NotStarted: whoever goes on would send it again."""
    cut(finished, kinds("plan", "batch", "intent"))
    sim.configure(latency=5)
    first = interrupt(
        environment, sim, lambda _: b'"resumed"' in finished.read_bytes(), "restart", "--resume", str(finished)
    )
    assert first.exit == 130
    assert set(statuses(first)) <= {"Interrupted", "Succeeded"}
    sim.configure(latency=0)
    done = run("restart", "--resume", str(finished))
    assert (done.exit, statuses(done)) == (0, {"Succeeded": 6})
    assert set(sim.accepted().values()) == {1}


def test_a_call_that_was_not_accepted_is_logged_and_sent_on_resume(run: Run, sim: Simulator, finished: Path) -> None:
    records = records_of(finished)
    gone_on = str(finished.with_name("log2"))
    dry = run("restart", *FLEX, "--job-log", gone_on)  # the plan of instances as they are now
    assert dry.exit == 0
    plan, times = records_of(Path(gone_on))[0], times_now(run)
    for one, planned in zip(plan["instances"], records[0]["instances"], strict=True):
        assert one["provisioned"] != planned["provisioned"]
        one["provisioned"] = times[one["instance"]]
    ids = [one["id"] for one in plan["instances"]]
    write(finished, plan, *({"record": "intent", "id": id_} for id_ in ids))
    sim.add_fault({"action": "restart", "times": 1, "fault": {"status": 429, "retryAfter": 1}})
    done = run("restart", "--resume", str(finished))
    assert (done.exit, statuses(done)) == (0, {"Succeeded": 6})
    assert set(sim.accepted().values()) == {3}
    for id_ in ids:
        steps = [one["record"] for one in records_of(finished) if one.get("id") == id_]
        assert steps[-4:] == ["throttled", "intent", "accepted", "outcome"]


def times_now(run: Run) -> dict[str, list[str]]:
    """What a plan would keep of each instance."""
    views = run("get-instance-view", *FLEX).json
    found = {view["instance"]: view["instanceView"]["statuses"] for view in views}
    return {
        name: [one["time"].replace("T", " ") for one in each if one["code"].startswith("ProvisioningState/")]
        for name, each in found.items()
    }


def test_errors_are_counted_as_a_share_of_the_whole_run(run: Run, sim: Simulator, tmp_path: Path) -> None:
    log = tmp_path / "log"
    for name in sim.names("flex")[:2]:
        sim.add_fault({"action": "restart", "vm": name, "fault": FAILS})
    assert run("restart", *FLEX, "--max-parallel", "1", "--max-errors", "50%", "--job-log", str(log)).exit == 4
    gone = [one["id"] for one in records_of(log)[0]["instances"][4:]]
    cut(log, lambda one: one.get("id") not in gone and one["record"] != "end")
    done = run("restart", "--resume", str(log))
    assert (done.exit, statuses(done)) == (4, {"Failed": 2, "Succeeded": 4})


def test_secret_options_must_be_given_again_on_resume(run: Run, sim: Simulator, tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = ["reimage", *FLEX, "--instance-ids", "*", "--yes", "--admin-password", "hunter2", "--job-log", str(log)]
    assert run(*command).exit == 0
    cut(log, kinds("plan"))
    sim.reset()
    refused = run("reimage", "--resume", str(log), "--yes")
    assert refused.exit == 1
    assert "--admin-password is not kept in" in refused.stderr
    assert "Give --admin-password again" in refused.stderr
    other = run("reimage", "--resume", str(log), "--yes", "--admin-password", "hunter2", "--temp-disk")
    assert other.exit == 1
    assert "--temp-disk differs from the run" in other.stderr
    assert not changes(sim)
    done = run("reimage", "--resume", str(log), "--yes", "--admin-password", "hunter2")
    assert (done.exit, statuses(done)) == (0, {"Succeeded": 6})
    assert len(changes(sim)) == 6


@pytest.mark.parametrize(("engine", "operation"), [("set", "restart"), ("bulk", "deallocate")])
def test_the_log_of_another_engine_is_resumed(
    run: Run, sim: Simulator, tmp_path: Path, engine: str, operation: str
) -> None:
    log = tmp_path / "log"
    command = [operation, *FLEX, "--engine", engine, "--batch-size", "2", "4"]
    assert run(*command, "--job-log", str(log)).exit == 0
    second = [one["id"] for one in records_of(log)[0]["instances"] if one["batch"] == 2]
    assert len(second) == 4
    sent = sim.accepted()
    cut(log, lambda one: one["record"] != "outcome" or one["id"] not in second)
    assert statuses(run(operation, "--resume", str(log))) == {"Succeeded": 6}
    cut(log, lambda one: one["record"] in ("plan", "intent"))
    assert statuses(run(operation, "--resume", str(log))) == {"Succeeded": 6}
    assert sim.accepted() == sent


def test_a_run_over_several_sets_has_one_log(run: Run, sim: Simulator, tmp_path: Path) -> None:
    log = tmp_path / "log"
    sets = [sim.scale_sets[name] for name in ("other", "flex2")]
    assert run("restart", "--ids", *sets, "--job-log", str(log)).exit == 0
    assert {one.lower() for one in records_of(log)[0]["scaleSets"]} == {one.lower() for one in sets}
    kept = records_of(log)[0]["instances"][1]["id"]
    cut(log, lambda one: one["record"] in ("plan", "intent") or one.get("id") == kept)
    done = run("restart", "--resume", str(log))
    assert (done.exit, statuses(done)) == (0, {"Succeeded": 6})
    assert set(sim.accepted().values()) == {1}
    assert [row["scaleSet"] for row in done.json] == ["other"] * 3 + ["flex2"] * 3


def test_a_resumed_deletion_skips_a_gone_instance(run: Run, sim: Simulator, tmp_path: Path) -> None:
    log, names = tmp_path / "log", sim.names("flex")
    command = ["delete-instances", *FLEX, "--instance-ids", *names[:3], "--yes", "--job-log", str(log)]
    assert run(*command).exit == 0
    ids = [one["id"] for one in records_of(log)[0]["instances"]]
    cut(
        log,
        lambda one: (
            one["record"] == "plan" or one.get("id") == ids[0] or (one["record"], one.get("id")) == ("intent", ids[1])
        ),
    )
    done = run("delete-instances", "--resume", str(log), "--yes")
    assert done.exit == 0
    assert [row["status"] for row in done.json] == ["Succeeded", "Succeeded", "Skipped"]
    assert done.json[2]["reason"] == "It no longer exists."


# --no-wait and wait --job-log


def test_a_no_wait_run_is_awaited_by_its_log(run: Run, sim: Simulator, tmp_path: Path) -> None:
    log = str(tmp_path / "log")
    sim.configure(seconds=60)
    refused = sim.names("flex")[5]
    sim.add_fault(
        {"action": "restart", "vm": refused, "times": 1, "fault": {"status": 409, "code": "No", "message": "No."}}
    )
    done = run("restart", *FLEX, "--no-wait", "--job-log", log)
    assert (done.exit, statuses(done)) == (4, {"Accepted": 5, "Failed": 1})
    early = run("wait", "--job-log", log, "--timeout", "1")
    assert (early.exit, statuses(early)) == (4, {"TimedOut": 5, "Failed": 1})
    sim.advance(60)
    waited = run("wait", "--job-log", log)
    assert (waited.exit, statuses(waited)) == (4, {"Succeeded": 5, "Failed": 1})
    assert [row["instance"] for row in waited.json] == sim.names("flex")
    assert len(changes(sim)) == 6
    again = run("restart", "--retry-failed", log)
    assert [(row["instance"], row["status"]) for row in again.json] == [(refused, "Accepted")]
    assert again.exit == 0


def test_wait_by_a_log_sends_nothing_and_reports_what_was_never_sent(run: Run, sim: Simulator, finished: Path) -> None:
    ids = [one["id"] for one in records_of(finished)[0]["instances"]]
    cut(finished, lambda one: one["record"] == "plan" or one.get("id") in ids[:4])
    done = run("wait", "--job-log", str(finished))
    assert (done.exit, statuses(done)) == (5, {"Succeeded": 4, "NotStarted": 2})
    assert "2 of 6 were never sent; --resume sends them." in done.stderr
    assert len(changes(sim)) == 6
    assert statuses(run("restart", "--resume", str(finished))) == {"Succeeded": 6}
    assert len(changes(sim)) == 8


# --retry-failed


def test_a_retry_in_the_same_log_keeps_instances_in_progress(
    run: Run, sim: Simulator, environment: dict[str, str], tmp_path: Path
) -> None:
    log = str(tmp_path / "log")
    first = interrupted_into(log, sim, environment)
    assert statuses(first) == {"Interrupted": 3, "NotStarted": 3}
    sim.configure(seconds=0.05)
    again = run("restart", "--retry-failed", log)
    assert (again.exit, statuses(again)) == (0, {"Succeeded": 3})
    assert "3 were sent and their end was not seen" in again.stderr
    sim.advance(60)
    done = run("restart", "--resume", log)
    assert (done.exit, statuses(done)) == (0, {"Succeeded": 6})
    assert set(sim.accepted().values()) == {1}


def test_retry_failed_sends_failed_instances_only(run: Run, sim: Simulator, tmp_path: Path) -> None:
    log, names = tmp_path / "log", sim.names("flex")
    for name in names[:2]:
        sim.add_fault({"action": "restart", "vm": name, "times": 1, "fault": FAILS})
    assert run("restart", *FLEX, "--job-log", str(log)).exit == 4
    kept = log.read_bytes()
    dry = run("restart", "--retry-failed", str(log), "--dry-run")
    assert [row["status"] for row in dry.json] == ["Planned", "Planned"]
    assert log.read_bytes() == kept
    beside = tmp_path / "log2"
    shutil.copy(log, beside)
    done = run("restart", "--retry-failed", str(log))
    assert done.exit == 0
    assert [row["instance"] for row in done.json] == names[:2]
    assert sim.accepted() == Counter({(name, "restart"): 1 + (name in names[:2]) for name in names})
    assert log.read_bytes().startswith(kept)
    again = log.read_bytes()
    nothing = run("restart", "--retry-failed", str(log))
    assert (nothing.exit, nothing.json) == (0, [])
    assert "has nothing to retry" in nothing.stderr
    assert log.read_bytes() == again
    own = tmp_path / "log3"
    elsewhere = run("restart", "--retry-failed", str(beside), "--job-log", str(own))
    assert (elsewhere.exit, len(elsewhere.json)) == (0, 2)
    assert beside.read_bytes() == kept
    assert [one["record"] for one in records_of(own)].count("outcome") == 2


def test_a_retry_skips_a_gone_instance(run: Run, sim: Simulator, tmp_path: Path) -> None:
    log, names = tmp_path / "log", sim.names("flex")
    for name in names[:2]:
        sim.add_fault({"action": "restart", "vm": name, "times": 1, "fault": FAILS})
    assert run("restart", *FLEX, "--job-log", str(log)).exit == 4
    assert run("delete-instances", *FLEX, "--instance-ids", names[0], "--yes").exit == 0
    done = run("restart", "--retry-failed", str(log))
    assert done.exit == 0
    assert [row["status"] for row in done.json] == ["Skipped", "Succeeded"]
    assert done.json[0]["reason"] == "It no longer exists."
