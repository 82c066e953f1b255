"""The end of a command: messages, exit status and rows."""

from __future__ import annotations

from typing import Any

import pytest
from knack.events import EVENT_CLI_SUCCESSFUL_EXECUTE

from armsim import Simulator
from azext_flexcompare.output.conclusion import conclude, conclude_run
from azext_flexcompare.output.messages import Retry
from azext_flexcompare.scheduler.outcome import Status
from azext_flexcompare.table.entries import operations
from tests.latest.helpers.factories import outcome, scale_set

STOP = next(one for one in operations() if one.name == "stop")


def test_rows_stand_in_the_order_chosen_however_the_outcomes_come(cli_ctx: Any) -> None:
    outcomes = [outcome(name, Status.SUCCEEDED, None) for name in ("web_2", "web_1")]
    rows = conclude_run((cli_ctx, STOP), [one.target for one in reversed(outcomes)], outcomes, Retry("stop"))
    assert [row["instance"] for row in rows] == ["web_1", "web_2"]


def finish(cli_ctx: Any) -> int:
    """Raise what the CLI raises after the output; return the exit status."""
    try:
        cli_ctx.raise_event(EVENT_CLI_SUCCESSFUL_EXECUTE, result=None)
    except SystemExit as left:
        return int(str(left.code))
    return 0


def test_the_process_leaves_with_the_status_of_the_outcomes(cli_ctx: Any) -> None:
    failed = outcome()
    conclude_run((cli_ctx, STOP), [failed.target], [failed], Retry("stop"))
    assert finish(cli_ctx) == 4


def test_nothing_is_logged_before_the_output(cli_ctx: Any, caplog: pytest.LogCaptureFixture) -> None:
    failed = outcome()
    conclude_run((cli_ctx, STOP), [failed.target], [failed], Retry("stop"))
    assert caplog.messages == []
    finish(cli_ctx)
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING", "WARNING"]
    assert caplog.messages[1] == "1 instance: 1 Failed."


def test_a_success_is_silent_without_a_terminal(
    cli_ctx: Any, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    done = outcome(status=Status.SUCCEEDED, error=None)
    conclude_run((cli_ctx, STOP), [done.target], [done], Retry("stop"))
    assert finish(cli_ctx) == 0
    assert (caplog.messages, capsys.readouterr().err) == ([], "")


def test_the_errors_of_harmless_outcomes_are_warnings(cli_ctx: Any, caplog: pytest.LogCaptureFixture) -> None:
    conclude(cli_ctx, [], harmless=[outcome()])
    assert finish(cli_ctx) == 0
    assert [record.levelname for record in caplog.records] == ["WARNING"]


@pytest.mark.parametrize("subscription", ["of the login", "another"])
def test_a_retry_goes_by_names_in_the_subscription_of_the_login_only(
    subscription: str, cli_ctx: Any, sim: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    named = sim.subscription if subscription == "of the login" else subscription
    way = "--instance-ids web_1" if named == sim.subscription else f"--ids /subscriptions/{named}"
    failed = outcome(scale_set=scale_set(subscription=named))
    conclude_run((cli_ctx, STOP), [failed.target], [failed], Retry("stop"))
    finish(cli_ctx)
    assert way in caplog.messages[-1]
