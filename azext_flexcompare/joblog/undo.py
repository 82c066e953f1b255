"""The commands that put back the power states which a run changed, from what its log says was before."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence

from azext_flexcompare.instances import ResourceId
from azext_flexcompare.joblog.records import Record
from azext_flexcompare.joblog.replay import LoggedInstance, LoggedRun, replay
from azext_flexcompare.joblog.values import read_object, read_text
from azext_flexcompare.scheduler.outcome import Status
from azext_flexcompare.table.entries import operations

BACK_TO = {  # power state before: the commands that lead to it from another
    "running": ("start",),
    "stopped": ("stop",),
    "deallocated": ("deallocate",),
    "hibernated": ("deallocate --hibernate",),
}
OFF = ("deallocated", "hibernated")  # from which only a running instance can be stopped or hibernated
NOTHING = "# No power state was changed that could be put back."


def undo_lines(records: Sequence[Record]) -> list[str]:
    """Return commands, one a line, and comments about what they cannot put back.

    Only instances whose operation Succeeded are in them, in the state before the first change in the log.
    """
    changed: dict[ResourceId, tuple[LoggedInstance, str | None, str | None]] = {}
    for logged_run in _runs(records):
        after = _state_after(logged_run)
        for id_, one in logged_run.instances.items():
            if one.status == Status.SUCCEEDED and after:
                first, before, _ = changed.get(id_, (one, read_text(one.planned.get("powerState")), None))
                changed[id_] = first, before, after
    groups: dict[tuple[str, ...], dict[tuple[str, str], list[str]]] = {}
    for one, before, after in changed.values():
        steps = _steps(before, after)
        names = groups.setdefault(steps, {}).setdefault(_place(one), []) if steps else []
        names.append(read_text(one.planned.get("instance")) or "")
    lines = [line for steps, places in groups.items() for line in _commands(steps, places)]
    return [*_removed(records), *lines] or [NOTHING]


def _runs(records: Sequence[Record]) -> Iterable[LoggedRun]:
    begins = [place for place, one in enumerate(records) if one["record"] == "plan"]
    for begin, end in zip(begins, [*begins[1:], len(records)], strict=True):
        yield replay(records[begin:end])


def _state_after(logged_run: LoggedRun) -> str | None:
    """Return the power state to which the operation of a run leads."""
    operation = next((one for one in operations() if one.name == logged_run.plan.get("operation")), None)
    given = read_object(logged_run.plan.get("options"))
    options = {option.dest: given.get(option.name) for option in operation.options} if operation else {}
    return operation.target_power_state(options) if operation else None


def _steps(before: str | None, after: str | None) -> tuple[str, ...]:
    steps = BACK_TO.get(before or "", ()) if before != after else ()
    if before == "hibernated" and after in OFF:
        return ()  # its memory is lost
    return ("start", *steps) if after in OFF and steps and steps != ("start",) else steps


def _place(logged: LoggedInstance) -> tuple[str, str]:
    id_ = read_text(logged.planned.get("scaleSetId")) or ""
    words = id_.strip("/").split("/")
    return (words[1] if len(words) > 1 else "", id_)


def _commands(steps: Sequence[str], places: dict[tuple[str, str], list[str]]) -> Iterable[str]:
    for (subscription, id_), names in places.items():
        words = id_.strip("/").split("/")
        where = ["--subscription", subscription, "-g", words[3] if len(words) > 3 else "", "-n", words[-1]]
        for step in steps:
            chosen = shlex.join([*where, "--instance-ids", *names])
            yield f"az vmss-flex {step} {chosen} --skip-satisfied"


def _removed(records: Sequence[Record]) -> list[str]:
    removing = {one.name for one in operations() if one.removes}
    names = [
        read_text(one.planned.get("instance")) or ""
        for logged_run in _runs(records)
        if read_text(logged_run.plan.get("operation")) in removing
        for one in logged_run.instances.values()
        if one.status == Status.SUCCEEDED
    ]
    return [f"# Deleted, and not to be put back: {' '.join(names)}"] if names else []
