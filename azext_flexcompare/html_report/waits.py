"""The times of a run in which nothing was in operation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

Span = tuple[datetime, datetime]
SHORTENED = 0.15  # of the time in operation: an idle time that is longer is shortened on the axis


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
