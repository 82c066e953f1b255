"""The work that an interrupted run left: what to watch, what to ask about, what to send."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.polling import Ended, Regained
from azext_flexcompare.arm.responses import RecordGone, Unacknowledged
from azext_flexcompare.arm.scale_sets import Reader, members_of
from azext_flexcompare.instances import Instance
from azext_flexcompare.joblog.records import Record
from azext_flexcompare.joblog.replay import Past, Standing
from azext_flexcompare.planning.work import Nothing, Prepare, Work, alike
from azext_flexcompare.scheduler.outcome import Error, Outcome, Status
from azext_flexcompare.scheduler.poller import Failure, Flight
from azext_flexcompare.selection.members import sets_of
from azext_flexcompare.selection.selection import Choice

KILLED = Error("RunEnded", "The run that sent it ended before an answer came.")


UNSEEN = Error("RunEnded", "The run that sent it ended before its end was seen, and the instance shows no trace of it.")


ELSEWHERE = Error(
    "RunEnded", "The log leads to another service than the one of the login, and the instance shows no trace."
)


UNSENT = Error("NotAccepted", "The service never took it.")


TO_BE_SENT = "Never accepted by the service; --resume sends it."


GONE = Error("ResourceNotFound", "The instance is no longer in the set.")


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
