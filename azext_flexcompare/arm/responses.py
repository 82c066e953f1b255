"""What an answer means: accepted, throttled, refused, unanswered or unknown, and how long to wait.

A request succeeded or failed only where its answer is one of Azure Resource Manager's own: a documented status, and a
body that is empty or JSON. Any other answer leaves open what became of the request.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from azure.cli.core.azclierror import AzCLIError
from azure.core.exceptions import AzureError, HttpResponseError
from azure.core.pipeline.policies import RetryPolicy

from azext_flexcompare.arm.errors import error_of, one_line
from azext_flexcompare.arm.login import NoTokenError
from azext_flexcompare.arm.not_sent import is_not_sent
from azext_flexcompare.scheduler.outcome import Error
from azext_flexcompare.scheduler.poller import Failure, OutcomeUnknown, TemporaryFailure, Throttled, Unanswered

# The SDK would repeat a POST that was answered by 500 or 503, after which it is not known whether it was accepted, and
# would sleep in the thread; the scheduler repeats what may be repeated. Seconds.
NO_RETRY = {"retry_total": 0, "connection_timeout": 30, "read_timeout": 120}
NOT_FOUND = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
# Refusals of a request that was certainly not accepted, and that a later one may not meet.
NOT_ACCEPTED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS)
# Statuses that say nothing of an operation that is polled, and that pass by themselves.
PASSING = (HTTPStatus.UNAUTHORIZED, HTTPStatus.REQUEST_TIMEOUT)
REMAINING = tuple(f"x-ms-ratelimit-remaining-subscription-{kind}" for kind in ("reads", "writes", "deletes"))
UNKNOWN = "It is not known whether the service accepted the request"
# The beginnings, in lower case, of the codes of a refusal that Azure calls temporary: another operation is in progress.
TEMPORARY = ("conflict", "anotheroperation", "retryable")
LONGEST_WAIT = 366 * 86400.0  # seconds; a longer Retry-After is a mistake


class Unacknowledged(OutcomeUnknown):
    """A request was sent, and no answer says whether it was accepted."""


class OperationUnreadable(OutcomeUnknown):
    """An operation was accepted, and the service does not say what became of it."""


class Forbidden(Failure):
    """The role may not read what was asked for; to ask again is of no use."""


class OperationNotFound(OperationUnreadable):
    """An operation was accepted, and the service no longer knows it."""


def classify(
    status: int, headers: Mapping[str, str], error: Error, *, busy: Collection[str] = ()
) -> Throttled | Failure:
    """Return what the answer to a request that acts means, if it is no success.

    `busy` are the beginnings, in lower case, of the codes of a 409 that only says to wait for another operation.
    """
    code, after = error.code.lower(), retry_after_of(headers)
    if status == HTTPStatus.CONFLICT and code.startswith(tuple(busy)):
        return Throttled(after, error)
    if status in NOT_ACCEPTED:
        return Throttled(after, error, by_limit=status == HTTPStatus.TOO_MANY_REQUESTS)
    if not HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
        refused = status == HTTPStatus.SERVICE_UNAVAILABLE and after
        return Throttled(after, error) if refused else Unacknowledged(error)
    if after:
        return Throttled(after, error, alone=True)
    if status == HTTPStatus.CONFLICT and code.startswith(TEMPORARY):
        return TemporaryFailure(error)
    return Failure(error)


def classify_read(status: int, headers: Mapping[str, str], error: Error) -> Throttled | Unanswered | Failure:
    """Return what the answer to a request that only reads means, if it is no success."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Throttled(retry_after_of(headers), error, by_limit=True)
    if status == HTTPStatus.FORBIDDEN:
        return Forbidden(error)
    is_client_error = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return Failure(error) if is_client_error and status not in PASSING else Unanswered(": ".join(error))


def json_of(response: Any) -> Any:
    """Return the body of an answer as JSON, None where it is empty; raises ValueError for any other body."""
    try:
        text = response.text()
        return json.loads(text.removeprefix("\ufeff")) if text.strip() else None
    except (UnicodeError, RecursionError, LookupError) as error:
        raise ValueError("the body cannot be read") from error


def object_in(body: Any, name: str) -> dict[str, Any]:
    """Return a member of a body that is an object, an empty one where there is none."""
    found = body.get(name) if isinstance(body, dict) else None
    return found if isinstance(found, dict) else {}


@contextmanager
def send_errors(busy: Collection[str] = ()) -> Iterator[None]:
    """Turn what the SDK raises for a request that acts into Throttled or Failure."""
    try:
        yield
    except NoTokenError as error:
        raise Throttled(None, Error("NotSent", one_line(error))) from error
    except AzCLIError as error:  # of the CLI's own policies, such as that of --acquire-policy-token
        raise OutcomeUnknown(Error("NotSent", one_line(error)), "Nothing was sent.") from error
    except HttpResponseError as error:
        raise _refused(error, busy) from error
    except AzureError as error:
        if is_not_sent(error):
            raise Throttled(None, Error("NotSent", one_line(error))) from error
        raise Unacknowledged(Error("ConnectionLost", f"{UNKNOWN}: {one_line(error)}")) from error


@contextmanager
def poll_errors() -> Iterator[None]:
    """Turn what the SDK raises for a request that only reads into Throttled, Unanswered or Failure."""
    try:
        yield
    except NoTokenError as error:
        raise Unanswered(one_line(error)) from error
    except HttpResponseError as error:
        headers = error.response.headers if error.response else {}
        raise classify_read(error.status_code or 0, headers, error_of(error)) from error
    except AzureError as error:
        raise Unanswered(one_line(error)) from error
    except ValueError as error:  # a body that is no JSON
        raise Unanswered(f"The answer cannot be read: {one_line(error)}") from error


def _refused(error: HttpResponseError, busy: Collection[str]) -> Throttled | Failure:
    status = error.status_code or 0
    if status < HTTPStatus.BAD_REQUEST:  # it was answered, and the answer cannot be read
        return Unacknowledged(Error("AnswerUnreadable", f"{UNKNOWN}: {one_line(error)}"))
    headers = error.response.headers if error.response else {}
    if error.response and not _is_json(error.response):  # the answer of a proxy or gateway
        return Unacknowledged(error_of(error))
    return classify(status, headers, error_of(error), busy=busy)


def _is_json(response: Any) -> bool:
    try:
        json_of(response)
    except ValueError:
        return False
    return True


def retry_after_of(headers: Mapping[str, str]) -> float | None:
    """Read the seconds that the service asks to wait, as the SDK reads them; None where there are none to read."""
    try:
        if milliseconds := headers.get("retry-after-ms"):
            seconds = float(milliseconds) / 1000
        else:
            seconds = RetryPolicy().parse_retry_after(headers["Retry-After"])
    except (KeyError, ValueError, TypeError, OverflowError):
        return None
    return min(seconds, LONGEST_WAIT) if seconds and math.isfinite(seconds) and seconds > 0 else None


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
    return min((float(count) for count in counts if count.isdecimal()), default=math.inf)
