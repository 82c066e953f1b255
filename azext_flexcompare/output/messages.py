"""Messages on standard error: equal errors folded into one line, why a run stopped, how to retry."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from azext_flexcompare.instances import Instance
from azext_flexcompare.output.exit_status import NORMAL_END, RunEnd
from azext_flexcompare.scheduler.outcome import BAD, UNFINISHED, Error, Outcome, Status
from azext_flexcompare.times import count

NAMES_SHOWN = 10
IDS_SHOWN = 50


class Retry(NamedTuple):
    """What a command that retries a run needs.

    `options` are the names of the operation's own options that were given; their values may be secrets. `home` is the
    default subscription, `log` the job log of the run.
    """

    operation: str
    options: Sequence[str] = ()
    home: str | None = None
    engine: str = "vm"
    log: str | None = None


def run_messages(outcomes: Sequence[Outcome[Instance]], retry: Retry, run_end: RunEnd = NORMAL_END) -> list[str]:
    """Return what you must know besides the list: the errors, why the run stopped, how to retry and to resume."""
    lines = fold_errors(outcomes)
    left = [one for one in outcomes if one.status in (*BAD, Status.NOT_STARTED)]
    interrupted = sum(one.status == Status.INTERRUPTED for one in outcomes)
    lines += [why for why in (run_end.stopped, run_end.not_seen) if why]
    lines += [_throttled(run_end.throttle_waits)] if run_end.throttle_waits else []
    if interrupted:
        lines.append(f"{interrupted} Interrupted: the end was not seen; operationUrl shows how each ended.")
    again = f", with {', '.join(retry.options)} as before" if retry.options else ""
    if left:
        lines.append(f"{len(left)} of {len(outcomes)} did not succeed. To retry: {_command(retry, left)}{again}")
    if retry.log and (run_end.not_seen or any(one.status in UNFINISHED for one in outcomes)):
        lines.append(f"To resume: az vmss-flex {retry.operation} --resume {shlex.quote(retry.log)}{again}")
    return lines


def fold_errors(outcomes: Iterable[Outcome[Any]]) -> list[str]:
    """Return one line for each group of equal errors, with the names of their instances."""
    groups: dict[tuple[str, Error], list[str]] = {}
    for outcome in outcomes:
        if outcome.error:
            error = without_name(outcome.error, outcome.target.name)
            groups.setdefault((outcome.status, error), []).append(outcome.target.name)
    return [
        f"{len(names)} {status}: {error.code}: {error.message} ({first_names(names)})"
        for (status, error), names in groups.items()
    ]


def without_name(error: Error, name: str) -> Error:
    """Return an error without the name of its instance, so that the same error of another instance equals it."""
    if name not in error.message:
        return error
    named = rf"(?<![\w.-]){re.escape(name)}(?![\w-])"
    return Error(error.code, re.sub(named, "<instance>", error.message))


def _throttled(waits: Sequence[float]) -> str:
    longest = f", with Retry-After of up to {max(waits):g} s" if any(waits) else ""
    return f"Azure throttled {count(len(waits), 'request')} (429){longest}."


def _command(retry: Retry, left: Sequence[Outcome[Instance]]) -> str:
    command = f"az vmss-flex {retry.operation}"
    if retry.log:
        return f"{command} --retry-failed {shlex.quote(retry.log)}"
    engine = f" --engine {retry.engine}" if retry.engine != "vm" else ""
    if len(left) > IDS_SHOWN:
        return f"{command} --ids @file{engine}, with the ids of this list whose status is not Succeeded, one a line"
    sets = {outcome.target.scale_set for outcome in left}
    (only, *more) = sets
    if more or only.subscription != retry.home:
        return f"{command} --ids {shlex.join(outcome.target.id for outcome in left)}{engine}"
    named = "--vmss-name" if "--name" in retry.options else "-n"  # as in `az vmss extension`
    names = shlex.join(outcome.target.name for outcome in left)
    place = f"-g {shlex.quote(only.resource_group)} {named} {shlex.quote(only.name)}"
    return f"{command} {place} --instance-ids {names}{engine}"


def first_names(names: Sequence[str]) -> str:
    """Return the first few of many names, and how many more there are."""
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
