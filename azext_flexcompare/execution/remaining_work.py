"""The work that an interrupted run left: operations to poll, instances to ask, calls to send."""

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
from azext_flexcompare.planning.work import Prepare, Skip, Work, share_outcome
from azext_flexcompare.scheduler.outcome import Error, Outcome, Status
from azext_flexcompare.scheduler.poller import Failure, Poller
from azext_flexcompare.selection.members import read_scale_sets
from azext_flexcompare.selection.selection import Choice

RUN_ENDED = Error("RunEnded", "The run that sent it ended before an answer came.")
END_NOT_SEEN = Error(
    "RunEnded", "The run that sent it ended before its end was seen, and the instance shows no trace of it."
)
FOREIGN_URL = Error(
    "RunEnded", "The log leads to another service than the one of the login, and the instance shows no trace."
)
NOT_ACCEPTED = Error("NotAccepted", "The service never accepted it.")
TO_BE_SENT = "The service never accepted it; --resume sends it."
NOT_IN_SET = Error("ResourceNotFound", "The instance is no longer in the set.")


def reread_instances(reader: Reader, logged_run: LoggedRun) -> dict[str, Instance]:
    """Read the sets of a plan again, and return its instances by id; one that is missing has no resource."""
    sets, _ = read_scale_sets(reader, Choice(ids=tuple(logged_run.plan["scaleSets"])))
    members = {one.id.lower(): one for scale_set in sets for one in list_members(reader, scale_set)}
    by_id = {one.id.lower(): one for one in sets}
    return {
        id_: members.get(id_.lower()) or _missing(logged.planned, by_id[logged.planned["scaleSetId"].lower()])
        for id_, logged in logged_run.instances.items()
    }


def _missing(planned: Record, scale_set: Any) -> Instance:
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
    """Return the work that is left for the instances of a batch, and the missing instances that were never sent.

    An accepted operation is polled by its URL; where a call may have been accepted the instance is asked first; the
    rest is sent. `single` is whether every operation was one instance's own.
    """
    works, unsent, missing = [], [], []
    for instance, logged in found:
        if logged.was_sent:
            works.append(_follow_up(azure, instance, logged, prepare, single))
        elif instance.resource is None:
            missing.append(instance)
        else:
            unsent.append(instance)
    return works + (prepare(unsent) if unsent else []), missing


def poll_only(azure: Azure, found: Iterable[tuple[Instance, LoggedInstance]], single: bool) -> list[Work]:
    """Return the work that polls what was accepted, or may have been, and sends nothing."""
    return [
        _follow_up(azure, instance, logged, _nothing_to_send, single)._replace(settle=_unsent, sends=False)
        for instance, logged in found
        if logged.was_sent
    ]


def _follow_up(azure: Azure, instance: Instance, logged: LoggedInstance, prepare: Prepare, single: bool) -> Work:
    before = logged.planned["provisioned"]
    follow = Work([instance], Completed, sends=False, before=before, sent=True, url=logged.url)
    if logged.accepted and single:  # without a URL it had ended when it was accepted
        return follow._replace(call=partial(_resume_polling, azure, instance, logged)) if logged.url else follow
    if logged.accepted:
        return follow._replace(call=partial(_raise, OperationNotFound(END_NOT_SEEN)))
    if instance.resource is None:
        return follow._replace(call=_MaybeSent(follow._replace(call=partial(_raise, Failure(NOT_IN_SET)))).call)
    (work,) = prepare([instance])
    maybe_sent = _MaybeSent(work)
    settle = maybe_sent.settle if work.settle else None
    return work._replace(call=maybe_sent.call, settle=settle, before=before, sent=True)


def _resume_polling(azure: Azure, instance: Instance, logged: LoggedInstance) -> Poller:
    arm = azure.arm(instance.subscription)
    if not all(arm.is_own_url(one) for one in (logged.url, logged.result_url) if one):
        raise OperationNotFound(FOREIGN_URL)
    return ResumedPolling(arm, logged.url or "", logged.result_url)


@dataclass(eq=False)
class _MaybeSent:
    """A call that an earlier run may have made: the instance is asked first."""

    work: Work
    asked: bool = False
    made: bool = False

    def call(self) -> Poller:
        """Raise Unacknowledged the first time, and make the call after that."""
        if not self.asked:
            self.asked = True
            raise Unacknowledged(RUN_ENDED)
        self.made = True
        return Completed() if isinstance(self.work.call, Skip) else self.work.call()  # nothing to do: it is so already

    def settle(self, outcome: Outcome[Work]) -> Sequence[Outcome[Instance] | Work]:
        """Return the outcomes of the call if it was made, else what the instance showed."""
        return self.work.settle(outcome) if self.made and self.work.settle else share_outcome(outcome)


def _nothing_to_send(instances: list[Instance]) -> list[Work]:
    return [Work([one], partial(_raise, Failure(NOT_ACCEPTED))) for one in instances]


def _raise(failure: Failure) -> Poller:
    raise failure


def _unsent(outcome: Outcome[Work]) -> list[Outcome[Instance]]:
    return [
        Outcome(one.target, Status.NOT_STARTED, reason=TO_BE_SENT, batch=one.batch)
        if one.error == NOT_ACCEPTED
        else one
        for one in share_outcome(outcome)
    ]
