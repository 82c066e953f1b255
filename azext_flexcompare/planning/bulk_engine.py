"""Calls of `--engine bulk`: Azure's bulk operations, which take up to a hundred VMs in a request.

A request is for VMs of one resource group and location. The services queue and retry by themselves. If a service is
not available in the location, the next one is tried, and then each VM gets a call of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from time import monotonic
from typing import Any, NamedTuple
from uuid import uuid4

from azure.core.pipeline.policies import RetryPolicy
from knack.log import get_logger

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.responses import NO_RETRY, poll_errors, send_errors
from azext_flexcompare.instances import Instance
from azext_flexcompare.planning.adapters import vm_preparer
from azext_flexcompare.planning.bulk_answers import (
    BulkResult,
    Row,
    instance_outcome,
    is_cancelled,
    parse_rows,
    unreadable_is_failure,
    unreadable_is_unanswered,
)
from azext_flexcompare.planning.work import Options, Prepare, Work, share_outcome
from azext_flexcompare.scheduler.outcome import Error, Outcome, Status
from azext_flexcompare.scheduler.poller import Acceptance, Failure, Poll, Poller, Throttled
from azext_flexcompare.table.entries import BulkService, Operation, bulk_services

MAX_INSTANCES = 100  # in one request; this and the policy as in Azure/azure-computeschedule-dotnet-samples
RETRY_POLICY = {"retryPolicy": {"retryCount": 3, "retryWindowInMinutes": 60}}
# Seconds between polls grow as this share of the time since the request; the samples poll every 15 seconds.
MIN_INTERVAL, MAX_INTERVAL, INTERVAL_SHARE = 0.5, 15.0, 0.4
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


class BulkRequest(NamedTuple):
    """The request for an operation: its verb, and the members of the body besides the ids."""

    verb: str
    body: dict[str, Any]


def bulk_preparer(operation: Operation, options: Options, azure: Azure) -> Prepare:
    """Return what prepares as few calls as possible for the chosen instances."""
    request = _request(operation, [option.name for option in operation.given(options)])
    fallback = _fallback(vm_preparer(operation, options, azure))

    def prepare(instances: list[Instance]) -> list[Work]:
        calls = [BulkCall(azure, request, group, fallback) for group in group_by_call(instances)]
        for call in calls[1:]:
            call.first = calls[0]
        return [Work(call.instances, call.send, call.settle) for call in calls]

    return prepare


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

    def send(self) -> Poller:
        """Send the request to the first service that is available; raises Failure if there is none or it refuses."""
        ids = [instance.id for instance in self.instances]
        for service in bulk_services(self.request.verb):
            body = {"executionParameters": RETRY_POLICY, "resources": {"ids": ids}, **self.request.body}
            try:
                with unreadable_is_failure(), send_errors():
                    rows = self._post(service, service.verbs[self.request.verb], body)
            except Failure as failure:
                if failure.error.code not in NOT_AVAILABLE:
                    raise
                continue
            self.service = service
            self.sent_at = self.polled_at = monotonic()
            self.apply(rows, {id_.lower(): BulkResult(None) for id_ in ids})
            return self
        raise Failure(Error(NO_SERVICE, "No service for bulk operations is available."))

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
        with unreadable_is_unanswered(), poll_errors():
            self.apply(self._post(self.service, self.service.status, _ids_of(requested)), requested)
        return self._latest()

    def settle(self, outcome: Outcome[Work]) -> list[Outcome[Instance] | Work]:
        """Return the outcome of each instance, or the calls that replace this one."""
        if outcome.error and outcome.error.code == NO_SERVICE:
            return [*self.fallback(self.instances)]
        if self.service is None:
            return [*share_outcome(outcome)]
        if outcome.status == Status.INTERRUPTED and self.in_progress():
            self._cancel(self.service)
        name = self.service.name
        return [instance_outcome(one, self.results.get(one.target.id.lower()), name) for one in share_outcome(outcome)]

    def in_progress(self) -> dict[str, BulkResult]:
        """Return the results of operations that have not ended, by instance id."""
        return {id_: result for id_, result in self.results.items() if result.in_progress}

    def apply(self, rows: list[Row], requested: dict[str, BulkResult]) -> None:
        """Apply the rows of an answer about the requested instances."""
        self.results |= parse_rows(rows, requested)

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
        self.retry_after = RetryPolicy().get_retry_after(answer)
        rows: list[Row] = answer.http_response.json()["results"]
        return rows

    def _cancel(self, service: BulkService) -> None:
        """Cancel once what the service has not started; an operation that is not reported as cancelled may continue."""
        requested = self.in_progress()
        try:
            with unreadable_is_failure(), send_errors():
                rows = self._post(service, service.cancel, _ids_of(requested), read_timeout=CANCEL_TIMEOUT)
        except (Failure, Throttled) as error:
            get_logger(__name__).warning("Operations that had not started could not be cancelled: %s", error)
            return
        self.apply([row for row in rows if is_cancelled(row)], requested)


def _ids_of(requested: dict[str, BulkResult]) -> dict[str, Any]:
    return {"operationIds": [result.operation_id for result in requested.values()]}
