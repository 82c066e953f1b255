"""What does a job log tell of a run, and what is left to be done to each instance?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from azext_flexcompare import records
from azext_flexcompare.adapters import Nothing, Prepare, Work, alike
from azext_flexcompare.failure import Error
from azext_flexcompare.flight import Failure, Flight
from azext_flexcompare.members import Reader, members_of, sets_of
from azext_flexcompare.outcome import BAD, Outcome, Status
from azext_flexcompare.records import Record
from azext_flexcompare.selection import Choice, Instance
from azext_flexcompare.sending import Azure, Ended, RecordGone, Regained, Unacknowledged, moment

KILLED = Error("RunEnded", "The run that sent it ended before an answer came.")
UNSEEN = Error("RunEnded", "The run that sent it ended before its end was seen, and the instance shows no trace of it.")
ELSEWHERE = Error(
    "RunEnded", "The log leads to another service than the one of the login, and the instance shows no trace."
)
UNSENT = Error("NotAccepted", "The service never took it.")
TO_BE_SENT = "Never accepted by the service; --resume sends it."
TO_RETRY = (*BAD, Status.NOT_STARTED)
GONE = Error("ResourceNotFound", "The instance is no longer in the set.")
ENDED = (Status.SUCCEEDED, Status.FAILED, Status.TIMED_OUT, Status.SKIPPED, Status.ACCEPTED)


@dataclass
class Standing:
    """How far an instance had come when the log ends."""

    planned: Record
    sent: bool = False
    accepted: bool = False
    url: str | None = None
    final: str | None = None
    outcome: Record | None = None

    @property
    def status(self) -> str | None:
        """Give the status of its last outcome, if it has one."""
        return self.outcome["status"] if self.outcome else None

    @property
    def is_out(self) -> bool:
        """Say whether it was sent, or may have been."""
        return self.accepted or self.sent

    @property
    def may_move(self) -> bool:
        """Say whether it may still be in operation."""
        return self.is_out and self.status not in (Status.SUCCEEDED, Status.SKIPPED)

    @property
    def batch(self) -> int | None:
        """Give the number of its batch; None is that it gets no call."""
        number: int | None = self.planned["batch"]
        return number

    def as_records(self) -> list[Record]:
        """Write down again what it takes to see to an instance that was sent its request."""
        id_ = self.planned["id"]
        taken = [records.accepted(id_, self.url, self.final)] if self.accepted else []
        return [records.intent(id_), *taken]

    def take(self, record: Record) -> None:
        """Take the next record of the instance into account."""
        kind = record["record"]
        if kind == "intent":
            self.sent, self.accepted, self.url, self.outcome = True, False, None, None
        elif kind == "throttled" and not self.accepted:
            self.sent = False
        elif kind == "accepted":
            self.accepted, self.url, self.final = True, record["operationUrl"], record.get("finalUrl")
        elif kind == "outcome":
            self.outcome = record
            self.sent = self.sent and record["status"] != Status.NOT_STARTED


@dataclass
class Past:
    """What a log tells of its last plan."""

    plan: Record
    standings: dict[str, Standing] = field(default_factory=dict)
    healthy: set[int] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)  # since the run was last stopped: whoever goes on then begins anew


def past_of(lines: Sequence[Record]) -> Past:
    """Read what a log tells of its last plan; what is not understood is passed over."""
    begin = max(place for place, one in enumerate(lines) if one["record"] == "plan")
    past = Past(lines[begin])
    past.standings = {one["id"]: Standing(one) for one in past.plan["instances"]}
    for one in lines[begin + 1 :]:
        if one["record"] == "health" and not one["unhealthy"]:
            past.healthy.add(one["batch"])
        if one["record"] == "stopped":
            past.failed.clear()
        if isinstance(one.get("id"), str) and one["id"] in past.standings:
            past.standings[one["id"]].take(one)
            if past.standings[one["id"]].status in BAD:
                past.failed.add(one["id"])
    return past


def instances_again(reader: Reader, past: Past) -> dict[str, Instance]:
    """Read the sets of a plan again and give its instances by id, in its order; who is gone has no resource."""
    sets, _ = sets_of(reader, Choice(ids=tuple(past.plan["scaleSets"])))
    members = {one.id.lower(): one for scale_set in sets for one in members_of(reader, scale_set)}
    by_id = {one.id.lower(): one for one in sets}
    return {
        id_: members.get(id_.lower()) or _gone(standing.planned, by_id[standing.planned["scaleSetId"].lower()])
        for id_, standing in past.standings.items()
    }


def _gone(planned: Record, scale_set: Any) -> Instance:
    return Instance(
        planned["id"],
        planned["instance"],
        scale_set,
        planned["zone"],
        planned["faultDomain"],
        power_state=None,
        tags={},
        provisioning_state=None,
        size=None,
        location=planned["location"],
        resource=None,
    )


def outcome_of(instance: Instance, standing: Standing) -> Outcome[Instance]:
    """Give the outcome that the log has of an instance."""
    said = standing.outcome or {}
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
        standing.batch,
    )


def work_left(
    azure: Azure, found: Iterable[tuple[Instance, Standing]], prepare: Prepare, single: bool
) -> tuple[list[Work], list[Instance]]:
    """Find what is to be done for the instances of a batch that have not ended, and who is gone before it was sent.

    What was accepted is watched where its operation can be looked at; what may have been is asked of the instance
    first; the rest is sent. `single` is whether every operation was one instance's own.
    """
    works, unsent, lost = [], [], []
    for instance, standing in found:
        if standing.is_out:
            works.append(_watch(azure, instance, standing, prepare, single))
        elif instance.resource is None:
            lost.append(instance)
        else:
            unsent.append(instance)
    return works + (prepare(unsent) if unsent else []), lost


def watch_only(azure: Azure, found: Iterable[tuple[Instance, Standing]], single: bool) -> list[Work]:
    """Watch what was accepted, or may have been, and send nothing."""
    return [
        _watch(azure, instance, standing, _nothing_to_send, single)._replace(settle=_unsent, sends=False)
        for instance, standing in found
        if standing.is_out
    ]


def _watch(azure: Azure, instance: Instance, standing: Standing, prepare: Prepare, single: bool) -> Work:
    before = standing.planned["provisioned"]
    watch = Work([instance], Ended, alike, sends=False, before=before, sent=True, url=standing.url)
    if standing.accepted and single:  # without a URL it had ended when it was accepted
        return watch._replace(call=partial(_regain, azure, instance, standing)) if standing.url else watch
    if standing.accepted:
        return watch._replace(call=partial(_raise, RecordGone(UNSEEN)))
    if instance.resource is None:
        return watch._replace(call=_Doubt(watch._replace(call=partial(_raise, Failure(GONE)))).call)
    (work,) = prepare([instance])
    doubt = _Doubt(work)
    settle = alike if work.settle is alike else doubt.settle
    return work._replace(call=doubt.call, settle=settle, before=before, sent=True)


def _regain(azure: Azure, instance: Instance, standing: Standing) -> Flight:
    arm = azure.arm(instance.subscription)
    if not all(arm.owns(one) for one in (standing.url, standing.final) if one):
        raise RecordGone(ELSEWHERE)
    return Regained(arm, standing.url or "", standing.final)


@dataclass(eq=False)
class _Doubt:
    """A call that an earlier run may have made: it is in doubt at first, and made where that one came to nothing."""

    work: Work
    asked: bool = False
    made: bool = False

    def call(self) -> Flight:
        """Raise the doubt the first time, and make the call after that."""
        if not self.asked:
            self.asked = True
            raise Unacknowledged(KILLED)
        self.made = True
        return Ended() if isinstance(self.work.call, Nothing) else self.work.call()  # nothing to do: it is so already

    def settle(self, outcome: Outcome[Work]) -> Sequence[Outcome[Instance] | Work]:
        """Settle what the call has brought, or what the instance has told."""
        return self.work.settle(outcome) if self.made else alike(outcome)


def _nothing_to_send(instances: list[Instance]) -> list[Work]:
    return [Work([one], partial(_raise, Failure(UNSENT))) for one in instances]


def _raise(failure: Failure) -> Flight:
    raise failure


def _unsent(outcome: Outcome[Work]) -> list[Outcome[Instance]]:
    return [
        Outcome(one.target, Status.NOT_STARTED, reason=TO_BE_SENT, batch=one.batch) if one.error == UNSENT else one
        for one in alike(outcome)
    ]
