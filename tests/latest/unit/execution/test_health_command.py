"""The gate of --health-gate, of its combined conditions and the command of the user's."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from azext_flexcompare.execution.health_command import CommandCheck, gate_of
from azext_flexcompare.execution.health_gate import CHECKS, Subject
from azext_flexcompare.execution.user_command import Shell
from azext_flexcompare.planning.run_options import RunOptions
from tests.latest.helpers.factories import instance
from tests.latest.helpers.worlds import OPERATIONS

SHELL = Shell(str, lambda: False)
NO_AZURE: Any = None  # the address of an instance without a resource is not read


def made(**given: Any) -> Any:
    return gate_of(RunOptions(**given), OPERATIONS["restart"], boots=True, shell=SHELL, azure=NO_AZURE)


def test_without_the_option_there_is_no_gate() -> None:
    assert made() is None


def test_the_conditions_are_combined_and_the_command_comes_last() -> None:
    gate = made(health_gate=("command", "app-health", "vm-agent"), health_command="true", bake=90.0)(3)
    assert (gate.name, gate.bake, gate.boots) == ("command app-health vm-agent", 90.0, True)
    assert [*gate.checks] == [CHECKS["vm-agent"], CHECKS["app-health"]]
    assert isinstance(gate.command(0.0), CommandCheck)
    assert made(health_gate=("vm-agent",))(1).command is None


@pytest.mark.parametrize(
    ("command", "trouble"),
    [
        ("test $VMSS_FLEX_INSTANCE.$VMSS_FLEX_BATCH.$VMSS_FLEX_ADDRESS = a.3.", None),
        ("exit 1", "It exited with status 1."),
    ],
)
def test_an_instance_is_healthy_where_its_command_succeeds(command: str, trouble: str | None) -> None:
    check = made(health_gate=("command",), health_command=command)(3).command(time.monotonic() + 60)
    found = check(Subject(instance("a")), instance("a"))
    assert found == (trouble and f"--health-command: {trouble}")


def test_a_command_is_ended_once_the_time_of_the_gate_is_over(tmp_path: Path) -> None:
    command = f"touch {tmp_path}/begun; sleep 600"
    check = made(health_gate=("command",), health_command=command)(1).command(time.monotonic())
    assert check(Subject(instance()), instance()) == "--health-command: It did not end within 1 s"
    assert (tmp_path / "begun").exists()
