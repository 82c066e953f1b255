"""Long-running operations of Azure, polled one request at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, NamedTuple, NoReturn

from azure.core.exceptions import HttpResponseError

from azext_flexcompare.arm.clients import ANSWERED
from azext_flexcompare.arm.errors import body_error, error_of
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
from azext_flexcompare.scheduler.poller import Acceptance, Failure, OutcomeUnknown, Poll, Throttled, Unanswered
from azext_flexcompare.times import parse_utc

MAX_START_DELAY = timedelta(minutes=5)  # between the start of an operation and the answer that accepted it
ENDS = ("succeeded", "failed", "canceled")
IN_PROGRESS = "InProgress"
VIEW = "$expand=instanceView"
MANY_ODD = 3  # answers in a row that say nothing of an operation, before its instance is asked
MAY_NOT_BE_READ = "The service accepted the request, and does not let its operation be read."
NOWHERE_TO_POLL = "The service accepted the request, and its answer has no URL of the operation."
NO_RESULT = "The operation succeeded, and its result cannot be read yet:"
RESULT_REFUSED = "The operation succeeded, and the service does not let its result be read."


class Accepted(NamedTuple):
    """What the answer that accepted an operation says: its status, where to poll, and where its result is."""

    status: str
    url: str | None = None
    result_url: str | None = None


class SteppedPolling:
    """The polling of a long-running operation, one request at a time; it keeps no answer."""

    __slots__ = ("_accepted", "_accepted_at", "_arm", "_began", "_body", "_latest", "_odd", "_status", "returns")

    def __init__(self, arm: Any, accepted: Accepted, returns: bool = False) -> None:
        self._arm, self._accepted, self._status, self.returns = arm, accepted, accepted.status, returns
        self._odd = 0  # answers in a row that say nothing of the operation
        self._accepted_at: datetime | None = None  # by the service's own clock, as is the next
        self._began: datetime | None = None
        self._body: dict[str, Any] = {}  # of the answer that told of the end
        self._latest = Poll(done=False)

    @classmethod
    def begun(cls, arm: Any, answer: Any, returns: bool = False, *, view: bool = False) -> SteppedPolling:
        """Return the polling of an operation by the answer that accepted it; raises OutcomeUnknown for any other.

        `view` is whether its result is its resource, read with the instance view once the operation has ended.
        """
        accepted = read_acceptance(answer, arm.is_own_url)
        polling = cls(arm, _with_view(accepted, answer) if view else accepted, returns)
        body = _parsed(answer)
        polling._learn(answer, body if isinstance(body, dict) else {})
        if returns and polling.finished() and "value" not in polling._body:
            raise Unacknowledged(Error("AnswerUnreadable", f"{UNKNOWN}: its answer has no result."))
        return polling

    def finished(self) -> bool:
        """Check whether the operation is known to have ended."""
        return self._status.lower() in ENDS

    @property
    def acceptance(self) -> Acceptance:
        """Return what the answer that accepted the operation says."""
        if self.finished():
            return Acceptance(self._latest._replace(result=self._body if self.returns else None))
        return Acceptance(self._latest, self._accepted.url, self._accepted.result_url if self.returns else None)

    def poll(self) -> Poll:
        """Send one request for the operation's status, and one more for its result; see Poller."""
        with poll_errors():
            if not self.finished():
                self._read_status(self._arm.get_answer(self._accepted.url or "", **NO_RETRY))
        if self._status.lower() in ("failed", "canceled"):
            raise Failure(body_error(self._body) or Error(self._status, "The service gave no reason."))
        if not self.finished():
            return self._latest
        found = self._latest._replace(took=_seconds_between(self._body.get("startTime"), self._body.get("endTime")))
        if not self.returns:
            return found
        with poll_errors():
            return found._replace(result=self._result())

    def _learn(self, answer: Any, body: dict[str, Any]) -> None:
        """Keep what an answer says, of its body only what is still needed."""
        self._accepted_at = self._accepted_at or date_of(answer.headers)
        self._learn_beginning(body.get("startTime"))
        done = self.finished()
        self._latest = Poll(done, retry_after_of(answer.headers), remaining(answer.headers), began=self._began)
        self._body = body if done else {}

    def _learn_beginning(self, start: Any) -> None:
        """Keep the startTime of the operation; until it is known, or where it makes no sense, the acceptance's Date."""
        if self._began in (None, self._accepted_at):
            found = _time(start)
            early = found and self._accepted_at and self._accepted_at - found > MAX_START_DELAY
            self._began = self._accepted_at if early else found or self._accepted_at

    def _read_status(self, answer: Any) -> None:
        """Read the status of an operation; raises what its answer means where that is none."""
        status = answer.status_code
        if status not in ANSWERED:
            self._raise_unread(answer)
        body = _parsed(answer)
        found = read_status(status, body, from_location=self._accepted.url == self._accepted.result_url)
        if found is None:
            self._raise_odd(Error("AnswerUnreadable", "The answer to the poll does not say how the operation is."))
        self._status, self._odd = found, 0
        self._learn(answer, body if isinstance(body, dict) else {})

    def _raise_unread(self, answer: Any) -> NoReturn:
        status, error = answer.status_code, error_of(HttpResponseError(response=answer))
        if status in NOT_FOUND:
            raise OperationNotFound(error)
        if status == HTTPStatus.FORBIDDEN and not self.returns:  # only the operation has the result
            raise OperationUnreadable(error, MAY_NOT_BE_READ)
        refusal = classify_read(status, answer.headers, error)
        is_odd = isinstance(refusal, Failure) or status < HTTPStatus.BAD_REQUEST
        self._raise_odd(error, None if is_odd else refusal)

    def _raise_odd(self, error: Error, refusal: Exception | None = None) -> NoReturn:
        if refusal is not None:
            raise refusal
        self._odd += 1
        if self._odd > MANY_ODD and not self.returns:
            raise OperationUnreadable(error, MAY_NOT_BE_READ)
        raise Unanswered(": ".join(error))

    def _result(self) -> Any:
        """Read the result; raises Unanswered or Throttled until it comes, OutcomeUnknown where it is refused."""
        held = self._body.get("properties")
        if isinstance(held, dict) and held.get("output") and not _is_view(self._accepted.result_url):
            return held["output"]
        if not self._accepted.result_url:
            raise Unanswered(f"{NO_RESULT} the service names no URL of it.")
        answer = self._arm.get_answer(self._accepted.result_url, **NO_RETRY)
        if answer.status_code != HTTPStatus.OK:
            error = error_of(HttpResponseError(response=answer))
            refusal = classify_read(answer.status_code, answer.headers, error)
            if isinstance(refusal, Failure):  # to ask again is of no use
                raise OutcomeUnknown(error, RESULT_REFUSED)
            raise refusal if isinstance(refusal, Throttled) else Unanswered(f"{NO_RESULT} {': '.join(error)}")
        found = json_of(answer)
        if not isinstance(found, dict):
            raise Unanswered(f"{NO_RESULT} the answer has none.")
        return found


def read_acceptance(response: Any, is_own: Callable[[str], bool]) -> Accepted:
    """Return what the answer to a request says of its operation; raises OutcomeUnknown where it is not Azure's own.

    A URL that is not the service's own counts as none.
    """
    links = [response.headers.get(name) for name in ("Azure-AsyncOperation", "Location")]
    operation, location = (one if one and is_own(one) else None for one in links)
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


def read_status(code: int, body: Any, *, from_location: bool) -> str | None:
    """Read the status of an operation in the parsed answer to a poll, or None where it has none.

    Without `Azure-AsyncOperation`, `Location` is polled: 202 until the operation ends, then another status.
    """
    if code == HTTPStatus.ACCEPTED and from_location:
        return IN_PROGRESS
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
        """Return the acceptance of an operation that has ended."""
        return Acceptance(self.poll())

    def poll(self) -> Poll:
        """Return the result."""
        return Poll(done=True, remaining=self.remaining, result=self.result)


def _with_view(accepted: Accepted, answer: Any) -> Accepted:
    """Return an acceptance whose result is the resource with its instance view, and which is polled there at worst."""
    url = str(answer.request.url)
    by_location = accepted.url == accepted.result_url
    return Accepted(IN_PROGRESS, url if by_location else accepted.url, f"{url}&{VIEW}")


def _is_view(url: str | None) -> bool:
    """Return whether a URL is that of a resource with its instance view, which the operation may have without it."""
    return bool(url and url.endswith(VIEW))


def _parsed(answer: Any) -> Any:
    """Return the body of an answer as JSON, None where it is empty; an empty list, which says nothing, otherwise."""
    try:
        return json_of(answer)
    except ValueError:
        return []


def _seconds_between(start: Any, end: Any) -> float | None:
    began, ended = _time(start), _time(end)
    seconds = (ended - began).total_seconds() if began and ended else -1.0
    return seconds if seconds >= 0 else None


def _time(text: Any) -> datetime | None:
    """Parse a time; the first year of the calendar is none."""
    found = parse_utc(text) if isinstance(text, str) else None
    return None if found is None or found.year == 1 else found
