"""The end of a command: messages on standard error after the output, the exit status, the rows."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from azure.cli.core._profile import Profile
from knack.log import get_logger

from azext_flexcompare.instances import Instance
from azext_flexcompare.output import exit_status, messages, rows
from azext_flexcompare.output.exit_status import NORMAL_END, Exit, RunEnd
from azext_flexcompare.scheduler.outcome import Outcome
from azext_flexcompare.table.entries import Operation


def conclude(cli_ctx: Any, outcomes: Sequence[Outcome[Any]], harmless: Sequence[Outcome[Any]] = ()) -> None:
    """Set the messages that follow the output, and the exit status of the process.

    The errors of `harmless` outcomes are logged as warnings and do not count for the exit status.
    """
    lines = [*messages.fold_errors(outcomes), *(one._replace(is_error=False) for one in messages.fold_errors(harmless))]
    status = exit_status.exit_status(one.status for one in outcomes)
    exit_status.leave_after_output(cli_ctx, status, partial(_log, lines))


def conclude_counted(cli_ctx: Any, outcomes: Sequence[Outcome[Any]], noun: str = "instance") -> None:
    """Set the messages that follow the output, with a line of counts as after a run, and the exit status."""
    lines, counts = messages.fold_errors(outcomes), messages.count_statuses(outcomes, noun)
    status = exit_status.exit_status(one.status for one in outcomes)
    report = partial(_report, lines, counts, status, cli_ctx.only_show_errors)
    exit_status.leave_after_output(cli_ctx, status, report, acted=True)


def conclude_run(
    context: tuple[Any, Operation],
    chosen: Sequence[Instance],
    outcomes: Iterable[Outcome[Instance]],
    retry: messages.Retry,
    run_end: RunEnd = NORMAL_END,
) -> list[dict[str, Any]]:
    """Set the messages that follow the output and the exit status, and return the rows in the order chosen.

    `context` is the CLI's context and the operation.
    """
    cli_ctx, operation = context
    found = {outcome.target.id: outcome for outcome in outcomes}
    ordered = [found[instance.id] for instance in chosen]
    home = Profile(cli_ctx=cli_ctx).get_subscription_id()
    status = exit_status.exit_status((one.status for one in ordered), run_end)
    lines = messages.run_messages(ordered, retry._replace(home=home), run_end)
    report = partial(_report, lines, messages.count_statuses(ordered), status, cli_ctx.only_show_errors)
    exit_status.leave_after_output(cli_ctx, status, report, acted=True)
    return [rows.outcome_row(operation, outcome) for outcome in ordered]


def _report(lines: Sequence[messages.Message], counts: str, status: Exit, quiet: bool) -> None:
    """Log the messages of a run around the line of its counts; a success needs the counts on a terminal only."""
    _log([one for one in lines if one.is_error])
    if status is not Exit.SUCCESS:
        get_logger(__name__).warning(counts)
    elif sys.stderr.isatty() and not quiet:
        sys.stderr.write(f"{counts}\n")
    _log([one for one in lines if not one.is_error])


def _log(lines: Iterable[messages.Message]) -> None:
    logger = get_logger(__name__)
    for line in lines:
        (logger.error if line.is_error else logger.warning)(line.text)
