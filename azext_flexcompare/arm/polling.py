"""Long-running operations of Azure, polled one request at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, NamedTuple, NoReturn

from azure.core.exceptions import HttpResponseError
from azure.mgmt.core.polling.arm_polling import ARMPolling

from azext_flexcompare.arm.clients import ANSWERED
from azext_flexcompare.arm.errors import body_error, error_of, one_line
from azext_flexcompare.arm.login import is_own_url
from azext_flexcompare.arm.responses import (
    NO_RETRY,
    NOT_FOUND,
    UNKNOWN,
    OperationNotFound,
    OperationUnreadable,
    Unacknowledged,
    classify_read,
    date_of,
    json_of,
    poll_errors,
    remaining,
    retry_after_of,
)
from azext_flexcompare.scheduler.outcome import Error
from azext_flexcompare.scheduler.poller import Acceptance, Failure, Poll, Throttled, Unanswered
from azext_flexcompare.times import parse_utc

MAX_START_DELAY = timedelta(minutes=5)  # between the start of an operation and the answer that accepted it
ENDS = ("succeeded", "failed", "canceled")
IN_PROGRESS = "InProgress"
VIEW = "$expand=instanceView"
MANY_ODD = 3  # answers in a row that say nothing of an operation, before its instance is asked
MAY_NOT_BE_READ = "The service accepted the request, and does not let its operation be read."
NOWHERE_TO_POLL = "The service accepted the request, and its answer has no URL of the operation."
NO_RESULT = "The operation succeeded, and its result cannot be read yet:"


class Accepted(NamedTuple):
    """What the answer that accepted an operation says: its status, where to poll, and where its result is."""

    status: str
    url: str | None = None
    result_url: str | None = None


class SteppedPolling(ARMPolling):
    """The SDK's polling of a long-running operation, one request at a time instead of a thread that sleeps."""

    def __init__(self, returns: bool = False) -> None:
        super().__init__(timeout=0, **NO_RETRY)  # zero: the scheduler decides how long to wait
        self.returns = returns
        self._accepted = Accepted(IN_PROGRESS)
        self._odd = 0  # answers in a row that say nothing of the operation
        self._accepted_at: datetime | None = None  # by the service's own clock, as is the next
        self._began: datetime | None = None

    def initialize(self, client: Any, initial_response: Any, deserialization_callback: Callable[[Any], Any]) -> None:
        """Start from the answer that accepted the operation; raises Unacknowledged where it is no such answer."""
        del deserialization_callback
        self._client, self._pipeline_response, self._initial_response = client, initial_response, initial_response
        self._accepted = self._accept(initial_response.http_response)
        self._status = self._accepted.status
        _release_connection(initial_response)

    def _accept(self, response: Any) -> Accepted:
        accepted = read_acceptance(response, self._client.format_url("/"))
        if self.returns and accepted.status.lower() in ENDS and "value" not in self._body():
            raise Unacknowledged(Error("AnswerUnreadable", f"{UNKNOWN}: its answer has no result."))
        return accepted

    def run(self) -> None:
        """Do nothing: the scheduler polls instead of the SDK."""

    def finished(self) -> bool:
        """Check whether the operation is known to have ended."""
        return self._status.lower() in ENDS

    def status(self) -> str:
        """Return the status of the latest answer."""
        return self._status

    @property
    def acceptance(self) -> Acceptance:
        """Return what the answer that accepted the operation says."""
        if self.finished():
            return Acceptance(self._latest(done=True)._replace(result=self._body() if self.returns else None))
        return Acceptance(self._latest(done=False), self._accepted.url, self._result_url())

    def poll(self) -> Poll:
        """Send one request for the operation's status, and one more for its result; see Poller."""
        with poll_errors():
            if not self.finished():
                self._read_status(self._request(self._accepted.url or ""))
        if self._status.lower() in ("failed", "canceled"):
            raise Failure(self._error())
        if not self.finished():
            return self._latest(done=False)
        if not self.returns:
            return self._latest(done=True)._replace(took=self._took())
        with poll_errors():
            result = self._result()
        return self._latest(done=True)._replace(result=result, took=self._took())

    def _request(self, url: str) -> Any:
        """Read a URL of the service; raises as `_raise_odd` does where the SDK cannot decode the answer."""
        try:
            return self.request_status(url)
        except HttpResponseError as error:
            if error.status_code not in ANSWERED:
                raise
            self._raise_odd(Error("AnswerUnreadable", one_line(error)))

    def _latest(self, *, done: bool) -> Poll:
        headers = self._pipeline_response.http_response.headers
        self._learn_beginning()
        return Poll(done, retry_after_of(headers), remaining(headers), began=self._began)

    def _learn_beginning(self) -> None:
        """Keep the startTime of the operation; until it is known, or where it makes no sense, the acceptance's Date."""
        self._accepted_at = self._accepted_at or date_of(self._pipeline_response.http_response.headers)
        if self._began in (None, self._accepted_at):
            found = _time(self._body().get("startTime"))
            early = found and self._accepted_at and self._accepted_at - found > MAX_START_DELAY
            self._began = self._accepted_at if early else found or self._accepted_at

    def _took(self) -> float | None:
        body = self._body()
        return _seconds_between(body.get("startTime"), body.get("endTime"))

    def _body(self) -> dict[str, Any]:
        """Return the latest answer's body; an empty object for any that is none."""
        try:
            body = json_of(self._pipeline_response.http_response)
        except ValueError:
            return {}
        return body if isinstance(body, dict) else {}

    def _result_url(self) -> str | None:
        return self._accepted.result_url if self.returns else None

    def _read_status(self, answer: Any) -> None:
        """Read the status of an operation; raises what its answer means where that is none."""
        response = answer.http_response
        _release_connection(answer)
        status = response.status_code
        error = error_of(HttpResponseError(response=response))
        if status in NOT_FOUND:
            raise OperationNotFound(error)
        if status == HTTPStatus.FORBIDDEN and not self.returns:  # only the operation has the result
            raise OperationUnreadable(error, MAY_NOT_BE_READ)
        if status not in ANSWERED:
            refusal = classify_read(status, response.headers, error)
            is_odd = isinstance(refusal, Failure) or status < HTTPStatus.BAD_REQUEST
            self._raise_odd(error, None if is_odd else refusal)
        found = read_status(response, from_location=self._accepted.url == self._accepted.result_url)
        if found is None:
            self._raise_odd(Error("AnswerUnreadable", "The answer to the poll does not say how the operation is."))
        self._pipeline_response, self._status, self._odd = answer, found, 0

    def _raise_odd(self, error: Error, refusal: Exception | None = None) -> NoReturn:
        if refusal is not None:
            raise refusal
        self._odd += 1
        if self._odd > MANY_ODD and not self.returns:
            raise OperationUnreadable(error, MAY_NOT_BE_READ)
        raise Unanswered(": ".join(error))

    def _result(self) -> Any:
        """Read what the operation returned; raises Unanswered or Throttled until the service gives it."""
        held = self._body().get("properties")
        if isinstance(held, dict) and held.get("output") and not _is_view(self._accepted.result_url):
            return held["output"]
        if not self._accepted.result_url:
            raise Unanswered(f"{NO_RESULT} the service names no URL of it.")
        response = self._request(self._accepted.result_url).http_response
        if response.status_code != HTTPStatus.OK:
            error = error_of(HttpResponseError(response=response))
            refusal = classify_read(response.status_code, response.headers, error)
            raise refusal if isinstance(refusal, Throttled) else Unanswered(f"{NO_RESULT} {': '.join(error)}")
        found = json_of(response)
        if not isinstance(found, dict):
            raise Unanswered(f"{NO_RESULT} the answer has none.")
        return found

    def _error(self) -> Error:
        return body_error(self._body()) or Error(self._status, "The service gave no reason.")


class ViewedPolling(SteppedPolling):
    """The polling of a request whose result is its resource, read with the instance view once the operation ended."""

    def __init__(self) -> None:
        super().__init__(returns=True)

    def _accept(self, response: Any) -> Accepted:
        accepted = read_acceptance(response, self._client.format_url("/"))
        url = str(response.request.url)
        by_location = accepted.url == accepted.result_url
        return Accepted(IN_PROGRESS, url if by_location else accepted.url, f"{url}&{VIEW}")


class ResumedPolling(SteppedPolling):
    """The polling of an operation that an earlier process began, of which only the URLs are known."""

    def __init__(self, arm: Any, url: str, result_url: str | None = None) -> None:
        super().__init__(returns=result_url is not None)
        self._arm, self._accepted, self._status = arm, Accepted(IN_PROGRESS, url, result_url), IN_PROGRESS

    @property
    def acceptance(self) -> Acceptance:
        """Return where to poll; the answer that accepted the operation is not known."""
        return Acceptance(Poll(done=False), self._accepted.url, self._accepted.result_url)

    def request_status(self, status_link: str) -> Any:
        """Read a URL of the service."""
        return self._arm.get_answer(status_link, **NO_RETRY)


def read_acceptance(response: Any, endpoint: str) -> Accepted:
    """Return what the answer to a request says of its operation; raises OutcomeUnknown where it is not Azure's own.

    A URL of another service than the endpoint's counts as none.
    """
    links = [response.headers.get(name) for name in ("Azure-AsyncOperation", "Location")]
    operation, location = (one if one and is_own_url(endpoint, one) else None for one in links)
    if response.status_code == HTTPStatus.ACCEPTED:
        if operation or location:
            return Accepted(IN_PROGRESS, operation or location, location)
        raise OperationUnreadable(Error("AnswerUnreadable", NOWHERE_TO_POLL))
    if operation:
        return Accepted(IN_PROGRESS, operation, location)
    if response.status_code not in ANSWERED:
        raise Unacknowledged(Error("AnswerUnreadable", f"{UNKNOWN}: HTTP {response.status_code}"))
    try:
        body = json_of(response)
    except ValueError:
        body = ""
    if body is not None and not isinstance(body, dict):
        raise Unacknowledged(Error("AnswerUnreadable", f"{UNKNOWN}: its answer is not JSON of Azure."))
    state = _provisioning_state(body or {})
    if state.lower() in ("failed", "canceled"):
        raise Failure(body_error(body) or Error(state, f"Its provisioningState is {state}."))
    return Accepted(state, str(response.request.url)) if state.lower() not in ENDS else Accepted(state)


def read_status(response: Any, *, from_location: bool) -> str | None:
    """Read the status of an operation in the answer to a poll, or None where it has none.

    Without `Azure-AsyncOperation`, `Location` is polled: 202 until the operation ends, then another status.
    """
    if response.status_code == HTTPStatus.ACCEPTED and from_location:
        return IN_PROGRESS
    try:
        body = json_of(response)
    except ValueError:
        return None
    if isinstance(body, dict) and isinstance(body.get("status"), str):
        status: str = body["status"]
        return status
    if from_location and (body is None or isinstance(body, dict)):
        return "Succeeded"
    is_resource = isinstance(body, dict) and isinstance(body.get("properties"), dict) and "id" in body
    return _provisioning_state(body) if is_resource else None


def _provisioning_state(body: dict[str, Any]) -> str:
    properties = body.get("properties")
    state = properties.get("provisioningState") if isinstance(properties, dict) else None
    return state if isinstance(state, str) else "Succeeded"


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


def _is_view(url: str | None) -> bool:
    """Return whether a URL is that of a resource with its instance view, which the operation may have without it."""
    return bool(url and url.endswith(VIEW))


def _release_connection(answer: Any) -> None:
    """Drop the connection's copy of an answer, which would take most of the memory of thousands of operations."""
    received = getattr(answer.http_response, "_internal_response", None)
    if received is not None:
        received.raw = None


def _seconds_between(start: Any, end: Any) -> float | None:
    began, ended = _time(start), _time(end)
    seconds = (ended - began).total_seconds() if began and ended else -1.0
    return seconds if seconds >= 0 else None


def _time(text: Any) -> datetime | None:
    """Parse a time; the first year of the calendar is none."""
    found = parse_utc(text) if isinstance(text, str) else None
    return None if found is None or found.year == 1 else found
