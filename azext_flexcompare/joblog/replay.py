"""The state of a run as its job log tells it: how far each instance had come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from azext_flexcompare.instances import Instance
from azext_flexcompare.joblog import records
from azext_flexcompare.joblog.records import Record
from azext_flexcompare.scheduler.outcome import BAD, Error, Outcome, Status
from azext_flexcompare.times import moment

TO_RETRY = (*BAD, Status.NOT_STARTED)


ENDED = (Status.SUCCEEDED, Status.FAILED, Status.TIMED_OUT, Status.SKIPPED, Status.ACCEPTED)


@dataclass
class LoggedInstance:
    """How far an instance had come when the log ends."""

    planned: Record
    sent: bool = False
    accepted: bool = False
    url: str | None = None
    result_url: str | None = None
    outcome: Record | None = None

    @property
    def status(self) -> str | None:
        """Give the status of its last outcome, if it has one."""
        return self.outcome["status"] if self.outcome else None

    @property
    def was_sent(self) -> bool:
        """Say whether it was sent, or may have been."""
        return self.accepted or self.sent

    @property
    def may_be_active(self) -> bool:
        """Say whether it may still be in operation."""
        return self.was_sent and self.status not in (Status.SUCCEEDED, Status.SKIPPED)

    @property
    def batch(self) -> int | None:
        """Give the number of its batch; None is that it gets no call."""
        number: int | None = self.planned["batch"]
        return number

    def as_records(self) -> list[Record]:
        """Write down again what it takes to see to an instance that was sent its request."""
        id_ = self.planned["id"]
        taken = [records.accepted(id_, self.url, self.result_url)] if self.accepted else []
        return [records.intent(id_), *taken]

    def take(self, record: Record) -> None:
        """Take the next record of the instance into account."""
        kind = record["record"]
        if kind == "intent":
            self.sent, self.accepted, self.url, self.outcome = True, False, None, None
        elif kind == "throttled" and not self.accepted:
            self.sent = False
        elif kind == "accepted":
            self.accepted, self.url, self.result_url = True, record["operationUrl"], record.get("finalUrl")
        elif kind == "outcome":
            self.outcome = record
            self.sent = self.sent and record["status"] != Status.NOT_STARTED


@dataclass
class LoggedRun:
    """What a log tells of its last plan."""

    plan: Record
    logged_instances: dict[str, LoggedInstance] = field(default_factory=dict)
    healthy: set[int] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)  # since the run was last stopped: whoever goes on then begins anew


def replay(lines: Sequence[Record]) -> LoggedRun:
    """Read what a log tells of its last plan; what is not understood is passed over."""
    begin = max(place for place, one in enumerate(lines) if one["record"] == "plan")
    logged_run = LoggedRun(lines[begin])
    logged_run.logged_instances = {one["id"]: LoggedInstance(one) for one in logged_run.plan["instances"]}
    for one in lines[begin + 1 :]:
        if one["record"] == "health" and not one["unhealthy"]:
            logged_run.healthy.add(one["batch"])
        if one["record"] == "stopped":
            logged_run.failed.clear()
        if isinstance(one.get("id"), str) and one["id"] in logged_run.logged_instances:
            logged_run.logged_instances[one["id"]].take(one)
            if logged_run.logged_instances[one["id"]].status in BAD:
                logged_run.failed.add(one["id"])
    return logged_run


def outcome_of(instance: Instance, logged: LoggedInstance) -> Outcome[Instance]:
    """Give the outcome that the log has of an instance."""
    said = logged.outcome or {}
    return Outcome(
        instance,
        said["status"],
        Error(**said["error"]) if said["error"] else None,
        said["reason"],
        moment(said["startedAt"]),
        moment(said["finishedAt"]),
        said["durationSeconds"],
        said["operationUrl"],
        said.get("output"),
        logged.batch,
    )
