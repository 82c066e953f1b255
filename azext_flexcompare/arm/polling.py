"""Long-running operations of Azure, polled one request at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, NamedTuple

from azure.core.exceptions import AzureError, DecodeError, HttpResponseError
from azure.core.polling.base_polling import BadResponse, BadStatus
from azure.mgmt.core.polling.arm_polling import ARMPolling, AzureAsyncOperationPolling

from azext_flexcompare.arm.errors import body_error, error_of, one_line
from azext_flexcompare.arm.responses import (
    NO_RETRY,
    NOT_FOUND,
    OperationNotFound,
    classify,
    date_of,
    remaining,
    retry_after_of,
)
from azext_flexcompare.scheduler.outcome import Error
from azext_flexcompare.scheduler.poller import Acceptance, Failure, Poll, Throttled, Unanswered
from azext_flexcompare.times import parse_utc

MAX_START_DELAY = timedelta(minutes=5)  # between the start of an operation and the answer that accepted it
ENDS = ("succeeded", "failed", "canceled")


class SteppedPolling(ARMPolling):
    """The SDK's polling of a long-running operation, one request at a time instead of a thread that sleeps."""

    def __init__(self, returns: bool = False) -> None:
        super().__init__(timeout=0, **NO_RETRY)  # zero: the scheduler decides how long to wait
        self.returns = returns
        self._result_at: str | None = None
        self._accepted_at: datetime | None = None  # by the service's own clock, as is the next
        self._began: datetime | None = None

    def initialize(self, client: Any, initial_response: Any, deserialization_callback: Callable[[Any], Any]) -> None:
        """Start from the answer that accepted the operation."""
        super().initialize(client, initial_response, deserialization_callback)
        _release_connection(initial_response)

    def run(self) -> None:
        """Do nothing: the scheduler polls instead of the SDK."""

    @property
    def acceptance(self) -> Acceptance:
        """Return what the answer that accepted the operation says."""
        if self.finished():
            return Acceptance(self._latest(done=True))
        return Acceptance(self._latest(done=False), self._operation.get_polling_url(), self._result_url())

    def poll(self) -> Poll:
        """Send one request for the operation's status, and one more for its result; see Poller."""
        result = None
        try:
            if not self.finished():
                self._result_at = self._result_url()
                self.update_status()
                _release_connection(self._pipeline_response)
            if self.finished() and self.returns and self.status().lower() == "succeeded":
                result = self._result()
        except BadStatus:
            raise self._refused() from None
        except (AzureError, BadResponse) as error:
            raise Unanswered(one_line(error)) from error
        if self.status().lower() in ("failed", "canceled"):
            raise Failure(self._error())
        if not self.finished():
            return self._latest(done=False)
        return self._latest(done=True)._replace(result=result, took=self._took())

    def _latest(self, *, done: bool) -> Poll:
        headers = self._pipeline_response.http_response.headers
        self._learn_beginning()
        return Poll(done, retry_after_of(headers), remaining(headers), began=self._began)

    def _learn_beginning(self) -> None:
        """Keep the startTime of the operation; until it is known, or where it makes no sense, the acceptance's Date."""
        response = self._pipeline_response.http_response
        self._accepted_at = self._accepted_at or date_of(response.headers)
        if self._began in (None, self._accepted_at):
            found = _start_time(response)
            early = found and self._accepted_at and self._accepted_at - found > MAX_START_DELAY
            self._began = self._accepted_at if early else found or self._accepted_at

    def _took(self) -> float | None:
        try:
            body = self._pipeline_response.http_response.json()
        except ValueError:  # some ends have no body
            return None
        return _seconds_between(body.get("startTime"), body.get("endTime")) if isinstance(body, dict) else None

    def _result_url(self) -> str | None:
        if not self.returns:
            return None
        found: str | None
        try:
            found = self._operation.get_final_get_url(self._pipeline_response)
        except DecodeError:  # of the answer that accepted it, only the headers can be read
            found = self._pipeline_response.http_response.headers.get("Location")
        return found

    def _result(self) -> Any:
        response = (self.request_status(self._result_at) if self._result_at else self._pipeline_response).http_response
        if response.status_code < HTTPStatus.BAD_REQUEST:
            return response.json() if response.text() else None
        refusal = classify(response.status_code, response.headers, error_of(HttpResponseError(response=response)))
        if isinstance(refusal, Failure):
            return None  # the operation has succeeded all the same
        raise refusal

    def _refused(self) -> Throttled | Unanswered | Failure:
        response = self._pipeline_response.http_response
        error = error_of(HttpResponseError(response=response))
        refusal = classify(response.status_code, response.headers, error)
        return OperationNotFound(error) if response.status_code in NOT_FOUND else refusal

    def _error(self) -> Error:
        error = body_error(self._pipeline_response.http_response.json())
        return error or Error(self.status(), "The service gave no reason.")


class ResumedPolling(SteppedPolling):
    """The polling of an operation that an earlier process began, of which only the URLs are known."""

    def __init__(self, arm: Any, url: str, result_url: str | None = None) -> None:
        super().__init__(returns=result_url is not None)
        self._arm, self._at, self._result_at = arm, url, result_url
        self._status = "InProgress"

    @property
    def acceptance(self) -> Acceptance:
        """Return where to poll; the answer that accepted the operation is not known."""
        return Acceptance(Poll(done=False), self._at, self._result_at)

    def _result_url(self) -> str | None:
        return self._result_at

    def finished(self) -> bool:
        """Check whether the operation is known to have ended."""
        return self._status.lower() in ENDS

    def status(self) -> str:
        """Return the status of the latest answer."""
        return self._status

    def update_status(self) -> None:
        """Send one request for the status."""
        self._pipeline_response = self.request_status(self._at)
        response = self._pipeline_response.http_response
        if response.status_code >= HTTPStatus.BAD_REQUEST:
            raise BadStatus(f"HTTP {response.status_code}")
        self._status = AzureAsyncOperationPolling().get_status(self._pipeline_response)

    def request_status(self, status_link: str) -> Any:
        """Read a URL of the service."""
        return self._arm.get_answer(status_link, **NO_RETRY)


class Completed(NamedTuple):
    """An operation that ended with its acceptance, and what it returned."""

    result: Any = None
    remaining: float | None = None  # requests that the service still takes

    @property
    def acceptance(self) -> Acceptance:
        """Return that nothing is left to poll."""
        return Acceptance(self.poll())

    def poll(self) -> Poll:
        """Return the result."""
        return Poll(done=True, remaining=self.remaining, result=self.result)


def _release_connection(answer: Any) -> None:
    """Drop the connection's copy of an answer, which would take most of the memory of thousands of operations."""
    received = getattr(answer.http_response, "_internal_response", None)
    if received is not None:
        received.raw = None


def _start_time(response: Any) -> datetime | None:
    try:
        body = response.json()
    except ValueError:  # acceptances and some ends have no body
        return None
    found = parse_utc(body["startTime"]) if isinstance(body, dict) and isinstance(body.get("startTime"), str) else None
    return found if found and found.tzinfo else None


def _seconds_between(start: str | None, end: str | None) -> float | None:
    began, ended = parse_utc(start), parse_utc(end)
    return (ended - began).total_seconds() if began and ended else None
