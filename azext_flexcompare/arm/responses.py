"""What the status and the headers of an answer mean: throttled, unanswered or failed, and how long to wait."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from azure.core.exceptions import AzureError, HttpResponseError, ServiceResponseError
from azure.core.pipeline.policies import RetryPolicy

from azext_flexcompare.arm.errors import error_of, one_line
from azext_flexcompare.scheduler.outcome import Error
from azext_flexcompare.scheduler.poller import Failure, Throttled, Unanswered

# The SDK would repeat a POST that was answered by 500 or 503, after which it is not known whether it was accepted, and
# would sleep in the thread; the scheduler repeats what may be repeated. Seconds.
NO_RETRY = {"retry_total": 0, "connection_timeout": 30, "read_timeout": 120}
# Every other status between 400 and 499 is a failure; a status outside of these leaves the request unanswered.
MEANINGS: Mapping[int, type[Throttled | Unanswered]] = {
    HTTPStatus.UNAUTHORIZED: Unanswered,  # a token that has just expired
    HTTPStatus.REQUEST_TIMEOUT: Unanswered,  # a slow network
    HTTPStatus.TOO_MANY_REQUESTS: Throttled,
}
NOT_FOUND = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
REMAINING = tuple(f"x-ms-ratelimit-remaining-subscription-{kind}" for kind in ("reads", "writes", "deletes"))
UNKNOWN = "It is not known whether the service accepted the request"


class Unacknowledged(Failure):
    """A request was sent, and no answer says whether it was accepted."""


class OperationNotFound(Failure):
    """An operation was accepted, and the service no longer knows it."""


def classify(
    status: int, headers: Mapping[str, str], error: Error, *, busy: Collection[str] = ()
) -> Throttled | Unanswered | Failure:
    """Return what an answer means that is no success.

    `busy` are the beginnings, in lower case, of the codes of a 409 that only says to wait for another operation.
    """
    if status == HTTPStatus.CONFLICT and error.code.lower().startswith(tuple(busy)):
        return Throttled(retry_after_of(headers))
    is_client_error = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    meaning = MEANINGS.get(status, Failure if is_client_error else Unanswered)
    if meaning is Throttled:
        return Throttled(retry_after_of(headers))
    return Unanswered(": ".join(error)) if meaning is Unanswered else Failure(error)


@contextmanager
def send_errors(busy: Collection[str] = ()) -> Iterator[None]:
    """Turn what the SDK raises for a request that acts into Throttled or Failure."""
    try:
        yield
    except HttpResponseError as error:
        raise _refused(error, busy) from error
    except ServiceResponseError as error:
        raise Unacknowledged(Error("ConnectionLost", f"{UNKNOWN}: {one_line(error)}")) from error
    except AzureError as error:
        raise Failure(Error("NotSent", one_line(error))) from error


@contextmanager
def poll_errors() -> Iterator[None]:
    """Turn what the SDK raises for a request that only reads into Throttled, Unanswered or Failure."""
    try:
        yield
    except HttpResponseError as error:
        raise _classified(error) from error
    except AzureError as error:
        raise Unanswered(one_line(error)) from error


def _refused(error: HttpResponseError, busy: Collection[str]) -> Throttled | Failure:
    if (error.status_code or 0) < HTTPStatus.BAD_REQUEST:  # it was answered, and the answer cannot be read
        return Unacknowledged(Error("AnswerUnreadable", f"{UNKNOWN}: {one_line(error)}"))
    meaning = _classified(error, busy)
    return Failure(error_of(error)) if isinstance(meaning, Unanswered) else meaning


def _classified(error: HttpResponseError, busy: Collection[str] = ()) -> Throttled | Unanswered | Failure:
    headers = error.response.headers if error.response else {}
    return classify(error.status_code or 0, headers, error_of(error), busy=busy)


def retry_after_of(headers: Mapping[str, str]) -> float | None:
    """Read the seconds that the service asks to wait, as the SDK reads them; None where there are none to read."""
    try:
        if headers.get("retry-after-ms"):
            return float(headers["retry-after-ms"]) / 1000
        return RetryPolicy().parse_retry_after(headers["Retry-After"]) or None
    except (KeyError, ValueError):
        return None


def date_of(headers: Mapping[str, str]) -> datetime | None:
    """Return the time of an answer by the service's own clock, to the second."""
    try:
        return parsedate_to_datetime(headers["Date"])
    except (KeyError, ValueError):
        return None


def remaining(headers: Mapping[str, str]) -> float:
    """Read the smallest count of requests that Azure Resource Manager and the provider still take; infinity is none.

    Source: Microsoft, Azure Resource Manager throttling, and Compute throttling limits, 2024-05-27.
    """
    counts = [headers[name] for name in REMAINING if name in headers]
    policies = [entry.partition(";") for entry in headers.get("x-ms-ratelimit-remaining-resource", "").split(",")]
    counts += [count for policy, _, count in policies if policy.endswith("SubscriptionMaximum")]
    return min((float(count) for count in counts if count.isdigit()), default=math.inf)
