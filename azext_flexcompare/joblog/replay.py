"""The state of a run by its job log: one model, for `--resume`, `wait` and `report`.

A job log may have been cut or edited: a value of an unexpected type counts as missing. What must not be missing to
resume a run is checked by `schema.py` before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from azext_flexcompare.instances import Instance
from azext_flexcompare.joblog import records
from azext_flexcompare.joblog.records import Record
from azext_flexcompare.joblog.values import read_objects, read_text, read_time, read_whole
from azext_flexcompare.scheduler.outcome import BAD, Error, Outcome, Status
from azext_flexcompare.times import parse_utc

TO_RETRY = (*BAD, Status.NOT_STARTED)
ENDED = (Status.SUCCEEDED, Status.FAILED, Status.TIMED_OUT, Status.SKIPPED, Status.ACCEPTED)


@dataclass
class LoggedInstance:
    """The progress of one instance by the records of a log; times are UTC."""

    planned: Record
    sent: bool = False
    accepted: bool = False
    url: str | None = None
    result_url: str | None = None
    outcome: Record | None = None
    sent_at: datetime | None = None
    accepted_at: datetime | None = None
    throttled: list[Record] = field(default_factory=list)

    @property
    def status(self) -> str | None:
        """Return the status of its last outcome, if it has one."""
        return read_text(self.outcome.get("status")) if self.outcome else None

    @property
    def was_sent(self) -> bool:
        """Check whether it was sent, or may have been."""
        return self.accepted or self.sent

    @property
    def may_be_active(self) -> bool:
        """Check whether it may still be in operation."""
        return self.was_sent and self.status not in (Status.SUCCEEDED, Status.SKIPPED)

    @property
    def batch(self) -> int | None:
        """Return the number of its batch; None is that it gets no call."""
        return read_whole(self.planned.get("batch"))

    def as_records(self) -> list[Record]:
        """Return the records that a new plan needs to poll an instance that was sent."""
        id_ = self.planned["id"]
        taken = [records.accepted(id_, self.url, self.result_url)] if self.accepted else []
        return [records.intent(id_), *taken]

    def apply(self, record: Record) -> None:
        """Apply the next record of the instance."""
        kind, at = record["record"], read_time(record.get("at"))
        if kind == "intent":
            self.sent, self.accepted, self.url, self.outcome = True, False, None, None
            self.sent_at = self.sent_at or at
        elif kind == "throttled":
            self.throttled.append(record)
            self.sent = self.sent and self.accepted
        elif kind == "accepted":
            self.accepted, self.accepted_at = True, self.accepted_at or at
            self.url, self.result_url = read_text(record.get("operationUrl")), read_text(record.get("finalUrl"))
        elif kind == "outcome":
            self.outcome = record
            self.sent = self.sent and self.status != Status.NOT_STARTED


@dataclass
class LoggedRun:
    """The last plan of a log, and what the records after it say of its instances and batches."""

    plan: Record
    instances: dict[str, LoggedInstance] = field(default_factory=dict)
    healthy: set[int] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)  # since the last stop: a resumed run counts failures from there
    records: list[Record] = field(default_factory=list)  # all that follow the plan
    earlier: list[Record] = field(default_factory=list)  # plans before it

    def of_kind(self, *kinds: str) -> list[Record]:
        """Return the records of these kinds, in their order."""
        return [one for one in self.records if one["record"] in kinds]


def replay(lines: Sequence[Record]) -> LoggedRun:
    """Return the state of the last plan among the records of a log; raises ValueError where there is none."""
    begin = max(place for place, one in enumerate(lines) if one["record"] == "plan")
    logged_run = LoggedRun(lines[begin], records=list(lines[begin + 1 :]))
    logged_run.earlier = [one for one in lines[:begin] if one["record"] == "plan"]
    planned = read_objects(logged_run.plan.get("instances"))
    logged_run.instances = {_id(one): LoggedInstance(one) for one in planned}
    for one in logged_run.records:
        batch = read_whole(one.get("batch"))
        if one["record"] == "health" and batch is not None and not one.get("unhealthy"):
            logged_run.healthy.add(batch)
        if one["record"] == "stopped":
            logged_run.failed.clear()
        logged = logged_run.instances.get(_id(one))
        if logged:
            logged.apply(one)
            if logged.status in BAD:
                logged_run.failed.add(_id(one))
    return logged_run


def outcome_of(instance: Instance, logged: LoggedInstance) -> Outcome[Instance]:
    """Return the outcome that the log has of an instance."""
    found = logged.outcome or {}
    return Outcome(
        instance,
        found["status"],
        error=Error(**found["error"]) if found["error"] else None,
        reason=found["reason"],
        started=parse_utc(found["startedAt"]),
        finished=parse_utc(found["finishedAt"]),
        seconds=found["durationSeconds"],
        url=found["operationUrl"],
        result=found if "output" in found else None,
        batch=logged.batch,
        began=read_time(found.get("serviceStartedAt")),
    )


def _id(record: dict[str, Any]) -> str:
    return (read_text(record.get("id")) or "").lower()
