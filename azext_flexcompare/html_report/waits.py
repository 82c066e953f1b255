"""The waits of a run: health gates and others that its log names, and the times in which nothing was in operation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from azext_flexcompare.joblog.records import Record
from azext_flexcompare.joblog.values import read_list, read_text, read_time, read_whole

Span = tuple[datetime, datetime]
KINDS = ("gate", "hook", "drain")
SHORTENED = 0.15  # of the time in operation: an idle time that is longer is shortened on the axis


class Wait(NamedTuple):
    """A wait that the log names: its kind, the batch and the instances that it is of, in lower case."""

    kind: str
    batch: int | None
    start: datetime
    end: datetime
    ids: frozenset[str]


def read_waits(records: Iterable[Record], last: datetime) -> list[Wait]:
    """Read the waits among records; one without an end lasts to the last record."""
    open_: dict[tuple[str, str], Wait] = {}
    found: list[Wait] = []
    for one in records:
        at, kind = read_time(one.get("at")), str(one.get("record"))
        if kind not in KINDS or at is None:
            continue
        batch = read_whole(one.get("batch"))
        ids = frozenset(text.lower() for id_ in read_list(one.get("instances")) if (text := read_text(id_)))
        key = kind, f"{batch} {one.get('hook')}"
        if one.get("state") == "begun":
            open_[key] = Wait(kind, batch, at, max(at, last), ids=ids)
        elif key in open_:
            begun = open_.pop(key)
            found.append(begun._replace(end=max(at, begun.start)))
    return sorted([*found, *open_.values()], key=lambda wait: wait.start)


def idle_spans(busy: Iterable[Span], started: datetime, last: datetime) -> list[Span]:
    """Return the times between the start of a run and its last record in which nothing was in operation."""
    idle: list[Span] = []
    until = started
    for start, end in sorted(busy):
        if start > until:
            idle.append((until, start))
        until = max(until, end)
    return [*idle, (until, last)] if until < last else idle


def shortened_spans(idle: Sequence[Span], pauses: Iterable[Span], started: datetime, last: datetime) -> list[Span]:
    """Return the times that the axis shortens: interruptions, and idle times beside which bars would be too short."""
    active = last - started - sum((end - start for start, end in idle), timedelta())
    long_ = [(start, end) for start, end in idle if active and end - start > SHORTENED * active]
    merged: list[Span] = []
    for start, end in sorted([*long_, *pauses]):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged
