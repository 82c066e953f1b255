"""The end of a command: messages, exit status and rows."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from knack.events import EVENT_CLI_SUCCESSFUL_EXECUTE

from armsim import Simulator
from azext_flexcompare.output.conclusion import conclude_run
from azext_flexcompare.output.messages import Retry
from azext_flexcompare.scheduler.outcome import Status
from azext_flexcompare.table.entries import operations
from tests.latest.helpers.factories import outcome, scale_set

STOP = next(one for one in operations() if one.name == "stop")


def test_rows_stand_in_the_order_chosen_however_the_outcomes_come(cli_ctx: Any) -> None:
    outcomes = [outcome(name, Status.SUCCEEDED, None) for name in ("web_2", "web_1")]
    rows = conclude_run((cli_ctx, STOP), [one.target for one in reversed(outcomes)], outcomes, Retry("stop"))
    assert [row["instance"] for row in rows] == ["web_1", "web_2"]


def test_the_process_leaves_with_the_status_of_the_outcomes(cli_ctx: Any) -> None:
    failed = outcome()
    conclude_run((cli_ctx, STOP), [failed.target], [failed], Retry("stop"))
    with pytest.raises(SystemExit) as left:
        cli_ctx.raise_event(EVENT_CLI_SUCCESSFUL_EXECUTE, result=None)
    assert left.value.code == 4


def test_a_retry_goes_by_names_in_the_subscription_of_the_login_only(
    cli_ctx: Any, sim: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    for subscription, way in ((sim.subscription, "--instance-ids web_1"), ("another", "--ids /subscriptions/another")):
        failed = outcome(scale_set=scale_set(subscription=subscription))
        with caplog.at_level(logging.WARNING):
            conclude_run((cli_ctx, STOP), [failed.target], [failed], Retry("stop"))
        assert way in caplog.messages[-1]
