"""The work that an interrupted run left: operations to poll, instances to ask, calls to send."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

from azure.cli.core.azclierror import ResourceNotFoundError
from knack.log import get_logger

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.errors import error_of
from azext_flexcompare.arm.paced_reads import read_all
from azext_flexcompare.arm.polling import Completed, ResumedPolling
from azext_flexcompare.arm.responses import OperationNotFound, Unacknowledged
from azext_flexcompare.arm.scale_sets import Reader, list_members, parse_id, read_scale_set
from azext_flexcompare.execution.departures import DELETING, REPLACED, is_deleting
from azext_flexcompare.instances import GONE, Instance, ResourceId, ScaleSet, is_replaced, last_name
from azext_flexcompare.joblog.records import Record
from azext_flexcompare.joblog.replay import LoggedInstance, LoggedRun
from azext_flexcompare.joblog.values import read_text
from azext_flexcompare.planning import bulk_engine, set_engine
from azext_flexcompare.planning.engines import VM
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
SET_GONE = ("ResourceNotFound", "ResourceGroupNotFound", "NotFound", "HTTP404")


def reread_instances(reader: Reader, logged_run: LoggedRun) -> dict[ResourceId, Instance]:
    """Read the sets of a plan again, and return its instances by id; one that has left has no resource.

    A scale set that no longer exists takes only its own instances along.
    """
    found = reread(reader, [logged.planned for logged in logged_run.instances.values()])
    return dict(zip(logged_run.instances, found, strict=True))


def reread(reader: Reader, planned: Sequence[Record]) -> list[Instance]:
    """Read planned instances again, in their order; see reread_instances."""
    sets = list(dict.fromkeys(ResourceId(one["scaleSetId"]) for one in planned))
    members = {one.id: one for found in read_all(partial(_list_members, reader), sets) for one in found}
    return [_reread(members.get(ResourceId(one["id"])), one) for one in planned]


def planned_instance(planned: Record) -> Instance:
    """Return an instance as a plan has it, without its resource."""
    return _missing(planned, planned_scale_set(planned["scaleSetId"]))


def planned_scale_set(id_: str) -> ScaleSet:
    """Return a scale set by its id alone."""
    parts = parse_id(id_)
    return ScaleSet(parts["subscription"], parts["resource_group"], parts["name"], ResourceId(id_))


def why_missing(instance: Instance) -> str | None:
    """Return why an instance of a plan is not there to act on, or None."""
    if instance.resource is None:
        return REPLACED if instance.provisioning_state == REPLACED else GONE
    return DELETING if is_deleting(instance) else None


def _list_members(reader: Reader, id_: str) -> list[Instance]:
    try:
        parts = parse_id(id_)
        scale_set = read_scale_set(reader, parts["subscription"], parts["resource_group"], parts["name"])
    except ResourceNotFoundError as error:
        if body_error_code(error) not in SET_GONE:
            raise
        get_logger(__name__).warning("%s no longer exists, and neither do its instances.", last_name(id_))
        return []
    return list_members(reader, scale_set)


def body_error_code(error: BaseException) -> str:
    """Return the code of the service's answer that an error of the CLI was raised for."""
    return error_of(error.__cause__).code if error.__cause__ else ""


def _reread(found: Instance | None, planned: Record) -> Instance:
    if found is None:
        return planned_instance(planned)
    if is_replaced(read_text(planned.get("vmId")), found.vm_id):
        return planned_instance(planned)._replace(provisioning_state=REPLACED)
    return found


def _missing(planned: Record, scale_set: ScaleSet) -> Instance:
    return Instance(
        ResourceId(planned["id"]),
        planned["instance"],
        scale_set,
        planned["zone"],
        fault_domain=planned["faultDomain"],
        power_state=None,
        tags={},
        provisioning_state=None,
        size=None,
        location=planned["location"],
        resource=None,
        vm_id=read_text(planned.get("vmId")),
    )


def remaining_work(source: Source, found: Iterable[Left], prepare: Prepare) -> tuple[list[Work], list[Instance]]:
    """Return the work that is left for the instances of a batch, and the missing instances that were never sent.

    An accepted operation is polled, by its URL or at the bulk service that has it; where a call may have been accepted
    the instance is asked first; the rest is sent.
    """
    sent, unsent, missing = list[Left](), list[Instance](), list[Instance]()
    for instance, logged in found:
        if logged.was_sent:
            sent.append((instance, logged))
        elif why_missing(instance):
            missing.append(instance)
        else:
            unsent.append(instance)
    return _follow_ups(source, sent, prepare) + (prepare(unsent) if unsent else []), missing


def poll_only(source: Source, found: Iterable[Left]) -> list[Work]:
    """Return the work that polls what was accepted, or may have been, and sends nothing."""
    sent = [one for one in found if one[1].was_sent]
    return [
        each._replace(settle=partial(_settle_unsent, each), sends=False, prepare=None)
        for each in _follow_ups(source, sent, _nothing_to_send)
    ]


class Source(NamedTuple):
    """The clients that polls go to, and the operation and the engine of the run that is resumed."""

    azure: Azure
    operation: Operation
    engine: str
    watches: bool = False  # whether it only polls, and leaves everything as it is


def _follow_ups(source: Source, sent: Sequence[Left], prepare: Prepare) -> list[Work]:
    """Return the work for instances that were sent: shared by those whose call was one for many."""
    if source.engine == VM:
        return [_follow_up(source.azure, *one, prepare) for one in sent]
    shared = [(one, key) for one in sent if (key := _shared_key(one[1]))]
    keys = list(dict.fromkeys(key for _, key in shared))
    works = [_follow_shared(source, [one for one, its in shared if its == key]) for key in keys]
    asked = [one for one in sent if not _shared_key(one[1])]
    together = _Together(prepare, [one for one in asked if not one[1].accepted])
    settle = together.settle if source.engine == "set" else _settle_queued
    return works + [_ask(*one, None if one[1].accepted else settle) for one in asked]


def _shared_key(logged: LoggedInstance) -> tuple[str, str] | None:
    """Return what instances of one call have in common; None is that only the instance can be asked."""
    if not logged.accepted:
        return None
    if logged.service and logged.operation_id:
        return logged.service, ""
    return ("", logged.url) if logged.url else None


def _follow_shared(source: Source, group: Sequence[Left]) -> Work:
    instances, before = [one for one, _ in group], {one.id: logged.planned["provisioned"] for one, logged in group}
    first, logged = group[0]
    if logged.service:
        operations = {one.id: its.operation_id or "" for one, its in group}
        call_of_many = bulk_engine.resumed_call(
            source.azure, logged.service, instances, operations, cancels=not source.watches
        )
        settle = partial(_settle_bulk, {one.id: its for one, its in group}, call_of_many)
        return Work(instances, call_of_many.resume, settle, sends=False, sent=True, ended=call_of_many.ended)
    call = partial(_resume_polling, source.azure, first, logged)
    settle_all = partial(set_engine.settle_by_list, source.operation, source.azure, before=before)
    return Work(instances, call, settle_all, sends=False, sent=True, url=logged.url)


def _settle_bulk(
    group: Mapping[ResourceId, LoggedInstance], call_of_many: bulk_engine.BulkCall, outcome: Outcome[Work]
) -> list[Outcome[Instance] | Work]:
    """Return the outcomes that the service knows, and for the others the work that asks the instance."""
    lost = [one for one in call_of_many.instances if call_of_many.is_lost(one, outcome)]
    known = [one for one in call_of_many.settle(outcome) if isinstance(one, Work) or one.target not in lost]
    return [*known, *(_ask(one, group[one.id], None) for one in lost)]


def _ask(instance: Instance, logged: LoggedInstance, settle: Settle | None) -> Work:
    """Return the work that asks the instance what became of its call; `settle` is for a call without an answer."""
    follow = Work([instance], Completed, sends=False, before=logged.planned["provisioned"], sent=True, url=logged.url)
    if settle is None:
        return follow._replace(call=partial(_raise, OperationNotFound(END_NOT_SEEN)))
    never = follow._replace(call=partial(_raise, Failure(NOT_ACCEPTED)))
    return follow._replace(call=_MaybeSent(never).call, settle=settle)


def _settle_queued(outcome: Outcome[Work]) -> list[Outcome[Instance]]:
    """Return the outcome of a bulk call without an answer: an instance that shows nothing may still be queued."""
    unknown = outcome.status == Status.FAILED and outcome.error == NOT_ACCEPTED
    return share_outcome(replace(outcome, status=Status.TIMED_OUT, error=MAY_BE_QUEUED) if unknown else outcome)


def _follow_up(azure: Azure, instance: Instance, logged: LoggedInstance, prepare: Prepare) -> Work:
    before = logged.planned["provisioned"]
    follow = Work([instance], Completed, sends=False, before=before, sent=True, url=logged.url)
    if logged.accepted:  # without a URL it had ended when it was accepted
        return follow._replace(call=partial(_resume_polling, azure, instance, logged)) if logged.url else follow
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
