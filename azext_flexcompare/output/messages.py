"""Messages on standard error: equal errors folded into one line, why a run stopped, how to retry or resume it."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from azext_flexcompare.instances import Instance, last_name
from azext_flexcompare.output.exit_status import NORMAL_END, RunEnd
from azext_flexcompare.output.text import shorten
from azext_flexcompare.scheduler.outcome import BAD, UNFINISHED, Error, Outcome, Status
from azext_flexcompare.times import count

NAMES_SHOWN = 10
IDS_SHOWN = 50
LONGEST = 1000  # characters of an error on standard error; the list has all of it
ORDER = (
    Status.SUCCEEDED,
    Status.ACCEPTED,
    Status.PLANNED,
    Status.SKIPPED,
    Status.FAILED,
    Status.TIMED_OUT,
    Status.INTERRUPTED,
    Status.NOT_STARTED,
)


class Message(NamedTuple):
    """A line on standard error; an error is shown under --only-show-errors too."""

    text: str
    is_error: bool = False


class Retry(NamedTuple):
    """What a command that retries a run needs.

    `options` are the operation's own options that were given; a value of None may be a secret. A job
    log has the others, but the CLI demands those that are `required`. `run_words` are the
    options of the run as they are typed. `home` is the default subscription, `log` the job log of the run.
    """

    operation: str
    options: Mapping[str, Any] = MappingProxyType({})
    required: Sequence[str] = ()
    run_words: Sequence[str] = ()
    home: str | None = None
    log: str | None = None


def run_messages(outcomes: Sequence[Outcome[Instance]], retry: Retry, run_end: RunEnd = NORMAL_END) -> list[Message]:
    """Return what you must know besides the list: the errors, why the run stopped, how to retry or resume it."""
    lines = fold_errors(outcomes)
    lines += [Message(run_end.stopped, is_error=True)] if run_end.stopped else []
    lines += [Message(run_end.not_seen)] if run_end.not_seen else []
    lines += [Message(_throttled(run_end.throttle_waits))] if run_end.throttle_waits else []
    if any(one.status == Status.INTERRUPTED for one in outcomes):
        lines.append(Message("The end of what is Interrupted was not seen; operationUrl shows how each ended."))
    lines += _out_of_rotation(outcomes, retry, run_end.out_of_rotation)
    advice = _advice(outcomes, retry, run_end)
    return [*lines, Message(advice)] if advice else lines


def count_statuses(outcomes: Iterable[Outcome[Any]], noun: str = "instance") -> str:
    """Return how many instances, or other targets, there are, and how many of each status."""
    found = Counter(one.status for one in outcomes)
    counts = ", ".join(f"{found[status]:,} {status}" for status in ORDER if found[status])
    return f"{count(found.total(), noun)}: {counts or 'nothing to do'}."


def fold_errors(outcomes: Iterable[Outcome[Any]]) -> list[Message]:
    """Return one line for each group of equal errors, with the names of their instances."""
    groups: dict[tuple[str, str], list[str]] = {}
    for outcome in outcomes:
        why = _why(outcome)
        if why:
            groups.setdefault((outcome.status, why), []).append(outcome.target.name)
    return [
        Message(f"{len(names)} {status}: {shorten(why, LONGEST)} ({first_names(names)})", is_error=True)
        for (status, why), names in groups.items()
    ]


def without_name(error: Error, name: str) -> Error:
    """Return an error without the name of its instance, so that the same error of another instance equals it."""
    if name not in error.message:
        return error
    named = rf"(?<![\w.-]){re.escape(name)}(?![\w-])"
    return Error(error.code, re.sub(named, "<instance>", error.message))


def logged_command(retry: Retry, way: str) -> str:
    """Return the command that resumes or retries a run by its log; `way` is the option that names the log."""
    demanded = {name: value for name, value in retry.options.items() if name in retry.required}
    words = shlex.join([way, retry.log or "", *_option_words(demanded)])
    return f"az vmss-flex {retry.operation} {words}{_as_before(retry)}"


def first_names(names: Sequence[str]) -> str:
    """Return the first few of many names, and how many more there are."""
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _why(outcome: Outcome[Any]) -> str | None:
    if outcome.error:
        return ": ".join(without_name(outcome.error, outcome.target.name))
    return outcome.reason if outcome.status in BAD else None


def _throttled(waits: Sequence[float]) -> str:
    longest = f", with Retry-After of up to {max(waits):g} s" if any(waits) else ""
    return f"Azure throttled {count(len(waits), 'request')} (429){longest}."


def _advice(outcomes: Sequence[Outcome[Instance]], retry: Retry, run_end: RunEnd) -> str | None:
    """Return the one command to use next, which acts on no more than was asked and as carefully as the run."""
    left = [one for one in outcomes if one.status in (*BAD, Status.NOT_STARTED)]
    goes_on = run_end.not_seen or run_end.gate_failed or any(one.status in UNFINISHED for one in outcomes)
    again = _as_before(retry)
    if retry.log and goes_on:
        return f"To resume: {logged_command(retry, '--resume')}"
    if retry.log and left:
        return f"To retry: {logged_command(retry, '--retry-failed')}"
    if run_end.gate_failed:
        return "A run without a job log cannot be resumed behind its health gate."
    file = ", where FILE has the ids of what did not succeed, one a line" if len(left) > IDS_SHOWN else ""
    return f"To retry: {_command(retry, left)}{again}{file}" if left else None


def _out_of_rotation(outcomes: Sequence[Outcome[Instance]], retry: Retry, out: Sequence[str]) -> list[Message]:
    """Return who is out of rotation, and the command that puts them back."""
    if not out:
        return []
    left = [one for one in outcomes if one.target.id in out]
    chosen = _selection(retry, left) if left else f"--ids {shlex.join(out)}"
    chosen = f"--job {shlex.quote(retry.log)}" if retry.log else chosen
    names = first_names([last_name(one) for one in out])
    return [
        Message(f"{count(len(out), 'instance')} out of rotation: {names}.", is_error=True),
        Message(f"To put back into rotation: az vmss-flex undrain {chosen}", is_error=True),
    ]


def _as_before(retry: Retry) -> str:
    hidden = [name for name, value in retry.options.items() if value is None]
    return f", with {', '.join(hidden)} as before" if hidden else ""


def _command(retry: Retry, left: Sequence[Outcome[Instance]]) -> str:
    options = [*retry.run_words, *_option_words(retry.options)]
    return " ".join(["az vmss-flex", retry.operation, _selection(retry, left), *map(shlex.quote, options)])


def _selection(retry: Retry, left: Sequence[Outcome[Instance]]) -> str:
    if len(left) > IDS_SHOWN:
        return "--ids @FILE"
    (only, *more) = {outcome.target.scale_set for outcome in left}
    if more or only.subscription != retry.home:
        return f"--ids {shlex.join(outcome.target.id for outcome in left)}"
    named = "--vmss-name" if "--name" in retry.options else "-n"  # as in `az vmss extension`
    names = shlex.join(outcome.target.name for outcome in left)
    return f"-g {shlex.quote(only.resource_group)} {named} {shlex.quote(only.name)} --instance-ids {names}"


def _option_words(options: Mapping[str, Any]) -> list[str]:
    words: list[str] = []
    for name, value in options.items():
        if value is True:
            words.append(name)
        elif value is not None:
            words += [name, str(value).lower() if value is False else str(value)]
    return words
