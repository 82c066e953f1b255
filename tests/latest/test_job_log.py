"""Does a job log tell all that happened and no secret, and is a run gone on with by it and by nothing else?"""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from azure.cli.core.azclierror import FileOperationError, InvalidArgumentValueError, ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from armsim import Simulator
from azext_flexcompare.joblog import file as job_log
from azext_flexcompare.joblog.replay import replay
from tests.latest.conftest import Ran, Run, changes
from tests.latest.test_interruption import wait_until
from tools.sandbox import AZ

FLEX = ("-g", "rg", "-n", "flex")
FAILS = {"kind": "fail", "code": "AllocationFailed", "message": "No room."}
Record = dict[str, Any]
NO_MODES = sys.platform == "win32"
IDS = [f"/vm{number}" for number in range(3)]
PLANNED = {
    "instance": "vm",
    "resourceGroup": "rg",
    "scaleSet": "flex",
    "scaleSetId": "/set",
    "powerState": "running",
    "location": "westeurope",
    "provisioned": ["2026"],
    "batch": 1,
    "zone": None,
    "faultDomain": 0,
}
HOW = {
    "batchSize": [],
    "batchBy": [],
    "batchPause": 0,
    "maxErrors": None,
    "healthGate": None,
    "healthTimeout": 9,
    "timeout": 9,
    "maxParallel": None,
    "engine": "vm",
    "noWait": False,
    "skipSatisfied": False,
}
PLAN = {
    "record": "plan",
    "version": 1,
    "operation": "restart",
    "scaleSets": ["/set"],
    "options": {},
    "choice": {},
    "how": HOW,
    "batches": 1,
    "instances": [{"id": id_, **PLANNED} for id_ in IDS],
}
OUTCOME = {
    "record": "outcome",
    "status": "Succeeded",
    "error": None,
    "reason": None,
    "startedAt": None,
    "finishedAt": None,
    "durationSeconds": 1.5,
    "operationUrl": None,
}


def records_of(log: Path) -> list[Record]:
    return [json.loads(line) for line in log.read_text("utf-8").splitlines()]


def write(log: Path, *records: Record, torn: bytes = b"") -> None:
    log.write_bytes(b"".join(json.dumps(one).encode() + b"\n" for one in records) + torn)


def cut(log: Path, keep: Callable[[Record], bool]) -> None:
    """Leave a log as a run would that was killed: what is kept, and a torn line."""
    write(log, *filter(keep, records_of(log)), torn=b'{"record":"outc')


def asked(sim: Simulator) -> int:
    """How often operations were looked at."""
    return sum(one["action"] == "poll" for one in sim.requests())


def kinds(*names: str) -> Callable[[Record], bool]:
    return lambda one: one["record"] in names


def statuses(done: Ran) -> Counter[str]:
    return Counter(row["status"] for row in done.json)


def interrupt(environment: dict[str, str], sim: Simulator, when: Callable[[Simulator], bool], *arguments: str) -> Ran:
    """Run az and press Ctrl-C at a moment."""
    with subprocess.Popen(
        [str(AZ), "vmss-flex", *arguments], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        wait_until(sim, when)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=30)
    assert "Traceback" not in stderr
    return Ran(process.returncode, stdout, stderr)


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


# Which file


def test_a_log_is_ours_alone_while_it_is_written(tmp_path: Path) -> None:
    path = str(tmp_path / "log")
    log = job_log.create(path)
    try:
        with pytest.raises(ValidationError, match="Another run is writing"):
            job_log.create(path)
        log.write([PLAN])
        with pytest.raises(ValidationError, match="Another run is writing"):
            job_log.open_to_append(path)
        assert job_log.read_records(path) == [PLAN]
    finally:
        log.close()
    job_log.open_to_append(path)[0].close()


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


def test_a_file_that_holds_anything_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("mine")
    with pytest.raises(InvalidArgumentValueError, match="is not empty"):
        job_log.create(str(path))
    assert path.read_text() == "mine"


@pytest.mark.parametrize("name", [".", "missing/log", "nul\0byte"])
def test_what_cannot_be_written_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileOperationError, match="cannot be written"):
        job_log.create(f"{tmp_path}/{name}")


@pytest.mark.parametrize("name", [".", "missing", "nul\0byte"])
def test_what_cannot_be_read_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileOperationError, match="cannot be read"):
        job_log.open_to_append(f"{tmp_path}/{name}")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}\n",
        b"hello\n",
        b"\xff\xfe\n",
        b"[1]\n",
        b"null\n",
        b'{"record": "plan"',
        b'{"record": "end"}\n',
        b"\n\n",
    ],
)
def test_a_file_that_is_no_log_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "log"
    path.write_bytes(content)
    with pytest.raises(InvalidArgumentValueError, match="no"):
        job_log.open_to_append(str(path))
    assert path.read_bytes() == content


def test_a_log_of_a_later_version_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "log", {**PLAN, "version": 2})
    with pytest.raises(InvalidArgumentValueError, match="another version"):
        job_log.read_records(str(tmp_path / "log"))


WHOLE = [PLAN, {"record": "intent", "id": IDS[0]}, {"record": "accepted", "id": IDS[0], "operationUrl": "u"}]
WHOLE += [{"record": "throttled", "id": IDS[1], "seconds": None}, {**OUTCOME, "id": IDS[0]}]
WHOLE += [
    {"record": "health", "batch": 1, "unhealthy": []},
    {"record": "stopped", "reason": "r"},
    {"record": "of another day"},
]
CONTENT = b"".join(json.dumps(one).encode() + b"\n" for one in WHOLE)


@given(st.integers(0, len(CONTENT)))
def test_a_log_that_was_cut_anywhere_is_read_as_far_as_it_is_whole(tmp_path_factory: Any, end: int) -> None:
    path = tmp_path_factory.getbasetemp() / "cut"
    path.write_bytes(CONTENT[:end])
    lines = CONTENT[:end].count(b"\n")
    if lines:
        log, records = job_log.open_to_append(str(path))
        log.write([WHOLE[1]])
        log.close()
        assert records == WHOLE[:lines]
        assert records_of(path) == [*WHOLE[:lines], WHOLE[1]]
    else:
        with pytest.raises(InvalidArgumentValueError, match="no plan"):
            job_log.open_to_append(str(path))


JUNK = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.none(), max_size=2) | st.just({})


@settings(max_examples=40)
@given(st.data())
def test_a_log_with_anything_in_a_field_is_read_or_refused(tmp_path_factory: Any, data: st.DataObject) -> None:
    records: list[Record] = json.loads(json.dumps(WHOLE))
    one = data.draw(st.sampled_from([*records, records[0]["instances"][0]]))
    one[data.draw(st.sampled_from(sorted(one)))] = data.draw(JUNK)
    path = tmp_path_factory.getbasetemp() / "junk"
    write(path, *records)
    try:
        log, found = job_log.open_to_append(str(path))
    except InvalidArgumentValueError:
        return
    log.close()
    assert set(replay(found).logged_instances) == {one["id"] for one in found[0]["instances"]}


# What it tells


def logged(*records: Record) -> tuple[bool, bool, str | None]:
    """How the first instance stands: whether it may have been sent, was accepted, and its last status."""
    found = replay([PLAN, *({"id": IDS[0], **one} for one in records)]).logged_instances[IDS[0]]
    return found.was_sent, found.accepted, found.status


INTENT, TAKEN, LATER = {"record": "intent"}, {"record": "accepted", "operationUrl": "u"}, {"record": "throttled"}
DONE, CUT_OFF, NEVER = ({**OUTCOME, "status": status} for status in ("Succeeded", "Interrupted", "NotStarted"))


@pytest.mark.parametrize(
    ("records", "found"),
    [
        ([], (False, False, None)),
        ([INTENT], (True, False, None)),
        ([INTENT, LATER], (False, False, None)),
        ([INTENT, LATER, INTENT], (True, False, None)),
        ([INTENT, TAKEN], (True, True, None)),
        ([INTENT, TAKEN, LATER], (True, True, None)),  # a look was refused
        ([INTENT, TAKEN, DONE], (True, True, "Succeeded")),
        ([INTENT, CUT_OFF], (True, False, "Interrupted")),
        ([INTENT, LATER, NEVER], (False, False, "NotStarted")),
        ([INTENT, TAKEN, CUT_OFF, DONE], (True, True, "Succeeded")),
        ([NEVER, INTENT, TAKEN], (True, True, None)),
    ],
)
def test_how_an_instance_stands(records: list[Record], found: tuple[bool, bool, str | None]) -> None:
    assert logged(*records) == found


def test_the_last_plan_counts_and_so_do_the_errors_since_the_last_stop() -> None:
    failed = [{**OUTCOME, "status": "Failed", "id": id_} for id_ in IDS]
    again = {**PLAN, "instances": PLAN["instances"][:2]}
    past = replay([PLAN, *failed, again, failed[0], {"record": "stopped"}, failed[1]])
    assert [one.status for one in past.logged_instances.values()] == ["Failed", "Failed"]
    assert past.failed == {IDS[1]}
    assert replay([PLAN, *failed[:2]]).failed == {*IDS[:2]}


# --resume


@pytest.fixture
def finished(run: Run, sim: Simulator, tmp_path: Path) -> Path:
    """The log of a run that has restarted every instance."""
    log = tmp_path / "log"
    assert run("restart", *FLEX, "--job-log", str(log)).exit == 0
    assert len(changes(sim)) == 6
    return log


def test_a_finished_run_is_told_again_and_nothing_is_sent(run: Run, sim: Simulator, finished: Path) -> None:
    before = finished.read_bytes()
    dry = run("restart", "--resume", str(finished), "--dry-run")
    assert (dry.exit, statuses(dry)) == (0, {"Succeeded": 6})
    assert finished.read_bytes() == before
    done = run("restart", *FLEX, "--resume", str(finished))
    assert (done.exit, statuses(done)) == (0, {"Succeeded": 6})
    assert len(changes(sim)) == 6
    assert [one["record"] for one in records_of(finished)][-2:] == ["resumed", "end"]


def test_what_may_have_been_sent_is_asked_for_and_not_sent_again(run: Run, sim: Simulator, finished: Path) -> None:
    cut(finished, kinds("plan", "batch", "intent"))
    done = run("restart", "--resume", str(finished))
    assert (done.exit, statuses(done)) == (0, {"Succeeded": 6})
    assert {row["reason"] for row in done.json} == {"Its own state shows the end; the service's answer was lost."}
    assert set(sim.accepted().values()) == {1}


def test_what_was_accepted_is_watched_where_its_operation_is(run: Run, sim: Simulator, finished: Path) -> None:
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
        (["restart", "--job-log", "another"], "--resume and --job-log do not go together"),
        (["restart", "--retry-failed", "another"], "--resume and --retry-failed do not go together"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, list) else "",
)
def test_a_log_is_gone_on_with_as_it_is_or_not_at_all(
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


def test_a_run_that_was_interrupted_is_gone_on_with(
    run: Run, sim: Simulator, environment: dict[str, str], tmp_path: Path
) -> None:
    log = str(tmp_path / "log")
    first = interrupted_into(log, sim, environment)
    assert (first.exit, statuses(first)) == (130, {"Interrupted": 3, "NotStarted": 3})
    assert f"To resume: az vmss-flex restart --resume {log}" in first.stderr
    sim.configure(seconds=0.05)
    beside = run("restart", "--retry-failed", log, "--job-log", f"{log}2")
    assert (beside.exit, statuses(beside)) == (0, {"Succeeded": 3})
    assert "3 were sent and not seen to the end" in beside.stderr
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


def test_a_doubt_outlives_an_interruption(
    run: Run, sim: Simulator, environment: dict[str, str], finished: Path
) -> None:
    """What may have been sent is never NotStarted: whoever goes on would send it again."""
    cut(finished, kinds("plan", "batch", "intent"))
    sim.configure(latency=1)
    seen = len(sim.requests())
    first = interrupt(
        environment, sim, lambda sim: len(sim.requests()) > seen + 2, "restart", "--resume", str(finished)
    )
    assert first.exit == 130
    assert set(statuses(first)) <= {"Interrupted", "Succeeded"}
    sim.configure(latency=0)
    done = run("restart", "--resume", str(finished))
    assert (done.exit, statuses(done)) == (0, {"Succeeded": 6})
    assert set(sim.accepted().values()) == {1}


def test_what_turns_out_not_to_be_accepted_is_sent_and_that_is_written_down_first(
    run: Run, sim: Simulator, finished: Path
) -> None:
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


def test_options_that_may_be_secret_are_to_be_given_again(run: Run, sim: Simulator, tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = ["reimage", *FLEX, "--instance-ids", "*", "--yes", "--admin-password", "hunter2", "--job-log", str(log)]
    assert run(*command).exit == 0
    cut(log, kinds("plan"))
    sim.reset()
    refused = run("reimage", "--resume", str(log), "--yes")
    assert refused.exit == 1
    assert "--admin-password was given" in refused.stderr
    assert "Give --admin-password again" in refused.stderr
    other = run("reimage", "--resume", str(log), "--yes", "--admin-password", "hunter2", "--temp-disk")
    assert other.exit == 1
    assert "--temp-disk is not as in the run" in other.stderr
    assert not changes(sim)
    done = run("reimage", "--resume", str(log), "--yes", "--admin-password", "hunter2")
    assert (done.exit, statuses(done)) == (0, {"Succeeded": 6})
    assert len(changes(sim)) == 6


@pytest.mark.parametrize(("engine", "operation"), [("set", "restart"), ("bulk", "deallocate")])
def test_the_log_of_another_engine_is_gone_on_with(
    run: Run, sim: Simulator, tmp_path: Path, engine: str, operation: str
) -> None:
    log = tmp_path / "log"
    command = [operation, *FLEX, "--engine", engine, "--batch-size", "2", "4"]
    assert run(*command, "--job-log", str(log)).exit == 0
    second = [one["id"] for one in records_of(log)[0]["instances"] if one["batch"] == 2]
    assert len(second) == 4
    sent = len(changes(sim))
    cut(log, lambda one: one["record"] != "outcome" or one["id"] not in second)
    assert statuses(run(operation, "--resume", str(log))) == {"Succeeded": 6}
    cut(log, lambda one: one["record"] in ("plan", "intent"))
    assert statuses(run(operation, "--resume", str(log))) == {"Succeeded": 6}
    assert len(changes(sim)) == sent


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


def test_who_is_gone_when_a_deletion_goes_on_needs_none(run: Run, sim: Simulator, tmp_path: Path) -> None:
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
    assert done.json[2]["reason"] == "It is gone already."


# --no-wait and wait --job-log


def test_a_run_without_waiting_is_waited_for_by_its_log(run: Run, sim: Simulator, tmp_path: Path) -> None:
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


def test_waiting_by_a_log_sends_nothing_and_says_what_was_never_sent(run: Run, sim: Simulator, finished: Path) -> None:
    ids = [one["id"] for one in records_of(finished)[0]["instances"]]
    cut(finished, lambda one: one["record"] == "plan" or one.get("id") in ids[:4])
    done = run("wait", "--job-log", str(finished))
    assert (done.exit, statuses(done)) == (5, {"Succeeded": 4, "NotStarted": 2})
    assert "2 of 6 were never sent; --resume sends them." in done.stderr
    assert len(changes(sim)) == 6
    assert statuses(run("restart", "--resume", str(finished))) == {"Succeeded": 6}
    assert len(changes(sim)) == 8


# --retry-failed


def test_a_retry_in_the_same_log_forgets_nobody_who_is_still_in_operation(
    run: Run, sim: Simulator, environment: dict[str, str], tmp_path: Path
) -> None:
    log = str(tmp_path / "log")
    first = interrupted_into(log, sim, environment)
    assert statuses(first) == {"Interrupted": 3, "NotStarted": 3}
    sim.configure(seconds=0.05)
    again = run("restart", "--retry-failed", log)
    assert (again.exit, statuses(again)) == (0, {"Succeeded": 3})
    assert "3 were sent and not seen to the end" in again.stderr
    sim.advance(60)
    done = run("restart", "--resume", log)
    assert (done.exit, statuses(done)) == (0, {"Succeeded": 6})
    assert set(sim.accepted().values()) == {1}


def test_what_failed_is_done_again_and_nothing_else(run: Run, sim: Simulator, tmp_path: Path) -> None:
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
    assert "nothing to be done again" in nothing.stderr
    assert log.read_bytes() == again
    own = tmp_path / "log3"
    elsewhere = run("restart", "--retry-failed", str(beside), "--job-log", str(own))
    assert (elsewhere.exit, len(elsewhere.json)) == (0, 2)
    assert beside.read_bytes() == kept
    assert [one["record"] for one in records_of(own)].count("outcome") == 2


def test_who_is_gone_cannot_be_retried(run: Run, sim: Simulator, tmp_path: Path) -> None:
    log, names = tmp_path / "log", sim.names("flex")
    for name in names[:2]:
        sim.add_fault({"action": "restart", "vm": name, "times": 1, "fault": FAILS})
    assert run("restart", *FLEX, "--job-log", str(log)).exit == 4
    assert run("delete-instances", *FLEX, "--instance-ids", names[0], "--yes").exit == 0
    done = run("restart", "--retry-failed", str(log))
    assert done.exit == 4
    assert [row["status"] for row in done.json] == ["Failed", "Succeeded"]
    assert done.json[0]["error"]["message"] == "The instance is no longer in the set."
