"""Calls of `--engine bulk`: Azure's bulk operations, which take up to a hundred VMs in a request.

A request is for VMs of one resource group and location. The services queue and retry by themselves. If a service is
not available in the location, the next one is tried, and then each VM gets a call of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import cache, partial
from itertools import groupby
from time import monotonic
from typing import Any, NamedTuple
from uuid import uuid4

from knack.log import get_logger

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.responses import (
    NO_RETRY,
    OperationNotFound,
    OperationUnreadable,
    json_of,
    retry_after_of,
    send_errors,
)
from azext_flexcompare.instances import Instance, ResourceId, provisioning_times
from azext_flexcompare.planning.adapters import vm_preparer
from azext_flexcompare.planning.bulk_answers import (
    BulkResult,
    Refused,
    Row,
    bulk_poll_errors,
    instance_outcome,
    is_cancelled,
    parse_rows,
    rows_of,
    unreadable_is_failure,
)
from azext_flexcompare.planning.work import Options, Prepare, Work, share_outcome
from azext_flexcompare.scheduler.outcome import Error, Outcome, Status
from azext_flexcompare.scheduler.poller import Acceptance, Failure, OutcomeUnknown, Poll, Poller, Throttled
from azext_flexcompare.table.entries import BulkService, Operation, bulk_services, known_services

MAX_INSTANCES = 100  # in one request; this and the policy as in Azure/azure-computeschedule-dotnet-samples
RETRY_POLICY = {"retryPolicy": {"retryCount": 3, "retryWindowInMinutes": 60}}
# Seconds between polls grow as this share of the time since the request; the samples poll every 15 seconds.
MIN_INTERVAL, MAX_INTERVAL, INTERVAL_SHARE = 0.5, 15.0, 0.1
CANCEL_TIMEOUT = 10  # seconds
# Codes of Azure Resource Manager for a service that is not registered, or not available in a region.
NOT_AVAILABLE = (
    "InvalidResourceNamespace",
    "InvalidResourceType",
    "LocationNotAvailableForResourceType",
    "MissingSubscriptionRegistration",
    "NoRegisteredProviderFound",
    "SubscriptionNotRegistered",
    "HTTP404",
)
NO_SERVICE = "NoBulkService"
MANY_REFUSED = 3  # polls in a row, before the instances are asked
NOT_READABLE = "The service does not let its operations be read"
UNSEEN = (Status.INTERRUPTED, Status.TIMED_OUT)


class BulkRequest(NamedTuple):
    """The request for an operation: its verb, and the members of the body besides the ids."""

    verb: str
    body: dict[str, Any]


def bulk_preparer(operation: Operation, options: Options, azure: Azure) -> Prepare:
    """Return what prepares as few calls as possible for the chosen instances."""
    request = _request(operation, [option.name for option in operation.in_effect(options)])
    fallback = _fallback(vm_preparer(operation, options, azure))

    def prepare(instances: list[Instance]) -> list[Work]:
        calls = [BulkCall(azure, request, group, fallback) for group in group_by_call(instances)]
        for call in calls[1:]:
            call.first = calls[0]
        return [
            Work(call.instances, call.send, call.settle, prepare=prepare, operations=call.operations, ended=call.ended)
            for call in calls
        ]

    return prepare


def resumed_call(
    azure: Azure,
    service: str,
    earlier: Mapping[ResourceId, Work],
    operations: Mapping[ResourceId, str],
    *,
    cancels: bool = True,
) -> BulkCall:
    """Return the call of an earlier run, of which only the service and the operation of each instance are known.

    `earlier` is what is known of each instance, as work without a call. `cancels` is whether what the service has not
    started is cancelled where the run does not wait for it.
    """
    found = next((one for one in known_services() if one.name == service), None)
    instances = [one for work in earlier.values() for one in work.instances]
    results = {one.id.lower(): BulkResult(operations[one.id]) for one in instances}
    call = BulkCall(azure, BulkRequest("", {}), instances, lambda _: [], service=found, results=results)
    call.cancels, call.earlier = cancels, earlier
    return call


def group_by_call(instances: Iterable[Instance]) -> Iterator[list[Instance]]:
    """Group instances by subscription, resource group and location, at most as many as a call takes."""
    for _, group in groupby(sorted(instances, key=_place), key=_place):
        members = list(group)
        yield from (members[start : start + MAX_INSTANCES] for start in range(0, len(members), MAX_INSTANCES))


def _place(instance: Instance) -> tuple[str, str, str]:
    return instance.subscription.lower(), instance.resource_group.lower(), instance.location.lower()


def _request(operation: Operation, given: list[str]) -> BulkRequest:
    engine = (operation.engines or {})["bulk"]
    options = [engine["options"][name] for name in given]
    verb = next((option["verb"] for option in options if "verb" in option), engine["verb"])
    return BulkRequest(verb, {key: value for option in options for key, value in option.get("body", {}).items()})


def _fallback(prepare_each: Prepare) -> Prepare:
    warn = cache(get_logger(__name__).warning)  # once for each location, however many calls it has

    def prepare(instances: list[Instance]) -> list[Work]:
        warn("No bulk operations in %s: one call is sent for each instance.", instances[0].location)
        return prepare_each(instances)

    return prepare


@dataclass(eq=False)
class BulkCall:
    """One request for several instances, the poller of its operations, and their results."""

    azure: Azure
    request: BulkRequest
    instances: list[Instance]
    fallback: Prepare
    service: BulkService | None = None
    first: BulkCall | None = None  # of the run: while it is in progress, the others most likely are as well
    sent_at: float = 0.0
    polled_at: float = 0.0
    retry_after: float | None = None
    results: dict[str, BulkResult] = field(default_factory=dict)
    started: datetime | None = None
    cancels: bool = True
    earlier: Mapping[ResourceId, Work] = field(default_factory=dict)  # what is known of the calls of an earlier run
    since: datetime | None = None  # the service's time just before the request
    refused: int = 0  # polls in a row
    not_cancelled: bool = False  # what the service has not started may still start
    news: bool = False  # whether an answer has come since the ended instances were asked for

    def send(self) -> Poller:
        """Send the request to the first service that is available; raises Failure if there is none or it refuses."""
        ids = [instance.id for instance in self.instances]
        self.since = self.azure.now(self.instances[0].subscription)
        for service in bulk_services(self.request.verb):
            body = {"executionParameters": RETRY_POLICY, "resources": {"ids": ids}, **self.request.body}
            try:
                with unreadable_is_failure(), send_errors():
                    rows = self._post(service, service.verbs[self.request.verb], body)
            except Failure as failure:
                if isinstance(failure, OutcomeUnknown) or failure.error.code not in NOT_AVAILABLE:
                    raise
                continue
            self.service = service
            self._begin()
            self.apply(rows, {id_.lower(): BulkResult(None) for id_ in ids})
            return self
        raise Failure(Error(NO_SERVICE, "No service for bulk operations is available."))

    def resume(self) -> Poller:
        """Return the call as it was accepted by an earlier run; no request is sent."""
        if self.service is None:
            raise OperationNotFound(Error(NO_SERVICE, "The job log names a bulk service that is not known."))
        self._begin()
        return self

    def _begin(self) -> None:
        self.sent_at = self.polled_at = monotonic()
        self.started = datetime.now(timezone.utc)

    def operations(self) -> dict[ResourceId, dict[str, Any]]:
        """Return, by id, what is needed to poll the operation of each instance in another process."""
        name = self.service and self.service.name
        found = {one.id: self.results.get(one.id.lower()) for one in self.instances}
        return {id_: {"service": name, "operationId": result.operation_id} for id_, result in found.items() if result}

    def ended(self) -> list[Outcome[Instance]]:
        """Return the outcomes of instances that succeeded while the call goes on for others, after each answer once.

        Whether one that failed is still there is found out when the call has ended.
        """
        if not self.news:
            return []
        self.news = False
        results, name = dict(self.results), self.service.name if self.service else ""
        found = [(one, results.get(one.id.lower())) for one in self.instances]
        return [
            instance_outcome(Outcome(one, result.status, started=self.started), result, name)
            for one, result in found
            if result and result.status == Status.SUCCEEDED and not result.lost
        ]

    @property
    def acceptance(self) -> Acceptance:
        """Return whether anything is left to poll; bulk operations have no URL of their own."""
        return Acceptance(self._latest())

    def poll(self) -> Poll:
        """Poll the operations in progress once, unless the first call of the run shows that it is too early."""
        assert self.service is not None  # noqa: S101
        if self._waits_for_first():
            return self._latest()
        requested, self.polled_at = self.in_progress(), monotonic()
        try:
            with bulk_poll_errors():
                self.apply(self._post(self.service, self.service.status, _ids_of(requested)), requested)
        except Refused as refused:
            self.refused += 1
            if self.refused > MANY_REFUSED:  # the service is not asked again, but each instance
                raise OutcomeUnknown(Error("NotReadable", f"{NOT_READABLE}: {refused.why}")) from refused
            raise
        self.refused = 0
        return self._latest()

    def settle(self, outcome: Outcome[Work]) -> list[Outcome[Instance] | Work]:
        """Return the outcome of each instance, or the calls that replace this one, or those that ask an instance."""
        if not self.earlier and outcome.error and outcome.error.code == NO_SERVICE:
            return [*self.fallback(self.instances)]
        if self.service is None and not self.earlier:
            return [*share_outcome(outcome)]
        unknown = [one for one in self.instances if self._must_be_asked(one, outcome)]
        return [*self._outcomes(outcome, unknown), *(self._ask(one, outcome) for one in unknown)]

    def _must_be_asked(self, instance: Instance, outcome: Outcome[Work]) -> bool:
        """Check whether only the instance can tell what became of its operation."""
        if outcome.status in (Status.ACCEPTED, Status.INTERRUPTED):
            return False
        result = self.results.get(instance.id.lower())
        if result is None or self.service is None:
            return bool(self.earlier)
        unseen = outcome.status == Status.FAILED or self.refused > MANY_REFUSED
        return result.lost or (unseen and not result.status)

    def _ask(self, instance: Instance, outcome: Outcome[Work]) -> Work:
        """Return the work that asks an instance; where the service may still begin it, until the time is over."""
        result = self.results.get(instance.id.lower())
        known = self.earlier.get(instance.id) or Work([instance], self.resume, before=provisioning_times(instance))
        error = (result and result.error) or outcome.error or Error("NotReadable", NOT_READABLE)
        patient = self.refused > MANY_REFUSED and not (result and result.lost)
        failure = OperationUnreadable(error, NOT_READABLE) if patient else OperationNotFound(error)
        return known._replace(
            call=partial(_raise, failure),
            settle=self._settle_asked,
            sends=False,
            since=known.since or self.since,
            sent=True,
            patient=patient,
        )

    def _settle_asked(self, outcome: Outcome[Work]) -> list[Outcome[Instance]]:
        """Return what an instance showed; where it showed nothing in time, it is cancelled, or may still begin."""
        (instance,) = outcome.target.instances
        result = self.results.get(instance.id.lower())
        if result is None or not outcome.target.patient or outcome.status not in UNSEEN:
            self.results[instance.id.lower()] = BulkResult(None, outcome.status)
            return share_outcome(outcome)
        return self._outcomes(outcome, [])

    def _outcomes(self, outcome: Outcome[Work], unknown: Sequence[Instance]) -> list[Outcome[Instance]]:
        """Return the outcomes of the instances of a call but the unknown ones, and cancel what is not waited for."""
        if not (self.service and len(unknown) < len(outcome.target.instances)):
            return []
        if self.cancels and outcome.status in UNSEEN and self.in_progress():
            self.cancels = False  # once
            self._cancel(self.service)
        name = self.service.name
        found = [(one, self.results.get(one.target.id.lower())) for one in share_outcome(outcome)]
        return [
            replace(
                instance_outcome(one, result, name),
                queued=self.not_cancelled and result is not None and not result.status,
            )
            for one, result in found
            if one.target not in unknown
        ]

    def in_progress(self) -> dict[str, BulkResult]:
        """Return the results of operations that have not ended, by instance id."""
        return {id_: result for id_, result in self.results.items() if result.in_progress}

    def apply(self, rows: list[Row], requested: dict[str, BulkResult]) -> None:
        """Apply the rows of an answer about the requested instances."""
        self.results |= parse_rows(rows, requested)
        self.news = True

    def _latest(self) -> Poll:
        return Poll(not self.in_progress(), retry_after=self._interval())  # so few requests need no rate

    def _interval(self) -> float:
        if self._waits_for_first():
            return MIN_INTERVAL
        return self.retry_after or min(MAX_INTERVAL, max(MIN_INTERVAL, (monotonic() - self.sent_at) * INTERVAL_SHARE))

    def _waits_for_first(self) -> bool:
        recently = monotonic() - self.polled_at < MAX_INTERVAL
        return recently and self.first is not None and bool(self.first.in_progress())

    def _post(self, service: BulkService, action: str, body: dict[str, Any], **settings: Any) -> list[Row]:
        first = self.instances[0]
        place = service.place.format(
            subscription=first.subscription, group=first.resource_group, location=first.location
        )
        correlation = {"correlationid": str(uuid4())} if service.correlated else {}
        path = f"{place}/{action}?api-version={service.apiVersion}"
        client = self.azure.arm(first.subscription)
        answer = client.post_answer(path, {**body, **correlation}, **{**NO_RETRY, **settings})
        self.retry_after = retry_after_of(answer.headers)
        return rows_of(json_of(answer))

    def _cancel(self, service: BulkService) -> None:
        """Cancel once what the service has not started; an operation that is not reported as cancelled may continue."""
        requested = self.in_progress()
        try:
            with unreadable_is_failure(), send_errors():
                rows = self._post(service, service.cancel, _ids_of(requested), read_timeout=CANCEL_TIMEOUT)
        except (Failure, Throttled) as error:
            get_logger(__name__).warning("Operations that had not started could not be cancelled: %s", error)
            self.not_cancelled = True
            return
        self.apply([row for row in rows if is_cancelled(row)], requested)


def _ids_of(requested: dict[str, BulkResult]) -> dict[str, Any]:
    return {"operationIds": [result.operation_id for result in requested.values()]}


def _raise(failure: Failure) -> Poller:
    raise failure
