"""The exit status of a run, and how the process leaves with it after its output."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Any, NamedTuple

from azext_flexcompare.scheduler.outcome import BAD, Outcome, Status


class Exit(IntEnum):
    """The exit statuses of an operation; 1, 2 and 3 are the Azure CLI's own."""

    SUCCESS = 0
    SOME_FAILED = 4
    STOPPED = 5
    INTERRUPTED = 130


class RunEnd(NamedTuple):
    """How a run ended as a whole: why it was stopped, if it was, whether for want of health, and how it was throttled.

    `waits` are the seconds that the service asked for each time it refused a request because there were too many;
    `unseen` is what an interruption kept from being seen, besides the outcomes.
    """

    stopped: str | None = None
    ill: bool = False
    waits: Sequence[float] = ()
    unseen: str | None = None


NORMAL_END = RunEnd()


def exit_status(statuses: Iterable[str], run_end: RunEnd = NORMAL_END) -> Exit:
    """Choose the exit status of a run from the statuses of its instances and how it ended as a whole."""
    seen = set(statuses)
    if run_end.unseen or Status.INTERRUPTED in seen or (Status.NOT_STARTED in seen and not run_end.stopped):
        return Exit.INTERRUPTED
    if Status.NOT_STARTED in seen or run_end.ill:
        return Exit.STOPPED
    return Exit.SOME_FAILED if seen & set(BAD) else Exit.SUCCESS


def leave_after_output(cli_ctx: Any, status: Exit) -> None:
    """Make the process exit with a status once its output has been written.

    A command that returns always exits 0, and one that raises prints nothing; leaving from the event that the CLI
    raises after the output gives both (knack 0.14, EVENT_CLI_SUCCESSFUL_EXECUTE).
    """
    from knack.events import EVENT_CLI_SUCCESSFUL_EXECUTE

    def leave(*_: Any, **__: Any) -> None:
        raise SystemExit(int(status))

    if status is not Exit.SUCCESS:
        cli_ctx.register_event(EVENT_CLI_SUCCESSFUL_EXECUTE, leave)


def status_of(outcomes: Sequence[Outcome[Any]], run_end: RunEnd = NORMAL_END) -> Exit:
    """Choose the exit status of a run."""
    return exit_status((outcome.status for outcome in outcomes), run_end)
