"""Commands before and after each batch: what they get, how they stop a run, and what a resumed run repeats."""

from __future__ import annotations

import json
import signal
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from armsim import Simulator
from tests.latest.helpers.az import FLEX, WarmAz
from tests.latest.helpers.logs import cut, records_of
from tests.latest.helpers.rows import statuses
from tests.latest.helpers.waits import wait_until
from tests.latest.helpers.worlds import changes
from tools.sandbox import AZ

RESTART = ("restart", *FLEX, "--batch-size", "3")


def lines_of(file: Path) -> list[Any]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []


@pytest.fixture
def given(tmp_path: Path) -> Path:
    """The file that hooks append their input to."""
    return tmp_path / "given"


def keep(given: Path, more: str = "true") -> str:
    return f"cat >> {given}; echo >> {given}; echo ran $VMSS_FLEX_HOOK $VMSS_FLEX_BATCH/$VMSS_FLEX_BATCHES; {more}"


def test_the_hooks_get_each_batch_and_their_output_is_not_in_the_list(
    warm: WarmAz, sim: Simulator, given: Path
) -> None:
    done = warm.run(*RESTART, "--before-batch", keep(given), "--after-batch", keep(given))
    assert (done.exit, statuses(done)) == (0, {"Succeeded": 6})
    first, after, second, last = lines_of(given)
    names = sim.names("flex")
    assert [one["batch"] for one in (first, after, second, last)] == [1, 1, 2, 2]
    assert {one["total"] for one in (first, after, second, last)} == {2}
    assert [[each["name"] for each in one["instances"]] for one in (first, second)] == [names[:3], names[3:]]
    assert first["instances"][0]["id"] == done.json[0]["id"]
    assert "outcomes" not in first
    assert after["outcomes"] == done.json[:3]
    assert done.stderr.count("ran before-batch 1/2") == done.stderr.count("ran after-batch 2/2") == 1


@pytest.mark.parametrize(
    ("hook", "done_of_them"), [("before-batch", {"Succeeded": 3, "NotStarted": 3}), ("after-batch", {"Succeeded": 6})]
)
def test_a_hook_that_fails_stops_the_run_and_is_repeated_when_it_is_resumed(
    warm: WarmAz, sim: Simulator, tmp_path: Path, hook: str, done_of_them: dict[str, int]
) -> None:
    log, ran = str(tmp_path / "log"), tmp_path / "ran"
    fails = f"echo $VMSS_FLEX_BATCH >> {ran}; echo no approval; test $VMSS_FLEX_BATCH != 2"
    done = warm.run(*RESTART, f"--{hook}", fails, "--job-log", log)
    assert (done.exit, statuses(done)) == (5, done_of_them)
    reason = f"Stopped by --{hook}: batch 2: It exited with status 1: no approval"
    assert reason in done.stderr
    assert {row["reason"] for row in done.json if row["status"] == "NotStarted"} <= {reason}
    assert f"To resume: az vmss-flex restart --resume {log}" in done.stderr
    last = warm.run("restart", "--resume", log, f"--{hook}", f"echo $VMSS_FLEX_BATCH >> {ran}")
    assert (last.exit, statuses(last)) == (0, {"Succeeded": 6})
    assert ran.read_text().split() == ["1", "2", "2"]
    assert ("it runs again" in last.stderr) is (hook == "before-batch")
    assert set(sim.accepted().values()) == {1}


def test_a_hook_that_ended_before_a_kill_does_not_run_twice(warm: WarmAz, sim: Simulator, tmp_path: Path) -> None:
    del sim  # it is reset first
    log, ran = tmp_path / "log", tmp_path / "ran"
    hooks = [f"--{one}-batch" for one in ("before", "after")]
    commands = [f"echo $VMSS_FLEX_HOOK $VMSS_FLEX_BATCH >> {ran}"] * 2
    options = [word for pair in zip(hooks, commands, strict=True) for word in pair]
    assert warm.run(*RESTART, *options, "--job-log", str(log)).exit == 0
    seen: list[dict[str, Any]] = []

    def until_second_batch_was_sent(one: dict[str, Any]) -> bool:
        seen.append(one)
        return sum(each["record"] == "intent" for each in seen) <= 4

    cut(log, until_second_batch_was_sent)
    last = warm.run("restart", "--resume", str(log))
    assert (last.exit, statuses(last)) == (0, {"Succeeded": 6})
    ways = Counter(ran.read_text().splitlines())
    assert ways == {
        "before-batch 1": 1,
        "after-batch 1": 1,
        "before-batch 2": 1,
        "after-batch 2": 2,
    }  # the last was cut
    hook_records = [one for one in records_of(log) if one["record"] == "hook"]
    assert [(one["hook"], one["batch"], one["state"]) for one in hook_records[-2:]] == [
        ("after-batch", 2, "begun"),
        ("after-batch", 2, "ended"),
    ]
    assert hook_records[-1]["exit"] == 0


def test_a_hook_that_takes_too_long_is_ended(warm: WarmAz, sim: Simulator) -> None:
    done = warm.run(*RESTART, "--before-batch", "echo slow; sleep 600", "--hook-timeout", "1s")
    assert (done.exit, statuses(done)) == (5, {"NotStarted": 6})
    assert "Stopped by --before-batch: batch 1: It did not end within 1 s: slow" in done.stderr
    assert changes(sim) == []


def test_an_interruption_reaches_the_hook_and_nothing_more_is_sent(
    sim: Simulator, environment: dict[str, str], tmp_path: Path
) -> None:
    begun = tmp_path / "begun"
    hook = f"trap 'echo hook was told; exit 0' INT; touch {begun}; while :; do sleep 0.1; done"
    command = [str(AZ), "vmss-flex", *RESTART, "--before-batch", hook]
    with subprocess.Popen(
        command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        wait_until(sim, lambda _: begun.exists())
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert {row["status"] for row in json.loads(stdout)} == {"NotStarted"}
    assert "hook was told" in stderr
    assert changes(sim) == []


def test_a_limit_of_hooks_without_one_is_refused(warm: WarmAz, sim: Simulator) -> None:
    done = warm.run(*RESTART, "--hook-timeout", "5m")
    assert done.exit == 1
    assert "--hook-timeout has no meaning without --before-batch or --after-batch." in done.stderr
    assert sim.requests() == []


@pytest.mark.parametrize("way", ["--resume", "--retry-failed"])
def test_a_command_of_a_log_that_others_may_write_is_not_run_unseen(
    way: str, warm: WarmAz, sim: Simulator, tmp_path: Path
) -> None:
    log, ran = tmp_path / "log", tmp_path / "ran"
    stops = ("--before-batch", f"echo >> {ran}; exit 1", "--job-log", str(log))
    assert warm.run(*RESTART, *stops).exit == 5
    log.chmod(0o666)
    assert warm.run("restart", way, str(log)).exit == 1
    done = warm.run("restart", way, str(log))  # and no second attempt finds the file changed
    assert done.exit == 1
    assert f"--before-batch is a command of {log}, which another user may have written" in done.stderr
    assert len(ran.read_text().splitlines()) == 1
    assert warm.run("restart", way, str(log), "--before-batch", "true").exit == 0
    assert set(sim.accepted().values()) == {1}
