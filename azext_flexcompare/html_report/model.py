"""The run that a report shows: a view of the model of its job log, with values of an unexpected type missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from azure.cli.core.azclierror import ValidationError

from azext_flexcompare.html_report.waits import Span, idle_spans, shortened_spans
from azext_flexcompare.instances import ResourceId
from azext_flexcompare.joblog.job_state import UNFINISHED, WAITING
from azext_flexcompare.joblog.records import Record, shard_of
from azext_flexcompare.joblog.replay import LoggedInstance, LoggedRun, replay
from azext_flexcompare.joblog.values import (
    read_list,
    read_number,
    read_object,
    read_objects,
    read_text,
    read_time,
    read_whole,
)
from azext_flexcompare.joblog.waits import GATE, Wait, read_waits
from azext_flexcompare.output.messages import without_name
from azext_flexcompare.scheduler.outcome import Error, Status

STATUSES = (*(status for name, status in vars(Status).items() if name.isupper()), UNFINISHED, WAITING)


class Throttle(NamedTuple):
    """The time at which the service throttled a request, and the seconds that it asked to wait, if it did."""

    at: datetime
    seconds: float | None


class InstanceRun(NamedTuple):
    """The part of one instance in a run; times are UTC."""

    id: str
    name: str
    scale_set: str
    resource_group: str
    zone: str | None
    fault_domain: str | None
    batch: int | None
    status: str
    error: Error | None
    reason: str | None
    sent: datetime | None
    accepted: datetime | None
    ended: datetime | None
    seconds: float | None
    throttles: tuple[Throttle, ...]
    waits: tuple[Wait, ...] = ()


class Unhealthy(NamedTuple):
    """An instance that a health gate found unhealthy, and the reason."""

    name: str
    reason: str


class Batch(NamedTuple):
    """A batch that started; `unhealthy` is None if its health was not checked, `gate` the time that this took."""

    number: int
    started: datetime
    unhealthy: tuple[Unhealthy, ...] | None
    gate: timedelta | None = None


class Run(NamedTuple):
    """The last run of a job log.

    `last_record` is the time of the last record, `pauses` the spans from an interruption to its resumption. `exit` is
    None if the log was cut, `earlier_runs` the number of runs before, and `earlier_instances` the number of instances
    that only those had.
    """

    operation: str
    scale_sets: tuple[str, ...]
    options: dict[str, Any]
    run_options: dict[str, Any]
    started: datetime
    last_record: datetime
    instances: tuple[InstanceRun, ...]
    batches: tuple[Batch, ...]
    pauses: tuple[tuple[datetime, datetime], ...]
    stopped: str | None
    exit: int | None
    earlier_runs: int
    earlier_instances: int
    command_line: str | None = None
    started_by: str | None = None
    waits: tuple[Wait, ...] = ()
    shard: str | None = None

    @property
    def began(self) -> set[int]:
        """Return the numbers of the batches that began."""
        return {batch.number for batch in self.batches}

    @property
    def idle(self) -> list[Span]:
        """List the times in which nothing was in operation."""
        busy = [(one.sent, max(one.sent, one.ended or self.last_record)) for one in self.instances if one.sent]
        return idle_spans(busy, self.started, self.last_record)

    @property
    def shortened(self) -> list[Span]:
        """List the times that the axis shortens."""
        return shortened_spans(self.idle, self.pauses, self.started, self.last_record)

    @property
    def statuses(self) -> dict[str, int]:
        """Count the instances of each status, in the order of the statuses."""
        found = Counter(one.status for one in self.instances)
        return {status: found[status] for status in (*STATUSES, *sorted(found.keys() - {*STATUSES})) if found[status]}

    @property
    def throttles(self) -> list[Throttle]:
        """List each throttled request."""
        found = [throttle for one in self.instances for throttle in one.throttles]
        return sorted(found, key=lambda throttle: throttle.at)


Reasons = dict[tuple[str, Error], list[InstanceRun]]


def read_run(records: Iterable[Record], file: str) -> Run:
    """Read the last run in the records of a job log; raises ValidationError if there is none."""
    timed = [record for record in records if isinstance(record, dict) and read_time(record.get("at"))]
    known = [record for record in timed if isinstance(record.get("record"), str)]
    if not any(record["record"] == "plan" for record in known):
        raise ValidationError(
            f"{file} has no run: there is no plan in it.",
            recommendation="Specify a file that an operation of `az vmss-flex` wrote with --job-log.",
        )
    logged_run = replay(known)
    plan, after = logged_run.plan, logged_run.records
    instances = sorted((_instance(key, one) for key, one in logged_run.instances.items()), key=_order)
    times = [_at(plan), *(_at(record) for record in after), *(one.ended for one in instances if one.ended)]
    waits = [one if one.end else one._replace(end=max(times)) for one in read_waits(logged_run)]
    waits_of = _waits_by_id(waits)
    instances = [one._replace(waits=tuple(waits_of.get(ResourceId(one.id), ()))) for one in instances]
    began = {one.batch for one in instances if one.sent}
    earlier = {_key(one) for plan in logged_run.earlier for one in read_objects(plan.get("instances"))}
    return Run(
        operation=read_text(plan.get("operation")) or "unknown operation",
        scale_sets=tuple(filter(None, map(read_text, read_list(plan.get("scaleSets"))))),
        options=read_object(plan.get("options")),
        run_options=read_object(plan.get("how")),
        started=_at(plan),
        last_record=max(times),
        instances=tuple(instances),
        batches=tuple(_batches(logged_run, {one.id: one.name for one in instances}, waits, began)),
        pauses=tuple(_pauses([plan, *after])),
        stopped=next((read_text(one.get("reason")) or "" for one in reversed(logged_run.of_kind("stopped"))), None),
        exit=_exit(after),
        earlier_runs=len(logged_run.earlier),
        earlier_instances=len(earlier - logged_run.instances.keys()),
        command_line=read_text(plan.get("commandLine")),
        started_by=" on ".join(filter(None, (read_text(plan.get("user")), read_text(plan.get("host"))))) or None,
        waits=tuple(waits),
        shard=shard_of(plan),
    )


def group_by_reason(instances: Iterable[InstanceRun]) -> Reasons:
    """Group the instances with an error or a reason by their status and that text."""
    groups: Reasons = {}
    for one in instances:
        error = without_name(one.error or Error("", one.reason or ""), one.name)
        if any(error):
            groups.setdefault((one.status, error), []).append(one)
    return groups


def _waits_by_id(waits: Iterable[Wait]) -> dict[ResourceId, list[Wait]]:
    found: dict[ResourceId, list[Wait]] = {}
    for wait in waits:
        for id_ in wait.ids:
            found.setdefault(id_, []).append(wait)
    return found


def _at(record: Record) -> datetime:
    at = read_time(record["at"])
    assert at  # noqa: S101  (records without a time have been left out)
    return at


def _key(record: Mapping[str, Any]) -> str:
    return (read_text(record.get("id")) or "").lower()


def _instance(key: str, logged: LoggedInstance) -> InstanceRun:
    planned, outcome = logged.planned, logged.outcome or {}
    error = read_object(outcome.get("error"))
    started = logged.sent_at or logged.accepted_at
    return InstanceRun(
        id=key,
        name=read_text(planned.get("instance")) or read_text(planned.get("id")) or "unnamed",
        scale_set=read_text(planned.get("scaleSet")) or "unknown",
        resource_group=read_text(planned.get("resourceGroup")) or "unknown",
        zone=read_text(planned.get("zone")),
        fault_domain=read_text(planned.get("faultDomain")),
        batch=logged.batch,
        status=logged.status or (UNFINISHED if started else WAITING),
        error=Error(read_text(error.get("code")) or "", read_text(error.get("message")) or "") if error else None,
        reason=read_text(outcome.get("reason")),
        sent=logged.sent_at or read_time(outcome.get("startedAt")),
        accepted=logged.accepted_at,
        ended=read_time(outcome.get("finishedAt")),
        seconds=read_number(outcome.get("durationSeconds")),
        throttles=tuple(Throttle(_at(one), read_number(one.get("seconds"))) for one in logged.throttled),
    )


def _order(instance: InstanceRun) -> tuple[Any, ...]:
    places = (instance.scale_set, instance.resource_group, instance.zone, instance.fault_domain)
    sent = instance.sent.timestamp() if instance.sent else 0
    call = instance.batch is None, instance.batch or 0, instance.sent is None, sent
    return (*map(_natural, places), *call, instance.name)


def _natural(place: str | None) -> tuple[bool, int, str]:
    return place is None, int(place) if place and place.isdecimal() and place.isascii() else 0, place or ""


def _batches(
    logged_run: LoggedRun, names: Mapping[str, str], waits: Iterable[Wait], began: Container[int | None]
) -> Iterable[Batch]:
    """Return the batches that began: those in which something was sent, or whose health was checked."""
    found: dict[int, Batch] = {}
    for record in logged_run.of_kind("batch", "health"):
        number = read_whole(record.get("batch"))
        if number is None:
            continue
        batch = found.setdefault(number, Batch(number, _at(record), None))
        if record["record"] == "health":
            unhealthy = tuple(
                Unhealthy(
                    names.get(_key(one)) or read_text(one.get("id")) or "unnamed", read_text(one.get("reason")) or ""
                )
                for one in read_objects(record.get("unhealthy"))
            )
            found[number] = batch._replace(unhealthy=unhealthy)
    gates: dict[int | None, timedelta] = {}
    for wait in waits:
        if wait.kind == GATE and wait.end:
            gates[wait.batch] = max(gates.get(wait.batch, timedelta()), wait.end - wait.start)
    return [
        one._replace(gate=gates.get(one.number))
        for one in found.values()
        if one.number in began or one.unhealthy is not None or one.number in gates
    ]


def _pauses(records: Iterable[Record]) -> Iterable[tuple[datetime, datetime]]:
    latest: datetime | None = None
    for record in records:
        at = _at(record)
        if latest and record.get("record") == "resumed" and at > latest + timedelta(seconds=1):
            yield latest, at
        latest = max(latest or at, at)


def _exit(records: list[Record]) -> int | None:
    ended = records and records[-1].get("record") == "end"
    return read_whole(records[-1].get("exit")) if ended else None
