"""The command of --stop-on, at intervals."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from azext_flexcompare.execution import alarm
from azext_flexcompare.execution.alarm import watch_alarm
from azext_flexcompare.execution.monitor import Monitor
from azext_flexcompare.execution.user_command import Shell
from tests.latest.helpers.worlds import OPERATIONS

SHELL = Shell(str, lambda: False)


@pytest.fixture
def monitor() -> Monitor:
    return Monitor(OPERATIONS["restart"], lambda: False)


def test_without_a_command_nothing_stops_the_run(monitor: Monitor) -> None:
    with watch_alarm(None, monitor, SHELL):
        assert monitor.stop_reason() is None


def test_a_command_that_fails_at_first_stops_the_run_at_once(monitor: Monitor) -> None:
    with watch_alarm("echo red; exit 3", monitor, SHELL):
        assert monitor.stop_reason() == "Stopped by --stop-on: It exited with status 3: red"


def test_a_command_that_fails_later_stops_the_run(
    monitor: Monitor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(alarm, "INTERVAL", 0.01)
    with watch_alarm(f"test ! -e {tmp_path}/red", monitor, SHELL):
        assert monitor.stop_reason() is None
        (tmp_path / "red").touch()
        while not monitor.stop_reason():
            time.sleep(0.01)
    assert monitor.stopped == "Stopped by --stop-on: It exited with status 1."


def test_a_command_that_runs_when_the_run_ends_is_ended_and_stops_nothing(
    monitor: Monitor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(alarm, "INTERVAL", 0.01)
    second = tmp_path / "second"
    first = tmp_path / "first"
    command = f"test -e {first} || {{ touch {first}; exit 0; }}; touch {second}; exec sleep 600"
    with watch_alarm(command, monitor, SHELL):
        while not second.exists():
            time.sleep(0.01)
    assert monitor.stop_reason() is None


def test_an_interruption_is_no_alarm(monitor: Monitor) -> None:
    with watch_alarm("sleep 600", monitor, Shell(str, lambda: True)):
        assert monitor.stop_reason() is None
