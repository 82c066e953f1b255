"""The end of a command: messages on standard error, the exit status, the rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from azure.cli.core._profile import Profile
from knack.log import get_logger

from azext_flexcompare.instances import Instance
from azext_flexcompare.output import exit_status, messages, rows
from azext_flexcompare.output.exit_status import NORMAL_END, RunEnd
from azext_flexcompare.scheduler.outcome import Outcome
from azext_flexcompare.table.entries import Operation


def warn_of_errors(outcomes: Iterable[Outcome[Any]]) -> None:
    """Write the errors of outcomes to standard error, equal ones in one line."""
    _write(messages.fold_errors(outcomes))


def conclude(cli_ctx: Any, outcomes: Sequence[Outcome[Any]]) -> None:
    """Write the errors of outcomes to standard error, and set the exit status of the process."""
    warn_of_errors(outcomes)
    exit_status.leave_after_output(cli_ctx, exit_status.exit_status(one.status for one in outcomes))


def conclude_run(
    context: tuple[Any, Operation],
    chosen: Sequence[Instance],
    outcomes: Iterable[Outcome[Instance]],
    retry: messages.Retry,
    run_end: RunEnd = NORMAL_END,
) -> list[dict[str, Any]]:
    """Write the messages of a run, set the exit status of the process, and return the rows in the order chosen.

    `context` is the CLI's context and the operation.
    """
    cli_ctx, operation = context
    found = {outcome.target.id: outcome for outcome in outcomes}
    ordered = [found[instance.id] for instance in chosen]
    home = Profile(cli_ctx=cli_ctx).get_subscription_id()
    _write(messages.run_messages(ordered, retry._replace(home=home), run_end))
    exit_status.leave_after_output(cli_ctx, exit_status.exit_status((one.status for one in ordered), run_end))
    return [rows.outcome_row(operation, outcome) for outcome in ordered]


def _write(lines: Iterable[str]) -> None:
    for line in lines:
        get_logger(__name__).warning(line)
