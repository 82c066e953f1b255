"""Report a run: messages, exit status and rows."""

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


def conclude(
    cli_ctx: Any,
    operation: Operation,
    chosen: Sequence[Instance],
    outcomes: Iterable[Outcome[Instance]],
    retry: messages.Retry,
    run_end: RunEnd = NORMAL_END,
) -> list[dict[str, Any]]:
    """Report a run, and have the process leave with its status; return the rows, in the order chosen."""
    found = {outcome.target.id: outcome for outcome in outcomes}
    ordered = [found[instance.id] for instance in chosen]
    home = Profile(cli_ctx=cli_ctx).get_subscription_id()
    for line in messages.tell(ordered, retry._replace(home=home), run_end):
        get_logger(__name__).warning(line)
    exit_status.leave_after_output(cli_ctx, exit_status.status_of(ordered, run_end))
    return [rows.outcome_row(operation, outcome) for outcome in ordered]
