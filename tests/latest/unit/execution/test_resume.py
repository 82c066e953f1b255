"""`--resume`, `--retry-failed` and `wait --job-log`."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError
from knack.events import EVENT_CLI_SUCCESSFUL_EXECUTE

from armsim import Simulator
from azext_flexcompare.execution.resume import resume, retry_failed, wait_for_log
from azext_flexcompare.execution.run import run_operation
from azext_flexcompare.planning.run_options import RunOptions
from azext_flexcompare.selection.selection import Choice
from azext_flexcompare.table.entries import operations
from tests.latest.helpers.faults import FAILS
from tests.latest.helpers.logs import cut
from tests.latest.helpers.worlds import changes

BY_NAME = {one.name: one for one in operations()}
RESTART = BY_NAME["restart"]
FLEX = Choice("rg", "flex")


@pytest.fixture
def log(cli_ctx: Any, sim: Simulator, tmp_path: Path) -> Path:
    """The log of a run in which the first instance failed."""
    path = tmp_path / "log"
    sim.add_fault({"action": "restart", "vm": sim.names("flex")[0], "times": 1, "fault": FAILS})
    run_operation(cli_ctx, RESTART, FLEX, {}, run_options=RunOptions(job_log=str(path)))
    return path


def statuses_of(rows: list[dict[str, Any]]) -> list[str]:
    return [row["status"] for row in rows]


def test_a_finished_run_is_resumed_without_a_call(cli_ctx: Any, sim: Simulator, log: Path) -> None:
    rows = resume(cli_ctx, RESTART, Choice(), {}, {"resume": str(log)})
    assert statuses_of(rows) == ["Failed", *["Succeeded"] * 5]
    assert len(changes(sim)) == 6


def test_what_was_never_sent_is_sent_on_resume(cli_ctx: Any, sim: Simulator, log: Path) -> None:
    late = sim.vm_id(sim.names("flex")[5]).lower()
    cut(log, lambda one: one["record"] != "end" and str(one.get("id")).lower() != late)
    rows = resume(cli_ctx, RESTART, Choice(), {}, {"resume": str(log)})
    assert statuses_of(rows) == ["Failed", *["Succeeded"] * 5]
    assert len(changes(sim)) == 7


def test_only_what_failed_is_retried(cli_ctx: Any, sim: Simulator, log: Path) -> None:
    [row] = retry_failed(cli_ctx, RESTART, Choice(), {}, {"retry_failed": str(log)})
    assert (row["instance"], row["status"]) == (sim.names("flex")[0], "Succeeded")
    assert retry_failed(cli_ctx, RESTART, Choice(), {}, {"retry_failed": str(log)}) == []


def test_waiting_sends_nothing_and_warns_of_what_was_never_sent(
    cli_ctx: Any, sim: Simulator, log: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cut(log, lambda one: one["record"] == "plan")
    with caplog.at_level(logging.WARNING):
        rows = wait_for_log(cli_ctx, str(log), 60)
        with pytest.raises(SystemExit):
            cli_ctx._event_handlers[EVENT_CLI_SUCCESSFUL_EXECUTE][-1](cli_ctx)  # the first is of the run before
    assert statuses_of(rows) == ["NotStarted"] * 6
    assert any("6 of 6 were never sent" in message for message in caplog.messages)
    assert len(changes(sim)) == 6


@pytest.mark.parametrize(
    ("operation", "choice", "told"),
    [("stop", Choice(), "is the log of restart, not of stop"), ("restart", FLEX._replace(scale_set="web"), "other in")],
)
def test_a_log_of_something_else_is_refused(operation: str, choice: Choice, told: str, cli_ctx: Any, log: Path) -> None:
    with pytest.raises(InvalidArgumentValueError, match=told):
        resume(cli_ctx, BY_NAME[operation], choice, {}, {"resume": str(log)})
