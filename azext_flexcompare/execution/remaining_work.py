"""The work that an interrupted run left: operations to poll, instances to ask, calls to send."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import NamedTuple

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.polling import IN_PROGRESS, Accepted, Completed, SteppedPolling
from azext_flexcompare.arm.responses import OperationNotFound, Unacknowledged
from azext_flexcompare.execution.planned_instances import why_missing
from azext_flexcompare.instances import Instance
from azext_flexcompare.joblog.replay import LoggedInstance
from azext_flexcompare.planning import bulk_engine, set_engine
from azext_flexcompare.planning.engines import VM
from azext_flexcompare.planning.listed_end import ListedEnd
from azext_flexcompare.planning.work import Prepare, Settle, Skip, Work, share_outcome
from azext_flexcompare.scheduler.outcome import Error, Outcome, Status
from azext_flexcompare.scheduler.poller import Failure, Poller
from azext_flexcompare.table.entries import Operation

Left = tuple[Instance, LoggedInstance]

RUN_ENDED = Error("RunEnded", "The run that sent it ended before an answer came.")
END_NOT_SEEN = Error(
    "RunEnded", "The run that sent it ended before its end was seen, and the instance shows no trace of it."
)
FOREIGN_URL = Error(
    "RunEnded", "The log leads to another service than the one of the login, and the instance shows no trace."
)
MAY_BE_QUEUED = Error(
    "RunEnded",
    "The run that sent it ended before an answer came. The instance shows no trace; the service may have queued it.",
)
NOT_ACCEPTED = Error("NotAccepted", "The service never accepted it.")
TO_BE_SENT = "The service never accepted it; --resume sends it."
NOT_IN_SET = Error("ResourceNotFound", "The instance is no longer in the set.")


def remaining_work(source: Source, found: Iterable[Left], prepare: Prepare) -> tuple[list[Work], list[Instance]]:
    """Return the work that is left for the instances of a batch, and the missing instances that were never sent.

    An accepted operation is polled, by its URL or at the bulk service that has it; where a call may have been accepted
    the instance is asked first; the rest is sent.
    """
    sent, unsent, missing = list[Left](), list[Instance](), list[Instance]()
    for instance, logged in _in_planned_state(found):
        if logged.was_sent:
            sent.append((instance, logged))
        elif why_missing(instance):
            missing.append(instance)
        else:
            unsent.append(instance)
    return _follow_ups(source, sent, prepare) + (prepare(unsent) if unsent else []), missing


def poll_only(source: Source, found: Iterable[Left]) -> list[Work]:
    """Return the work that polls what was accepted, or may have been, and sends nothing."""
    sent = [one for one in _in_planned_state(found) if one[1].was_sent]
    return [
        each._replace(settle=partial(_settle_unsent, each), sends=False, prepare=None)
        for each in _follow_ups(source, sent, _nothing_to_send)
    ]


def _in_planned_state(found: Iterable[Left]) -> list[Left]:
    """Return instances in the power state that they had in the plan, to tell what happened to them since."""
    return [(one._replace(power_state=logged.planned["powerState"]), logged) for one, logged in found]


class Source(NamedTuple):
    """The clients that polls go to, and the operation and the engine of the run that is resumed."""

    azure: Azure
    operation: Operation
    engine: str
    timeout: int  # seconds for which that run waits for an instance
    watches: bool = False  # whether it only polls, and leaves everything as it is


def _follow_ups(source: Source, sent: Sequence[Left], prepare: Prepare) -> list[Work]:
    """Return the work for instances that were sent: shared by those whose call was one for many."""
    if source.engine == VM:
        return [_follow_up(source, *one, prepare) for one in sent]
    shared = [(one, key) for one in sent if (key := _shared_key(one[1]))]
    keys = list(dict.fromkeys(key for _, key in shared))
    works = [_follow_shared(source, [one for one, its in shared if its == key]) for key in keys]
    asked = [one for one in sent if not _shared_key(one[1])]
    together = _Together(prepare, [one for one in asked if not one[1].accepted])
    settle = together.settle if source.engine == "set" else _settle_queued
    return works + [_ask(source, *one, None if one[1].accepted else settle) for one in asked]


def _shared_key(logged: LoggedInstance) -> tuple[str, str] | None:
    """Return what instances of one call have in common; None is that only the instance can be asked."""
    if not logged.accepted:
        return None
    if logged.service and logged.operation_id:
        return logged.service, ""
    return ("", logged.url) if logged.url else None


def _follow_shared(source: Source, group: Sequence[Left]) -> Work:
    instances, (first, logged) = [one for one, _ in group], group[0]
    if logged.service:
        operations = {one.id: its.operation_id or "" for one, its in group}
        earlier = {one.id: _known(source, one, its) for one, its in group}
        call_of_many = bulk_engine.resumed_call(
            source.azure, logged.service, earlier, operations, cancels=not source.watches
        )
        settle, ended = call_of_many.settle, call_of_many.ended
        return Work(instances, call_of_many.resume, settle, sends=False, sent=True, ended=ended)
    end = ListedEnd(source.operation, source.azure, first)
    before = {one.id: set_engine.Before(its.planned["provisioned"], its.service_time) for one, its in group}
    settle_all = partial(set_engine.settle_by_list, source.operation, source.azure, before, end=end)
    return Work(
        instances,
        lambda: end.watch(_resume_polling(source.azure, first, logged)),
        settle_all,
        sends=False,
        sent=True,
        url=logged.url,
    )


def _known(source: Source, instance: Instance, logged: LoggedInstance) -> Work:
    """Return the work for an instance that was sent, with all that is known of its call and without one."""
    since, timeout = logged.service_time, timedelta(seconds=source.timeout)
    return Work(
        [instance],
        Completed,
        sends=False,
        before=logged.planned["provisioned"],
        since=since,
        until=since + timeout if since and not logged.accepted else None,
        sent=True,
        url=logged.url,
        extension=logged.extension,
    )


def _ask(source: Source, instance: Instance, logged: LoggedInstance, settle: Settle | None) -> Work:
    """Return the work that asks the instance what became of its call; `settle` is for a call without an answer."""
    follow = _known(source, instance, logged)
    if settle is None:
        return follow._replace(call=partial(_raise, OperationNotFound(END_NOT_SEEN)))
    never = follow._replace(call=partial(_raise, Failure(NOT_ACCEPTED)))
    return follow._replace(call=_MaybeSent(never).call, settle=settle)


def _settle_queued(outcome: Outcome[Work]) -> list[Outcome[Instance]]:
    """Return the outcome of a bulk call without an answer: an instance that shows nothing may still be queued."""
    unknown = outcome.status == Status.FAILED and outcome.error == NOT_ACCEPTED
    return share_outcome(replace(outcome, status=Status.TIMED_OUT, error=MAY_BE_QUEUED) if unknown else outcome)


def _follow_up(source: Source, instance: Instance, logged: LoggedInstance, prepare: Prepare) -> Work:
    follow = _known(source, instance, logged)
    if logged.accepted:  # without a URL it had ended when it was accepted
        return follow._replace(call=partial(_resume_polling, source.azure, instance, logged)) if logged.url else follow
    if instance.resource is None:
        return follow._replace(call=_MaybeSent(follow._replace(call=partial(_raise, Failure(NOT_IN_SET)))).call)
    (work,) = prepare([instance])
    maybe_sent = _MaybeSent(work)
    settle = maybe_sent.settle if work.settle else None
    return work._replace(
        call=maybe_sent.call,
        settle=settle,
        before=follow.before,
        since=follow.since,
        until=follow.until,
        sent=True,
        extension=logged.extension or work.extension,
    )


def _resume_polling(azure: Azure, instance: Instance, logged: LoggedInstance) -> Poller:
    arm = azure.arm(instance.subscription)
    if not all(arm.is_own_url(one) for one in (logged.url, logged.result_url) if one):
        raise OperationNotFound(FOREIGN_URL)
    accepted = Accepted(IN_PROGRESS, logged.url or "", logged.result_url)
    return SteppedPolling(arm, accepted, returns=logged.result_url is not None)


class _Together:
    """The instances of a batch whose call for many was perhaps never accepted: one call for all that are left."""

    def __init__(self, prepare: Prepare, asked: Sequence[Left]) -> None:
        self.prepare, self.pending = prepare, len(asked)
        self.unsent: list[Instance] = []

    def settle(self, outcome: Outcome[Work]) -> Sequence[Outcome[Instance] | Work]:
        """Return what the instance showed, and with the last of them the call for those that were never accepted."""
        self.pending -= 1
        never = outcome.status == Status.FAILED and outcome.error == NOT_ACCEPTED
        self.unsent += outcome.target.instances if never else []
        works = self.prepare(self.unsent) if self.unsent and not self.pending else []
        return [*([] if never else share_outcome(outcome)), *works]


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


def _settle_unsent(work: Work, outcome: Outcome[Work]) -> list[Outcome[Instance] | Work]:
    asked = outcome.error != NOT_ACCEPTED
    found = work.settle(outcome) if work.settle and asked else share_outcome(outcome)
    return [
        Outcome(one.target, Status.NOT_STARTED, reason=TO_BE_SENT, batch=one.batch)
        if isinstance(one, Outcome) and one.error == NOT_ACCEPTED
        else one
        for one in found
    ]
