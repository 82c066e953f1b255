"""Ctrl-C: what it stops, and what it leaves."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from armsim import Simulator
from armsim.world.description import default_description
from tests.latest.helpers.waits import wait_until
from tests.latest.helpers.worlds import changes
from tools.sandbox import AZ

RESTART = [str(AZ), "vmss-flex", "restart", "-g", "rg", "-n", "flex"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_reports_what_was_sent_and_sends_no_more(
    sim: Simulator, environment: dict[str, str], number: signal.Signals
) -> None:
    sim.configure(seconds=600)
    with subprocess.Popen(
        [*RESTART, "--max-parallel", "4"], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        wait_until(sim, lambda sim: len(changes(sim)) == 4)
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=30)
    rows = json.loads(stdout)
    assert process.returncode == 130
    assert Counter(row["status"] for row in rows) == {"Interrupted": 4, "NotStarted": 2}
    assert [row["instance"] for row in rows] == sim.names("flex")
    assert all(bool(row["operationUrl"]) is (row["status"] == "Interrupted") for row in rows)
    assert "4 Interrupted" in stderr
    assert "Traceback" not in stderr
    assert len(changes(sim)) == 4


@contextmanager
def running(environment: dict[str, str], *options: str) -> Iterator[subprocess.Popen[str]]:
    """Have a restart under way, and whatever comes of the test no longer than that."""
    with subprocess.Popen(
        [*RESTART, *options], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_service_that_is_slow_to_answer_does_not_hold_the_report_up(
    sim: Simulator, environment: dict[str, str]
) -> None:
    sim.configure(latency=0.5)
    with running(environment, "--include-protected") as process:  # no protection policy is read before a request
        wait_until(sim, lambda sim: any(one["action"] == "list" for one in sim.requests()))
        sim.configure(latency=60)
        wait_until(sim, lambda sim: len(changes(sim)) == 4)  # the others wait until the service has accepted one
        process.send_signal(signal.SIGINT)
        stdout, _ = process.communicate(timeout=30)  # it has two seconds, and a busy machine; an answer takes sixty
    assert process.returncode == 130
    assert Counter(row["status"] for row in json.loads(stdout)) == {"Interrupted": 4, "NotStarted": 2}


def test_the_second_time_the_process_ends_at_once(sim: Simulator, environment: dict[str, str]) -> None:
    sim.configure(latency=2)
    with running(environment) as process:
        wait_until(sim, lambda sim: len(changes(sim)) == 6)
        process.send_signal(signal.SIGINT)  # which gives the answers that are awaited a second and a half
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        stdout, _ = process.communicate(timeout=20)
    assert process.returncode == -signal.SIGINT
    assert stdout == ""


def test_a_rest_between_batches_is_broken_off(sim: Simulator, environment: dict[str, str], tmp_path: Path) -> None:
    events = tmp_path / "events"
    with running(environment, "--batch-size", "2", "--batch-pause", "600", "--events", str(events)) as process:
        wait_until(sim, lambda _: events.exists() and events.read_text().count('"outcome"') == 2)
        process.send_signal(signal.SIGINT)
        stdout, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert Counter(row["status"] for row in json.loads(stdout)) == {"Succeeded": 2, "NotStarted": 4}
    assert len(changes(sim)) == 2


@pytest.mark.parametrize(("size", "left"), [("2", {"Succeeded": 2, "NotStarted": 4}), ("6", {"Succeeded": 6})])
def test_a_gate_of_health_is_broken_off_and_nothing_is_called_healthy(
    sim: Simulator, environment: dict[str, str], tmp_path: Path, size: str, left: dict[str, int]
) -> None:
    world = default_description(6)
    world["resourceGroups"]["rg"]["scaleSets"]["flex"]["overrides"] = {"*": {"agentReadyAfter": "never"}}
    sim.reset(world)
    log = str(tmp_path / "log")
    gate = ("--batch-size", size, "--health-gate", "vm-agent", "--job-log", log)
    with running(environment, *gate) as process:
        wait_until(sim, lambda sim: any(one["action"] == "get" for one in sim.requests()))
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert Counter(row["status"] for row in json.loads(stdout)) == left
    assert "Interrupted before batch 1 was seen to be healthy." in stderr
    assert f"--resume {log}" in stderr
