"""The work that an interrupted run left: what to watch, what to ask about, what to send."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.polling import Completed, ResumedPolling
from azext_flexcompare.arm.responses import OperationNotFound, Unacknowledged
from azext_flexcompare.arm.scale_sets import Reader, list_members
from azext_flexcompare.instances import Instance
from azext_flexcompare.joblog.records import Record
from azext_flexcompare.joblog.replay import LoggedInstance, LoggedRun
from azext_flexcompare.planning.work import Prepare, Skip, Work, alike
from azext_flexcompare.scheduler.outcome import Error, Outcome, Status
from azext_flexcompare.scheduler.poller import Failure, Poller
from azext_flexcompare.selection.members import read_scale_sets
from azext_flexcompare.selection.selection import Choice

KILLED = Error("RunEnded", "The run that sent it ended before an answer came.")


UNSEEN = Error("RunEnded", "The run that sent it ended before its end was seen, and the instance shows no trace of it.")


ELSEWHERE = Error(
    "RunEnded", "The log leads to another service than the one of the login, and the instance shows no trace."
)


UNSENT = Error("NotAccepted", "The service never took it.")


TO_BE_SENT = "Never accepted by the service; --resume sends it."


GONE = Error("ResourceNotFound", "The instance is no longer in the set.")


def reread_instances(reader: Reader, logged_run: LoggedRun) -> dict[str, Instance]:
    """Read the sets of a plan again and give its instances by id, in its order; who is gone has no resource."""
    sets, _ = read_scale_sets(reader, Choice(ids=tuple(logged_run.plan["scaleSets"])))
    members = {one.id.lower(): one for scale_set in sets for one in list_members(reader, scale_set)}
    by_id = {one.id.lower(): one for one in sets}
    return {
        id_: members.get(id_.lower()) or _gone(logged.planned, by_id[logged.planned["scaleSetId"].lower()])
        for id_, logged in logged_run.logged_instances.items()
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


def remaining_work(
    azure: Azure, found: Iterable[tuple[Instance, LoggedInstance]], prepare: Prepare, single: bool
) -> tuple[list[Work], list[Instance]]:
    """Find what is to be done for the instances of a batch that have not ended, and who is gone before it was sent.

    What was accepted is watched where its operation can be looked at; what may have been is asked of the instance
    first; the rest is sent. `single` is whether every operation was one instance's own.
    """
    works, unsent, lost = [], [], []
    for instance, logged in found:
        if logged.was_sent:
            works.append(_watch(azure, instance, logged, prepare, single))
        elif instance.resource is None:
            lost.append(instance)
        else:
            unsent.append(instance)
    return works + (prepare(unsent) if unsent else []), lost


def poll_only(azure: Azure, found: Iterable[tuple[Instance, LoggedInstance]], single: bool) -> list[Work]:
    """Watch what was accepted, or may have been, and send nothing."""
    return [
        _watch(azure, instance, logged, _nothing_to_send, single)._replace(settle=_unsent, sends=False)
        for instance, logged in found
        if logged.was_sent
    ]


def _watch(azure: Azure, instance: Instance, logged: LoggedInstance, prepare: Prepare, single: bool) -> Work:
    before = logged.planned["provisioned"]
    watch = Work([instance], Completed, alike, sends=False, before=before, sent=True, url=logged.url)
    if logged.accepted and single:  # without a URL it had ended when it was accepted
        return watch._replace(call=partial(_resume_polling, azure, instance, logged)) if logged.url else watch
    if logged.accepted:
        return watch._replace(call=partial(_raise, OperationNotFound(UNSEEN)))
    if instance.resource is None:
        return watch._replace(call=_Doubt(watch._replace(call=partial(_raise, Failure(GONE)))).call)
    (work,) = prepare([instance])
    doubt = _Doubt(work)
    settle = alike if work.settle is alike else doubt.settle
    return work._replace(call=doubt.call, settle=settle, before=before, sent=True)


def _resume_polling(azure: Azure, instance: Instance, logged: LoggedInstance) -> Poller:
    arm = azure.arm(instance.subscription)
    if not all(arm.is_own_url(one) for one in (logged.url, logged.result_url) if one):
        raise OperationNotFound(ELSEWHERE)
    return ResumedPolling(arm, logged.url or "", logged.result_url)


@dataclass(eq=False)
class _Doubt:
    """A call that an earlier run may have made: it is in doubt at first, and made where that one came to nothing."""

    work: Work
    asked: bool = False
    made: bool = False

    def call(self) -> Poller:
        """Raise the doubt the first time, and make the call after that."""
        if not self.asked:
            self.asked = True
            raise Unacknowledged(KILLED)
        self.made = True
        return Completed() if isinstance(self.work.call, Skip) else self.work.call()  # nothing to do: it is so already

    def settle(self, outcome: Outcome[Work]) -> Sequence[Outcome[Instance] | Work]:
        """Settle what the call has brought, or what the instance has told."""
        return self.work.settle(outcome) if self.made else alike(outcome)


def _nothing_to_send(instances: list[Instance]) -> list[Work]:
    return [Work([one], partial(_raise, Failure(UNSENT))) for one in instances]


def _raise(failure: Failure) -> Poller:
    raise failure


def _unsent(outcome: Outcome[Work]) -> list[Outcome[Instance]]:
    return [
        Outcome(one.target, Status.NOT_STARTED, reason=TO_BE_SENT, batch=one.batch) if one.error == UNSENT else one
        for one in alike(outcome)
    ]
