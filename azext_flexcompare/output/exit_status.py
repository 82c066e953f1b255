"""The exit status of a run, with which the process exits after its output."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum
from typing import Any, NamedTuple

from azext_flexcompare.scheduler.outcome import BAD, Status


class Exit(IntEnum):
    """The exit statuses of an operation; 1, 2 and 3 are the Azure CLI's own."""

    SUCCESS = 0
    SOME_FAILED = 4
    STOPPED = 5
    INTERRUPTED = 130


class RunEnd(NamedTuple):
    """How a run ended as a whole.

    `stopped` is why it was stopped, `gate_failed` whether that was at a health gate or the hook after it,
    `throttle_waits` the seconds that the service asked for at each throttled request, and `not_seen` what an
    interruption kept from being seen besides the outcomes. `out_of_rotation` has the ids of the instances that the run
    left out of rotation, and `not_put_back` is whether some of them could not be put back.
    """

    stopped: str | None = None
    gate_failed: bool = False
    throttle_waits: Sequence[float] = ()
    not_seen: str | None = None
    out_of_rotation: Sequence[str] = ()
    not_put_back: bool = False


NORMAL_END = RunEnd()


def exit_status(statuses: Iterable[str], run_end: RunEnd = NORMAL_END) -> Exit:
    """Return the exit status of a run by the statuses of its instances and how it ended as a whole."""
    seen = set(statuses)
    if run_end.not_seen or Status.INTERRUPTED in seen or (Status.NOT_STARTED in seen and not run_end.stopped):
        return Exit.INTERRUPTED
    if Status.NOT_STARTED in seen or run_end.gate_failed or run_end.not_put_back:
        return Exit.STOPPED
    return Exit.SOME_FAILED if seen & set(BAD) else Exit.SUCCESS


def leave_after_output(
    cli_ctx: Any, status: Exit, report: Callable[[], None] = lambda: None, *, acted: bool = False
) -> None:
    """Set what is reported, and the status with which the process exits, once its output has been written.

    Where the output fails, the status of a command that `acted` still tells what became of the instances, and that of
    another one is 1 instead of 0.

    A command that returns always exits 0, and one that raises prints nothing; leaving from the event that the CLI
    raises after the output gives both. Where the output fails, the CLI raises only its last event (knack 0.14,
    EVENT_CLI_SUCCESSFUL_EXECUTE and EVENT_CLI_POST_EXECUTE).
    """
    from knack.events import EVENT_CLI_POST_EXECUTE, EVENT_CLI_SUCCESSFUL_EXECUTE

    def leave(*_: Any, **__: Any) -> None:
        cli_ctx.unregister_event(EVENT_CLI_POST_EXECUTE, leave_without_output)
        report()
        if status is not Exit.SUCCESS:
            raise SystemExit(int(status))

    def leave_without_output(*_: Any, **__: Any) -> None:
        leave()
        raise SystemExit(int(status) or int(not acted))

    cli_ctx.register_event(EVENT_CLI_SUCCESSFUL_EXECUTE, leave)
    cli_ctx.register_event(EVENT_CLI_POST_EXECUTE, leave_without_output)
