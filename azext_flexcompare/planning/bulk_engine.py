"""How is an operation sent through Azure's bulk operations, and how is the end of each instance seen?

One call takes up to a hundred VMs of a resource group and location and answers with a row for each; the service paces
and repeats by itself. Where one service is not there the next is tried, and at last each VM gets a call of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import cache
from itertools import groupby
from time import monotonic
from typing import Any, NamedTuple
from uuid import uuid4

from azure.core.pipeline.policies import RetryPolicy
from knack.log import get_logger

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.responses import NO_RETRY, OperationNotFound, poll_errors, send_errors
from azext_flexcompare.instances import Instance, ResourceId
from azext_flexcompare.planning.adapters import preparer as one_by_one
from azext_flexcompare.planning.work import Options, Prepare, Work, share_outcome
from azext_flexcompare.scheduler.outcome import Error, Outcome, Status
from azext_flexcompare.scheduler.poller import Acceptance, Failure, Poll, Poller, Throttled, Unanswered
from azext_flexcompare.table.entries import BulkService, Operation, bulk_services, known_services

LARGEST = 100  # ids in one request; this and the policy as in Azure/azure-computeschedule-dotnet-samples
POLICY = {"retryPolicy": {"retryCount": 3, "retryWindowInMinutes": 60}}
FIRST_LOOK, LONGEST_WAIT, BACK_OFF = 0.5, 15.0, 0.4  # seconds between looks; those samples look every 15
SHUTDOWN_GRACE = 10  # seconds that a cancellation may take
# What Azure Resource Manager answers where a service is not registered, or does not exist in a region.
ABSENT = (
    "InvalidResourceNamespace",
    "InvalidResourceType",
    "LocationNotAvailableForResourceType",
    "MissingSubscriptionRegistration",
    "NoRegisteredProviderFound",
    "SubscriptionNotRegistered",
    "HTTP404",
)
NOWHERE = "NoBulkService"
ENDS = {"succeeded": Status.SUCCEEDED, "failed": Status.FAILED, "cancelled": Status.NOT_STARTED}


class Wish(NamedTuple):
    """What is asked of the services: the verb, and the members of the body besides the ids."""

    verb: str
    body: dict[str, Any]


class Known(NamedTuple):
    """What a service has said of one instance: its operation's id, and how it has ended, if it has."""

    operation: str | None
    status: str | None = None
    error: Error | None = None
    at: datetime | None = None
    lost: bool = False  # the service has no answer for it


def preparer(operation: Operation, options: Options, azure: Azure) -> Prepare:
    """Put the chosen instances into as few calls as can be."""
    wish = _wish(operation, [option.name for option in operation.given(options)])
    fallback = _fallback(one_by_one(operation, options, azure))

    def prepare(instances: list[Instance]) -> list[Work]:
        made = [Chunk(azure, wish, chunk, fallback) for chunk in chunks(instances)]
        for chunk in made[1:]:
            chunk.first = made[0]
        return [
            Work(
                chunk.instances,
                chunk.send,
                chunk.settle,
                prepare=prepare,
                operations=chunk.operations,
                ended=chunk.ended,
            )
            for chunk in made
        ]

    return prepare


def resumed_chunk(
    azure: Azure, service: str, instances: list[Instance], operations: Mapping[ResourceId, str], *, cancels: bool = True
) -> Chunk:
    """Return the call of an earlier run, of which only the service and the operation of each instance are known.

    `cancels` is whether what has not begun is cancelled where the run does not wait for it.
    """
    found = next((one for one in known_services() if one.name == service), None)
    known = {one.id.lower(): Known(operations[one.id]) for one in instances}
    return Chunk(azure, Wish("", {}), instances, lambda _: [], service=found, known=known, cancels=cancels)


def chunks(instances: Iterable[Instance]) -> Iterator[list[Instance]]:
    """Part instances by subscription, resource group and location, into lists that one call can take."""
    for _, group in groupby(sorted(instances, key=_place), key=_place):
        together = list(group)
        yield from (together[start : start + LARGEST] for start in range(0, len(together), LARGEST))


def _place(instance: Instance) -> tuple[str, str, str]:
    return instance.subscription.lower(), instance.resource_group.lower(), instance.location.lower()


def _wish(operation: Operation, given: list[str]) -> Wish:
    way = (operation.engines or {})["bulk"]
    carried = [way["options"][name] for name in given]
    verb = next((one["verb"] for one in carried if "verb" in one), way["verb"])
    return Wish(verb, {key: value for one in carried for key, value in one.get("body", {}).items()})


def _fallback(single: Prepare) -> Prepare:
    warn = cache(get_logger(__name__).warning)  # once for each place, however many chunks it has

    def prepare(instances: list[Instance]) -> list[Work]:
        warn("No bulk operations in %s: one call is sent for each instance.", instances[0].location)
        return single(instances)

    return prepare


@dataclass(eq=False)
class Chunk:
    """The instances of one call: how it is sent, its flight, and what it has brought each of them."""

    azure: Azure
    wish: Wish
    instances: list[Instance]
    fallback: Prepare
    service: BulkService | None = None
    first: Chunk | None = None  # of the run: as long as it is not over, the others most likely are not either
    began: float = 0.0
    looked: float = 0.0
    asked: float | None = None
    known: dict[str, Known] = field(default_factory=dict)
    started: datetime | None = None
    cancels: bool = True
    not_cancelled: bool = False  # what has not begun may still begin

    def send(self) -> Poller:
        """Send the call to the first service that is there; raises Failure where none is, or where it refuses."""
        ids = [instance.id for instance in self.instances]
        for service in bulk_services(self.wish.verb):
            body = {"executionParameters": POLICY, "resources": {"ids": ids}, **self.wish.body}
            try:
                with _doubtfully(), send_errors():
                    rows = self._post(service, service.verbs[self.wish.verb], body)
            except Failure as failure:
                if failure.error.code not in ABSENT:
                    raise
                continue
            self.service = service
            self._begin()
            self._take(rows, {id_.lower(): Known(None) for id_ in ids})
            return self
        raise Failure(Error(NOWHERE, "No service for bulk operations is there."))

    def resume(self) -> Poller:
        """Return the call as it was accepted by an earlier run; no request is sent."""
        if self.service is None:
            raise OperationNotFound(Error(NOWHERE, "The job log names a bulk service that is not known."))
        self._begin()
        return self

    def _begin(self) -> None:
        self.began, self.started = monotonic(), datetime.now(timezone.utc)
        self.looked = self.began

    def operations(self) -> dict[ResourceId, dict[str, Any]]:
        """Return, by id, what is needed to poll the operation of each instance in another process."""
        name = self.service and self.service.name
        found = {one.id: self.known.get(one.id.lower()) for one in self.instances}
        return {
            id_: {"service": name, "operationId": known.operation} for id_, known in found.items() if known is not None
        }

    def ended(self) -> list[Outcome[Instance]]:
        """Return the outcomes of the instances that have ended while the call goes on for others."""
        known = dict(self.known)
        found = [(one, known.get(one.id.lower())) for one in self.instances]
        return [
            self._outcome(Outcome(one, its.status, started=self.started))
            for one, its in found
            if its and its.status in (Status.SUCCEEDED, Status.FAILED) and not its.lost
        ]

    def is_lost(self, instance: Instance, outcome: Outcome[Work]) -> bool:
        """Check whether the service cannot say what became of an instance."""
        known = self.known.get(instance.id.lower())
        if known is None or self.service is None:
            return True
        return known.lost or (outcome.status == Status.FAILED and not known.status)

    @property
    def acceptance(self) -> Acceptance:
        """Return whether anything is left to poll; bulk operations have no URL of their own."""
        return Acceptance(self._latest())

    def _latest(self) -> Poll:
        return Poll(not self.unfinished(), retry_after=self._pause())  # so few requests need no rate

    def _pause(self) -> float:
        if self._leaves_it_to_the_first():
            return FIRST_LOOK
        return self.asked or min(LONGEST_WAIT, max(FIRST_LOOK, (monotonic() - self.began) * BACK_OFF))

    def poll(self) -> Poll:
        """Ask once about the instances whose end is not known yet, or leave it to the first call of the run."""
        assert self.service is not None  # noqa: S101
        if self._leaves_it_to_the_first():
            return self._latest()
        asked, self.looked = self.unfinished(), monotonic()
        with _patiently():
            rows = self._post(self.service, self.service.status, _ids_of(asked))
            self._take(rows, asked)
        return self._latest()

    def _leaves_it_to_the_first(self) -> bool:
        recently = monotonic() - self.looked < LONGEST_WAIT
        return recently and self.first is not None and bool(self.first.unfinished())

    def settle(self, outcome: Outcome[Work]) -> list[Outcome[Instance] | Work]:
        """Tell what became of each instance when the call's own course is over, or what is to be done instead."""
        if outcome.error and outcome.error.code == NOWHERE:
            return [*self.fallback(self.instances)]
        if self.service is None:
            return [*share_outcome(outcome)]
        if self.cancels and outcome.status in (Status.INTERRUPTED, Status.TIMED_OUT) and self.unfinished():
            self._cancel(self.service)
        return [self._outcome(one) for one in share_outcome(outcome)]

    def _post(
        self, service: BulkService, action: str, body: dict[str, Any], **run_options: Any
    ) -> list[dict[str, Any]]:
        first = self.instances[0]
        place = service.place.format(
            subscription=first.subscription, group=first.resource_group, location=first.location
        )
        correlated = {"correlationid": str(uuid4())} if service.correlated else {}
        path = f"{place}/{action}?api-version={service.apiVersion}"
        answer = self.azure.arm(first.subscription).post_answer(
            path, {**body, **correlated}, **{**NO_RETRY, **run_options}
        )
        self.asked = RetryPolicy().get_retry_after(answer)
        rows: list[dict[str, Any]] = answer.http_response.json()["results"]
        return rows

    def _take(self, rows: list[dict[str, Any]], asked: dict[str, Known]) -> None:
        """Note what each row says of its instance; rows that name none are those of the instances left over."""
        said = {_id_of(row): _known(row) for row in rows}
        without_name = [row for row in rows if not _id_of(row)]
        left = [id_ for id_ in asked if id_ not in said]
        if without_name and len(without_name) == len(left):
            code = _error(without_name[0]).code
            said |= {id_: _lost(code, asked[id_]) for id_ in left}
        self.known |= {id_: known for id_, known in said.items() if id_ in asked}

    def unfinished(self) -> dict[str, Known]:
        """List, by instance id, what is known of the operations that have not ended."""
        return {id_: known for id_, known in self.known.items() if known.operation and not known.status}

    def _cancel(self, service: BulkService) -> None:
        """Ask once that nothing begins which has not begun; what is not answered as cancelled may go on."""
        asked = self.unfinished()
        try:
            with _doubtfully(), send_errors():
                rows = self._post(service, service.cancel, _ids_of(asked), read_timeout=SHUTDOWN_GRACE)
        except (Failure, Throttled) as error:
            get_logger(__name__).warning("What had not begun could not be cancelled: %s", error)
            self.not_cancelled = True
            return
        self._take([row for row in rows if _state(row) == "cancelled"], asked)

    def _outcome(self, one: Outcome[Instance]) -> Outcome[Instance]:
        known = self.known.get(one.target.id.lower())
        one = replace(one, url=None)
        if known is None or not (known.status or known.operation):
            error = Error("NoAnswer", "The service's answer does not say what became of this instance.")
            return replace(one, status=Status.FAILED, error=error)
        if known.status == Status.NOT_STARTED:
            return self._cancelled(one)
        if known.status is None:
            why = f"Operation {known.operation} of {self.service and self.service.name}."
            return replace(one, reason=why, queued=self.not_cancelled)
        seconds = round((known.at - one.started).total_seconds(), 3) if one.started and known.at else None
        return replace(one, status=known.status, error=known.error, finished=known.at, seconds=seconds, reason=None)

    def _cancelled(self, one: Outcome[Instance]) -> Outcome[Instance]:
        if one.status == Status.INTERRUPTED:
            return Outcome(one.target, Status.NOT_STARTED, reason="Cancelled before the service had begun with it.")
        if one.status == Status.TIMED_OUT:
            return replace(one, reason="Cancelled before the service had begun with it.")
        error = Error("Cancelled", "Somebody else cancelled the operation.")
        return replace(one, status=Status.FAILED, error=error)


@contextmanager
def _patiently() -> Iterator[None]:
    """Turn what passes by itself, and an answer that cannot be read, into a poll that brought no answer."""
    try:
        with poll_errors():
            yield
    except (ValueError, KeyError, TypeError) as error:
        raise Unanswered from error


@contextmanager
def _doubtfully() -> Iterator[None]:
    """Turn an answer that cannot be read into a failure that says so."""
    try:
        yield
    except (ValueError, KeyError, TypeError) as error:
        told = "Whether it was accepted is not known: the answer could not be read."
        raise Failure(Error("AnswerUnreadable", told)) from error


def _ids_of(asked: dict[str, Known]) -> dict[str, Any]:
    return {"operationIds": [known.operation for known in asked.values()]}


def _lost(code: str, known: Known) -> Known:
    asked = f"operation {known.operation}" if known.operation else "this instance"
    told = f"The service has no answer for {asked}; what became of it is not known."
    return Known(known.operation, Status.FAILED, Error(code, told), datetime.now(timezone.utc), lost=True)


def _known(row: dict[str, Any]) -> Known:
    operation = row.get("operation") or {}
    now = datetime.now(timezone.utc)
    if row.get("errorCode"):
        return Known(operation.get("operationId"), Status.FAILED, _error(row), now)
    status = ENDS.get(_state(row))  # a word that is not known is no end
    error = _error(operation.get("resourceOperationError") or {}) if status == Status.FAILED else None
    return Known(operation.get("operationId"), status, error, now)


def _state(row: dict[str, Any]) -> str:
    return str((row.get("operation") or {}).get("state")).lower()


def _id_of(row: dict[str, Any]) -> str:
    return str(row.get("resourceId") or (row.get("operation") or {}).get("resourceId") or "").lower()


def _error(told: dict[str, Any]) -> Error:
    message = " ".join(str(told.get("errorDetails") or "The service gave no reason.").split())
    return Error(str(told.get("errorCode") or "Failed"), message)
