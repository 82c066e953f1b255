"""What stops a run from outside: a person who is asked between batches, and the command of --stop-on."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from armsim import Simulator
from tests.latest.helpers.az import FLEX, Ran, WarmAz
from tests.latest.helpers.logs import records_of
from tests.latest.helpers.rows import statuses
from tests.latest.helpers.terminal import on_a_terminal, run_at_terminal
from tests.latest.helpers.worlds import changes

RESTART = ("restart", *FLEX, "--batch-size", "2")


def answering(environment: dict[str, str], answers: list[str], *arguments: str) -> Ran:
    """Run az with a person at a terminal, who answers each question."""
    done = run_at_terminal(environment, *arguments, answers=answers)
    return Ran(done.exit, done.stdout.decode(), re.sub(r"\s+", " ", done.seen.decode()))


@on_a_terminal
def test_a_person_is_asked_between_batches_and_a_no_stops_the_run(
    sim: Simulator, environment: dict[str, str], tmp_path: Path
) -> None:
    log = tmp_path / "log"
    done = answering(environment, ["what", "yes", "n"], *RESTART, "--confirm-each", "--job-log", str(log))
    assert (done.exit, statuses(done)) == (5, {"Succeeded": 4, "NotStarted": 2})
    assert done.stderr.count("Continue with batch 2 of 3, 2 instances? (y/n):") == 2
    assert "Stopped by you before batch 3 of 3 (--confirm-each)." in done.stderr
    answers = [(one["batch"], one["agreed"]) for one in records_of(log) if one["record"] == "confirm"]
    assert answers == [(2, True), (3, False)]
    last = answering(environment, ["y"], "restart", "--resume", str(log))
    assert (last.exit, statuses(last)) == (0, {"Succeeded": 6})
    assert "Continue with batch 3 of 3" in last.stderr
    assert set(sim.accepted().values()) == {1}


@on_a_terminal
def test_a_person_is_asked_once_after_the_first_batch(sim: Simulator, environment: dict[str, str]) -> None:
    del sim  # it is reset first
    done = answering(environment, ["Y"], *RESTART, "--confirm-after", "1")
    assert (done.exit, statuses(done)) == (0, {"Succeeded": 6})
    assert done.stderr.count("(y/n)") == 1


@pytest.mark.parametrize("option", [["--confirm-each"], ["--confirm-after", "1"]], ids=" ".join)
def test_without_a_terminal_the_question_is_refused_before_anything_is_sent(
    warm: WarmAz, sim: Simulator, option: list[str]
) -> None:
    done = warm.run(*RESTART, *option)
    assert done.exit == 1
    assert f"{' '.join(option)} asks you between batches, and there is no terminal to ask on." in done.stderr
    assert "--batch-pause" in done.stderr
    assert changes(sim) == []
    assert warm.run(*RESTART, *option, "--dry-run").exit == 0
    assert "has no meaning without --batch-size or --batch-by" in warm.run("restart", *FLEX, *option).stderr


def test_an_alarm_stops_the_run_before_anything_is_sent(warm: WarmAz, sim: Simulator) -> None:
    done = warm.run(*RESTART, "--stop-on", "echo 5 errors a second; exit 1")
    assert (done.exit, statuses(done)) == (5, {"NotStarted": 6})
    assert "Stopped by --stop-on: It exited with status 1: 5 errors a second" in done.stderr
    assert changes(sim) == []


def test_an_alarm_stops_a_run_that_waits_and_nothing_new_is_sent(warm: WarmAz, sim: Simulator, tmp_path: Path) -> None:
    log, raised = tmp_path / "log", tmp_path / "raised"
    ways = ("--after-batch", f"touch {raised}", "--batch-pause", "1h", "--stop-on", f"test ! -e {raised}")
    done = warm.run(*RESTART, *ways, "--job-log", str(log))
    assert (done.exit, statuses(done)) == (5, {"Succeeded": 2, "NotStarted": 4})
    assert {row["reason"] for row in done.json[2:]} == {"Stopped by --stop-on: It exited with status 1."}
    assert len(changes(sim)) == 2
    raised.unlink()
    last = warm.run("restart", "--resume", str(log), "--stop-on", "true", "--batch-pause", "0")
    assert (last.exit, statuses(last)) == (0, {"Succeeded": 6})
    assert [json.loads(line)["record"] for line in log.read_text("utf-8").splitlines()][-1] == "end"


def test_an_alarm_breaks_a_gate_off_which_a_resumed_run_asks_again(
    warm: WarmAz, sim: Simulator, tmp_path: Path
) -> None:
    log, asked = str(tmp_path / "log"), tmp_path / "asked"
    gate = ("--health-gate", "command", "--health-command", f"touch {asked}; false", "--health-timeout", "1h")
    done = warm.run("restart", *FLEX, *gate, "--stop-on", f"test ! -e {asked}", "--job-log", log)
    assert (done.exit, statuses(done)) == (5, {"Succeeded": 6})
    assert "Stopped by --stop-on" in done.stderr
    last = warm.run("restart", "--resume", log, "--health-command", "true", "--stop-on", "true")
    assert (last.exit, statuses(last)) == (0, {"Succeeded": 6})
    assert set(sim.accepted().values()) == {1}
