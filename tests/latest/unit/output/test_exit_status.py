"""The exit statuses of the contract, and when the process leaves."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from knack.cli import CLI
from knack.events import EVENT_CLI_POST_EXECUTE, EVENT_CLI_SUCCESSFUL_EXECUTE

from azext_flexcompare.output.exit_status import Exit, exit_status, leave_after_output


@pytest.mark.parametrize(
    ("statuses", "status"),
    [
        ([], Exit.SUCCESS),
        (["Succeeded", "Skipped", "Accepted", "Planned"], Exit.SUCCESS),
        (["Succeeded", "Failed"], Exit.SOME_FAILED),
        (["TimedOut"], Exit.SOME_FAILED),
        (["Succeeded", "Interrupted"], Exit.INTERRUPTED),
        (["Failed", "NotStarted"], Exit.INTERRUPTED),
    ],
)
def test_the_exit_status_follows_from_the_statuses(statuses: list[str], status: Exit) -> None:
    assert exit_status(statuses) is status


def test_the_exit_statuses_are_those_of_the_contract() -> None:
    assert [int(status) for status in Exit] == [0, 4, 5, 130]


@pytest.fixture
def cli(tmp_path: Path) -> CLI:
    return CLI("test", str(tmp_path), "TEST", out_file=io.StringIO())


@pytest.mark.parametrize("status", [Exit.SOME_FAILED, Exit.INTERRUPTED])
def test_the_process_leaves_with_the_status_once_the_output_is_written(cli: CLI, status: Exit) -> None:
    leave_after_output(cli, status)
    with pytest.raises(SystemExit) as left:
        cli.raise_event(EVENT_CLI_SUCCESSFUL_EXECUTE, result=None)
    assert (left.value.code, type(left.value.code)) == (status, int)


def test_the_process_is_left_alone_where_all_is_well(cli: CLI) -> None:
    leave_after_output(cli, Exit.SUCCESS)
    cli.raise_event(EVENT_CLI_SUCCESSFUL_EXECUTE, result=None)


def test_what_is_reported_follows_the_output_once(cli: CLI) -> None:
    reported: list[str] = []
    leave_after_output(cli, Exit.SUCCESS, lambda: reported.append("said"))
    assert reported == []
    cli.raise_event(EVENT_CLI_SUCCESSFUL_EXECUTE, result=None)
    cli.raise_event(EVENT_CLI_POST_EXECUTE)
    assert reported == ["said"]


@pytest.mark.parametrize("acted", [False, True])
@pytest.mark.parametrize("status", Exit)
def test_where_the_output_fails_the_run_is_reported_all_the_same(cli: CLI, status: Exit, acted: bool) -> None:
    reported: list[str] = []
    leave_after_output(cli, status, lambda: reported.append("said"), acted=acted)
    with pytest.raises(SystemExit) as left:
        cli.raise_event(EVENT_CLI_POST_EXECUTE)
    assert left.value.code == (status or int(not acted))
    assert reported == ["said"]
