"""The waits of a run by its job log: health gates, hooks, and times out of rotation."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from azext_flexcompare.instances import ResourceId
from azext_flexcompare.joblog.records import Record
from azext_flexcompare.joblog.replay import LoggedRun
from azext_flexcompare.joblog.values import read_list, read_number, read_objects, read_text, read_time, read_whole

GATE, HOOK, DRAIN, UNDRAIN = "gate", "hook", "drain", "undrain"


class Wait(NamedTuple):
    """A wait: its kind, the name of the gate or the hook, its batch and instances; `end` is None while it lasts."""

    kind: str
    name: str | None
    batch: int | None
    start: datetime
    end: datetime | None
    ids: frozenset[ResourceId]


def read_waits(logged_run: LoggedRun) -> list[Wait]:
    """Read the waits of the last run of a log, in the order in which they began."""
    ended: list[Wait] = []
    open_: list[Wait] = []
    for one in logged_run.of_kind(GATE, HOOK):
        at = read_time(one.get("at"))
        if at and one.get("state") == "begun":
            open_.append(_begun(logged_run, one, at))
        elif at and (found := _open_of(open_, one, at)):
            open_.remove(found)
            ended.append(found._replace(end=max(at, found.start)))
    return sorted([*ended, *open_, *_drains(logged_run)], key=lambda wait: wait.start)


def _begun(logged_run: LoggedRun, one: Record, at: datetime) -> Wait:
    batch = read_whole(one.get("batch"))
    ids = [text for id_ in read_list(one.get("instances")) if (text := read_text(id_))]
    alone = read_text(one.get("instance"))
    if one["record"] == HOOK:
        ids = [alone] if alone else [id_ for id_, each in logged_run.instances.items() if each.batch == batch]
    return Wait(one["record"], _name(one), batch, at, end=None, ids=frozenset(map(ResourceId, ids)))


def _open_of(open_: Iterable[Wait], one: Record, at: datetime) -> Wait | None:
    """Find the wait that a record ends: in a rolling window several gates of one batch are open at a time."""
    known = one["record"], _name(one), read_whole(one.get("batch"))
    alone = read_text(one.get("instance"))
    found = [wait for wait in open_ if wait[:3] == known and (alone is None or ResourceId(alone) in wait.ids)]
    seconds = read_number(one.get("seconds"))
    began = at - timedelta(seconds=seconds) if seconds is not None else None
    return min(found, key=lambda wait: abs(wait.start - began) if began else timedelta(), default=None)


def _drains(logged_run: LoggedRun) -> list[Wait]:
    """Return the times out of rotation of each address, from the write that took it out to the one that put it back."""
    ended: list[Wait] = []
    out: dict[tuple[str, str], Wait] = {}
    for one in logged_run.of_kind(DRAIN, UNDRAIN):
        at, pool = read_time(one.get("at")), read_text(one.get("pool")) or ""
        for each in read_objects(one.get("addresses")) if at else ():
            key = pool.lower(), (read_text(each.get("address")) or "").lower()
            begins = one["record"] == DRAIN and one.get("state") == "begun"
            if at and begins and key not in out:
                ids = frozenset([ResourceId(read_text(each.get("id")) or "")])
                out[key] = Wait(DRAIN, pool, read_whole(one.get("batch")), at, end=None, ids=ids)
            elif at and key in out and one["record"] == UNDRAIN and one.get("state") == "ended":
                wait = out.pop(key)
                ended.append(wait._replace(end=max(at, wait.start)))
            elif one.get("state") == "dropped" and one["record"] == DRAIN:
                out.pop(key, None)
    return [*ended, *out.values()]


def _name(one: Record) -> str | None:
    return read_text(one.get("hook" if one["record"] == HOOK else "gate"))
