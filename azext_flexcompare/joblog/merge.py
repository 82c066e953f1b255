"""Several job logs read as one run, such as those of the shares of a fleet.

An instance of several logs counts once, by the run that began last: that is the one that retried it. The batches of a
run are numbered on from those of the run before it, since runs beside each other have batches of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from typing import Any

from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_flexcompare.instances import ResourceId
from azext_flexcompare.joblog.records import Record, shard_of
from azext_flexcompare.joblog.replay import LoggedRun, record_id, replay
from azext_flexcompare.joblog.values import read_list, read_objects, read_text, read_time, read_whole

LONG_AGO = datetime.min.replace(tzinfo=timezone.utc)
MOST = 10_000  # shares that are looked for
STARTED_BY = ("commandLine", "host", "user", "processId", "extensionVersion")


def merge_logs(logs: Sequence[Sequence[Record]]) -> list[Record]:
    """Return the records of several logs as those of one run, which has an end if each of them has one.

    Raises InvalidArgumentValueError for runs of different operations.
    """
    runs = sorted(map(replay, logs), key=_began)
    _check_operations(runs)
    owners = {id_: place for place, run in enumerate(runs) for id_ in run.instances}
    starts = _starts(runs)
    parts = [
        _Part(run, start, {id_ for id_ in run.instances if owners[id_] == place})
        for place, (run, start) in enumerate(zip(runs, starts[:-1], strict=True))
    ]
    timed = sorted((each for part in parts for each in part.timed_records()), key=lambda each: each[0])
    merged = [one for _, one in timed]
    before = [one for run in runs for one in run.before]
    return [*before, _plan_of(parts, starts[-1]), *merged, *_end_of(runs)]


def missing_shares(plans: Iterable[Record]) -> list[str]:
    """Return the shares of a fleet that are in no log, where all logs are of shares of the same number."""
    found = {shard_of(one) for one in plans}
    known = {tuple(one.split("/")) for one in found if one and one.count("/") == 1}
    totals = {total for _, total in known}
    if None in found or len(totals) != 1 or not all(part.isdecimal() for one in known for part in one):
        return []
    (total,) = totals
    numbers = {int(number) for number, _ in known}
    return [f"{number}/{total}" for number in range(1, min(int(total), MOST) + 1) if number not in numbers]


class _Part:
    """A run, the number of batches of the runs before it, and the instances that count by it."""

    def __init__(self, run: LoggedRun, start: int, own: set[ResourceId]) -> None:
        self.run, self.start, self.own = run, start, own

    def planned(self) -> list[Record]:
        """Return its instances as its plan has them."""
        return [self._numbered(one) for one in read_objects(self.run.plan.get("instances")) if self._has(one)]

    def timed_records(self) -> list[tuple[datetime, Record]]:
        """Return its records but its end, each with its time; one without a time has that of the record before it."""
        latest = _began(self.run)
        found: list[tuple[datetime, Record]] = []
        for one in self.run.records:
            latest = max(latest, read_time(one.get("at")) or latest)
            if one["record"] != "end" and ("id" not in one or self._has(one)):
                found.append((latest, self._numbered(one)))
        return found

    def _has(self, one: Record) -> bool:
        return record_id(one) in self.own

    def _numbered(self, one: Record) -> Record:
        batch = read_whole(one.get("batch"))
        return one if batch is None else {**one, "batch": batch + self.start}


def _began(run: LoggedRun) -> datetime:
    return read_time(run.plan.get("at")) or LONG_AGO


def _check_operations(runs: Iterable[LoggedRun]) -> None:
    names = list(dict.fromkeys(read_text(run.plan.get("operation")) or "unknown" for run in runs))
    if len(names) > 1:
        raise InvalidArgumentValueError(
            f"The job logs are of different operations: {', '.join(names)}.",
            recommendation="Name the logs of the shares of one run.",
        )


def _starts(runs: Iterable[LoggedRun]) -> list[int]:
    """Return the number of batches before each run, and that of all of them."""
    starts = [0]
    for run in runs:
        starts.append(starts[-1] + (read_whole(run.plan.get("batches")) or 0))
    return starts


def _plan_of(parts: Sequence[_Part], batches: int) -> Record:
    plans: list[dict[str, Any]] = [part.run.plan for part in parts]
    first = plans[0]
    shared = {name: first.get(name) for name in STARTED_BY if all(one.get(name) == first.get(name) for one in plans)}
    others = {name: value for name, value in first.items() if name not in STARTED_BY}
    sets = [text for one in plans for each in read_list(one.get("scaleSets")) if (text := read_text(each))]
    return {
        **others,
        **{name: value for name, value in shared.items() if value is not None},
        "scaleSets": list({ResourceId(one): one for one in sets}.values()),
        "batches": batches,
        "instances": [one for part in parts for one in part.planned()],
    }


def _end_of(runs: Sequence[LoggedRun]) -> list[Record]:
    """Return an end with the worst exit status, at the time of the last one."""
    ends = [run.records[-1] for run in runs if run.records and run.records[-1]["record"] == "end"]
    exits = [read_whole(one.get("exit")) for one in ends]
    if len(ends) < len(runs) or None in exits:
        return []
    last = max(ends, key=lambda one: read_time(one.get("at")) or LONG_AGO)
    worst = max(one for one in exits if one is not None)
    return [{"record": "end", "at": last.get("at"), "exit": worst, "operation": last.get("operation")}]
