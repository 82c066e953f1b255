"""What is said on standard error: equal errors folded, why a run stopped, how to retry."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from azext_flexcompare.instances import Instance
from azext_flexcompare.output.exit_status import NORMAL_END, RunEnd
from azext_flexcompare.scheduler.outcome import BAD, UNFINISHED, Error, Outcome, Status

NAMES_SHOWN = 10


IDS_SHOWN = 50


class Retry(NamedTuple):
    """What it takes to do again what did not succeed.

    `options` are the names of the operation's own options that were given; their values may be secrets. `home` is the
    subscription in which a command without one acts, `log` the job log of the run.
    """

    operation: str
    options: Sequence[str] = ()
    home: str | None = None
    engine: str = "vm"
    log: str | None = None


def tell(outcomes: Sequence[Outcome[Instance]], retry: Retry, run_end: RunEnd = NORMAL_END) -> list[str]:
    """Say what a user must know besides the list: equal errors folded into one line, why it stopped, how to retry."""
    lines = folded(outcomes)
    left = [one for one in outcomes if one.status in (*BAD, Status.NOT_STARTED)]
    unseen = sum(one.status == Status.INTERRUPTED for one in outcomes)
    lines += [why for why in (run_end.stopped, run_end.unseen) if why]
    lines += [_throttled(run_end.waits)] if run_end.waits else []
    if unseen:
        lines.append(f"{unseen} Interrupted: sent, but not seen to the end; operationUrl shows how each ended.")
    again = f", with {', '.join(retry.options)} as before" if retry.options else ""
    if left:
        lines.append(f"{len(left)} of {len(outcomes)} did not succeed. To retry: {_command(retry, left)}{again}")
    if retry.log and (run_end.unseen or any(one.status in UNFINISHED for one in outcomes)):
        lines.append(f"To go on: az vmss-flex {retry.operation} --resume {shlex.quote(retry.log)}{again}")
    return lines


def folded(outcomes: Iterable[Outcome[Any]]) -> list[str]:
    """Fold equal errors into one line each, with the names of their instances."""
    groups: dict[tuple[str, Error], list[str]] = {}
    for outcome in outcomes:
        if outcome.error:
            said = without_name(outcome.error, outcome.target.name)
            groups.setdefault((outcome.status, said), []).append(outcome.target.name)
    return [
        f"{len(names)} {status}: {said.code}: {said.message} ({first_names(names)})"
        for (status, said), names in groups.items()
    ]


def without_name(error: Error, name: str) -> Error:
    """Take the name of its instance out of an error, so that the same error of another instance equals it."""
    if name not in error.message:
        return error
    named = rf"(?<![\w.-]){re.escape(name)}(?![\w-])"
    return Error(error.code, re.sub(named, "<instance>", error.message))


def _throttled(waits: Sequence[float]) -> str:
    times = f"{len(waits)} time{'s' * (len(waits) != 1)}"
    asked = f", and asked for waits of up to {max(waits):g} s" if any(waits) else ""
    return f"Throttled {times}: Azure refused a request as one too many{asked}."


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
    """Name the first few of many."""
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
