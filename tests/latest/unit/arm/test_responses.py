"""The meaning of an answer's status and headers."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ServiceRequestError, ServiceResponseError

from azext_flexcompare.arm.responses import (
    Unacknowledged,
    classify,
    poll_errors,
    remaining,
    retry_after_of,
    send_errors,
)
from azext_flexcompare.scheduler.outcome import Error
from azext_flexcompare.scheduler.poller import Failure, Throttled, Unanswered

ERROR = Error("Why", "Because.")


class Answer:
    """What the SDK makes an HttpResponseError of."""

    reason = "a reason"

    def __init__(self, status: int, **headers: str) -> None:
        self.status_code, self.headers = status, headers

    def json(self) -> Any:
        return {"error": ERROR._asdict()}

    def text(self) -> str:
        return str(self.json())

    body = text


def error_of_status(status: int) -> HttpResponseError:
    return HttpResponseError(response=Answer(status))


@pytest.mark.parametrize("status", [400, 403, 404, 409, 410, 412, 418])
def test_a_client_error_is_a_failure(status: int) -> None:
    found = classify(status, {}, ERROR)
    assert isinstance(found, Failure)
    assert found.error == ERROR


@pytest.mark.parametrize("status", [0, 200, 302, 401, 408, 500, 502, 503, 504, 599])
def test_what_passes_by_itself_is_unanswered_and_names_the_error(status: int) -> None:
    found = classify(status, {}, ERROR)
    assert isinstance(found, Unanswered)
    assert found.why == "Why: Because."


@pytest.mark.parametrize(("headers", "seconds"), [({"Retry-After": "7"}, 7), ({}, None)])
def test_too_many_requests_are_throttled_for_as_long_as_the_service_asks(
    headers: dict[str, str], seconds: float | None
) -> None:
    found = classify(429, headers, ERROR)
    assert isinstance(found, Throttled)
    assert found.after == seconds


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [(409, "WhyNot", Throttled), (409, "Else", Failure), (400, "WhyNot", Failure)],
)
def test_a_conflict_with_another_operation_is_throttled(status: int, code: str, kind: type[Exception]) -> None:
    assert isinstance(classify(status, {}, Error(code, ""), busy=("why",)), kind)


Errors = Callable[[], AbstractContextManager[None]]


@pytest.mark.parametrize(
    ("errors", "raised", "expected"),
    [
        (send_errors, error_of_status(429), Throttled),
        (send_errors, error_of_status(403), Failure),
        (send_errors, error_of_status(500), Failure),
        (send_errors, error_of_status(202), Unacknowledged),
        (send_errors, ServiceResponseError("lost"), Unacknowledged),
        (send_errors, ServiceRequestError("no route"), Failure),
        (poll_errors, error_of_status(429), Throttled),
        (poll_errors, error_of_status(403), Failure),
        (poll_errors, error_of_status(500), Unanswered),
        (poll_errors, error_of_status(200), Unanswered),
        (poll_errors, ServiceResponseError("lost"), Unanswered),
        (poll_errors, ServiceRequestError("no route"), Unanswered),
    ],
)
def test_an_exception_of_the_sdk_becomes_one_of_the_scheduler(
    errors: Errors, raised: Exception, expected: type[Exception]
) -> None:
    with pytest.raises(Exception) as caught, errors():  # noqa: PT011  (the type is compared below)
        raise raised
    assert caught.type is expected
    assert caught.value.__cause__ is raised


def test_other_exceptions_pass() -> None:
    with pytest.raises(KeyError), send_errors(), poll_errors():
        raise KeyError


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "5"}, 5),
        ({"Retry-After": "0"}, None),
        ({"Retry-After": "soon"}, None),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "250", "Retry-After": "5"}, 0.25),
    ],
)
def test_retry_after_is_read_in_seconds(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_of(headers) == seconds


@pytest.mark.parametrize(
    ("headers", "count"),
    [
        ({}, math.inf),
        ({"x-ms-ratelimit-remaining-subscription-reads": "12"}, 12),
        ({"x-ms-ratelimit-remaining-subscription-reads": "many"}, math.inf),
        (
            {
                "x-ms-ratelimit-remaining-subscription-writes": "12",
                "x-ms-ratelimit-remaining-resource": "Microsoft.Compute/UpdateVMSubscriptionMaximum;7",
            },
            7,
        ),
        ({"x-ms-ratelimit-remaining-resource": "Microsoft.Compute/UpdateVMResource;3"}, math.inf),
    ],
)
def test_the_smallest_count_of_the_subscription_remains(headers: dict[str, str], count: float) -> None:
    assert remaining(headers) == count
