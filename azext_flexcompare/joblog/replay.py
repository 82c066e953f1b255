"""The state of a run by its job log: one model, for `--resume`, `wait` and `report`.

A job log may have been cut or edited: a value of an unexpected type counts as missing. What must not be missing to
resume a run is checked by `schema.py` before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from azext_flexcompare.instances import Instance, ResourceId
from azext_flexcompare.joblog.records import Record
from azext_flexcompare.joblog.values import read_objects, read_text, read_time, read_whole
from azext_flexcompare.scheduler.outcome import BAD, Error, Outcome, Status
from azext_flexcompare.times import format_utc, parse_utc

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
    service: str | None = None  # the bulk service that has the operation, and the operation's id there
    operation_id: str | None = None
    service_time: datetime | None = None  # of the service, just before the call was sent
    extension: str | None = None  # that the call changes
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

    def carried(self) -> Record:
        """Return the instance for a new plan, with what is needed to poll it there."""
        known = {"operationUrl": self.url, "finalUrl": self.result_url}
        known |= {"service": self.service, "operationId": self.operation_id}
        known |= {"serviceTime": format_utc(self.service_time), "extension": self.extension}
        return {**self.planned, "batch": 1, "sent": {"accepted": self.accepted, **known}}

    def carry(self) -> None:
        """Apply what the plan has carried over from an earlier one."""
        sent = self.planned.get("sent")
        if isinstance(sent, dict):
            self.sent, self.accepted = True, sent.get("accepted") is True
            self._read_operation(sent)
            self._read_request(sent)

    def _read_operation(self, record: Record) -> None:
        self.url, self.result_url = read_text(record.get("operationUrl")), read_text(record.get("finalUrl"))
        self.service, self.operation_id = read_text(record.get("service")), read_text(record.get("operationId"))

    def _read_request(self, record: Record) -> None:
        self.service_time, self.extension = read_time(record.get("serviceTime")), read_text(record.get("extension"))

    def apply(self, record: Record) -> None:
        """Apply the next record of the instance."""
        kind, at = record["record"], read_time(record.get("at"))
        if kind == "intent":
            self.sent, self.accepted, self.outcome = True, False, None
            self._read_operation({})
            self._read_request(record)
            self.sent_at = self.sent_at or at
        elif kind in ("throttled", "postponed"):
            self.throttled += [record] if kind == "throttled" else []
            self.sent = self.sent and (self.accepted or record.get("request") != "send")
        elif kind == "accepted":
            self.accepted, self.accepted_at = True, self.accepted_at or at
            self._read_operation(record)
        elif kind == "outcome":
            self.outcome = record
            if self.status == Status.NOT_STARTED:  # never accepted, or cancelled before the service began it
                self.sent = self.accepted = False


@dataclass
class LoggedRun:
    """The last plan of a log, and what the records after it say of its instances and batches."""

    plan: Record
    instances: dict[ResourceId, LoggedInstance] = field(default_factory=dict)
    healthy: set[int] = field(default_factory=set)
    failed: set[ResourceId] = field(default_factory=set)  # since the last stop, from where a resumed run counts
    records: list[Record] = field(default_factory=list)  # all that follow the plan
    earlier: list[Record] = field(default_factory=list)  # plans before it
    before: list[Record] = field(default_factory=list)  # all records before it

    def of_kind(self, *kinds: str) -> list[Record]:
        """Return the records of these kinds, in their order."""
        return [one for one in self.records if one["record"] in kinds]


def replay(lines: Sequence[Record]) -> LoggedRun:
    """Return the state of the last plan among the records of a log; raises ValueError where there is none."""
    begin = max(place for place, one in enumerate(lines) if one["record"] == "plan")
    logged_run = LoggedRun(lines[begin], records=list(lines[begin + 1 :]))
    logged_run.before = list(lines[:begin])
    logged_run.earlier = [one for one in logged_run.before if one["record"] == "plan"]
    planned = read_objects(logged_run.plan.get("instances"))
    logged_run.instances = {record_id(one): LoggedInstance(one) for one in planned}
    for logged in logged_run.instances.values():
        logged.carry()
    for one in logged_run.records:
        batch = read_whole(one.get("batch"))
        if one["record"] == "health" and batch is not None and not one.get("unhealthy"):
            logged_run.healthy.add(batch)
        if one["record"] == "stopped":
            logged_run.failed.clear()
        found = logged_run.instances.get(record_id(one))
        if found:
            found.apply(one)
            logged_run.failed.discard(record_id(one))
            if found.status in BAD:
                logged_run.failed.add(record_id(one))
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


def record_id(record: dict[str, Any]) -> ResourceId:
    """Return the id of the instance that a record is about; an empty one is none."""
    return ResourceId(read_text(record.get("id")) or "")
