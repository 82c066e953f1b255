"""Commands of the user's shell: their input, output, status and end."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from azext_flexcompare.execution import user_command
from azext_flexcompare.execution.user_command import CommandResult, Shell, variables_of
from tests.latest.helpers.factories import instance
from tests.latest.helpers.worlds import OPERATIONS

SHELL = Shell(lambda text: text.replace("s3cret", "***"), lambda: False)
PATIENT = 60.0


def run(command: str, **more: object) -> CommandResult:
    return SHELL.run(command, {}, **{"timeout": PATIENT, **more})  # type: ignore[arg-type]


def test_a_command_that_succeeds_has_no_problem() -> None:
    done = run("true")
    assert (done.problem, done.status) == (None, 0)


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("exit 3", "It exited with status 3."),
        ("echo one; echo two >&2; exit 3", "It exited with status 3: one / two"),
        ("for i in 1 2 3 4 5 6 7; do echo $i; done; exit 1", "It exited with status 1: 3 / 4 / 5 / 6 / 7"),
        ("echo s3cret; exit 1", "It exited with status 1: ***"),
        ("kill -9 $$", "It exited with status -9."),
        ("no-such-command-anywhere 2>/dev/null", "It exited with status 127."),
    ],
)
def test_a_command_that_fails_is_told_by_its_status_and_last_lines(command: str, problem: str) -> None:
    assert run(command).problem == problem


def test_the_input_is_read_or_not() -> None:
    long = "x" * 1_000_000
    assert run("test $(wc -c) = 1000000", stdin=long).problem is None
    assert run("true", stdin=long).problem is None


def test_the_output_is_passed_on_without_secrets() -> None:
    pieces: list[str] = []
    run("echo out; echo s3cret >&2", echo=pieces.append)
    assert "".join(pieces) == "out\n***\n"


def test_the_variables_are_those_of_the_instance_and_the_batch(tmp_path: Path) -> None:
    one = instance("web_1", zone=None, fault_domain=0)
    given = variables_of(OPERATIONS["restart"], 2, one)
    done = SHELL.run(f"env > {tmp_path}/env", given, timeout=PATIENT)
    assert done.problem is None
    found = dict(line.split("=", 1) for line in (tmp_path / "env").read_text().splitlines() if "=" in line)
    assert {name: value for name, value in found.items() if name.startswith("VMSS_FLEX_")} == {
        "VMSS_FLEX_OPERATION": "restart",
        "VMSS_FLEX_BATCH": "2",
        "VMSS_FLEX_INSTANCE": "web_1",
        "VMSS_FLEX_ID": one.id,
        "VMSS_FLEX_SUBSCRIPTION": "s",
        "VMSS_FLEX_RESOURCE_GROUP": "rg",
        "VMSS_FLEX_SCALE_SET": "web",
        "VMSS_FLEX_ZONE": "",
        "VMSS_FLEX_FAULT_DOMAIN": "0",
    }
    assert found["PATH"] == os.environ["PATH"]


def test_a_command_whose_time_is_over_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    done = run(f"sleep 600 & echo $! > {tmp_path}/child; echo waiting; wait", timeout=1)
    assert (done.problem, done.status) == ("It did not end within 1 s: waiting", None)
    with pytest.raises(ProcessLookupError):
        _wait_for_end(int((tmp_path / "child").read_text()))


def _wait_for_end(process: int) -> None:
    for _ in range(1000):
        os.kill(process, 0)
        time.sleep(0.01)


def test_a_command_that_ignores_its_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(user_command, "GRACE", 0.1)
    assert run("trap '' TERM; while :; do sleep 0.1; done", timeout=0.5).problem == "It did not end within 0 s"


def test_an_interruption_reaches_the_command(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    shell = Shell(str, begun.exists)
    command = f"trap 'echo told; exit 0' INT; touch {begun}; while :; do sleep 0.1; done"
    assert shell.run(command, {}, timeout=PATIENT).problem == "It was interrupted: told"


def test_a_process_that_a_command_leaves_behind_is_not_waited_for(tmp_path: Path) -> None:
    done = run(f"sleep 600 & echo $! > {tmp_path}/child; echo done; exit 2")
    os.kill(int((tmp_path / "child").read_text()), signal.SIGKILL)
    assert done.problem == "It exited with status 2: done"
    assert done.seconds < PATIENT


def test_a_shell_that_is_none_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/nowhere/sh")
    assert run("exit 4").status == 4


def test_the_output_ends_with_its_line() -> None:
    pieces: list[str] = []
    run("printf unfinished", echo=pieces.append)
    assert "".join(pieces) == "unfinished\n"
