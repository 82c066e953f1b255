"""The meaning of an answer's status and headers."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from azure.cli.core.azclierror import AzCLIError
from azure.core.exceptions import AzureError, HttpResponseError, ServiceRequestError, ServiceResponseError
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import NewConnectionError

from azext_flexcompare.arm.login import NoTokenError
from azext_flexcompare.arm.responses import (
    LONGEST_WAIT,
    Forbidden,
    Unacknowledged,
    classify,
    classify_read,
    poll_errors,
    remaining,
    retry_after_of,
    send_errors,
)
from azext_flexcompare.scheduler.outcome import Error
from azext_flexcompare.scheduler.poller import Failure, OutcomeUnknown, TemporaryFailure, Throttled, Unanswered

ERROR = Error("Why", "Because.")
REFUSED = NewConnectionError(HTTPSConnection("localhost"), "refused")


class Answer:
    """What the SDK makes an HttpResponseError of."""

    reason = "a reason"

    def __init__(self, status: int, **headers: str) -> None:
        self.status_code, self.headers = status, headers

    def json(self) -> Any:
        return {"error": ERROR._asdict()}

    def text(self) -> str:
        return json.dumps(self.json())

    body = text


def error_of_status(status: int) -> HttpResponseError:
    return HttpResponseError(response=Answer(status))


@pytest.mark.parametrize("status", [400, 403, 404, 409, 410, 412, 418])
def test_a_client_error_is_a_failure(status: int) -> None:
    found = classify(status, {}, ERROR)
    assert isinstance(found, Failure)
    assert found.error == ERROR


@pytest.mark.parametrize("status", [0, 200, 302, 304, 408, 500, 502, 503, 504, 599])
def test_an_answer_that_is_neither_acceptance_nor_refusal_leaves_the_request_open(status: int) -> None:
    found = classify(status, {}, ERROR)
    assert isinstance(found, Unacknowledged)
    assert found.error == ERROR


@pytest.mark.parametrize("status", [0, 200, 302, 401, 408, 500, 502, 503, 504, 599])
def test_an_odd_answer_to_a_read_is_unanswered_and_names_the_error(status: int) -> None:
    found = classify_read(status, {}, ERROR)
    assert isinstance(found, Unanswered)
    assert found.why == "Why: Because."


@pytest.mark.parametrize(
    ("status", "alone"), [(401, False), (429, False), (503, False), (400, True), (403, True), (409, True), (412, True)]
)
def test_a_refusal_with_retry_after_is_sent_again_after_it_and_keeps_its_error(status: int, alone: bool) -> None:
    found = classify(status, {"Retry-After": "7"}, ERROR)
    assert isinstance(found, Throttled)
    assert (found.after, found.error, found.alone) == (7, ERROR, alone)


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_gateway_error_with_retry_after_is_no_refusal(status: int) -> None:
    assert isinstance(classify(status, {"Retry-After": "7"}, ERROR), Unacknowledged)


@pytest.mark.parametrize(
    ("code", "temporary"),
    [("Conflict", True), ("AnotherOperationInProgress", True), ("RetryableError", True), ("ScopeLocked", False)],
)
def test_a_conflict_is_temporary_by_its_code(code: str, temporary: bool) -> None:
    assert isinstance(classify(409, {}, Error(code, "")), TemporaryFailure) is temporary


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
        (send_errors, error_of_status(500), Unacknowledged),
        (send_errors, error_of_status(202), Unacknowledged),
        (send_errors, ServiceResponseError("lost"), Unacknowledged),
        (send_errors, error_of_status(401), Throttled),
        (send_errors, error_of_status(302), Unacknowledged),
        (send_errors, ServiceRequestError("no route", error=REFUSED), Throttled),
        (send_errors, ServiceRequestError("stalled"), Unacknowledged),
        (send_errors, AzCLIError("no policy token"), OutcomeUnknown),
        (send_errors, AzureError("not ours"), Unacknowledged),
        (poll_errors, error_of_status(429), Throttled),
        (poll_errors, error_of_status(403), Forbidden),
        (poll_errors, error_of_status(400), Failure),
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


def test_a_refusal_in_html_is_no_answer_of_the_service() -> None:
    class Page(Answer):
        def text(self) -> str:
            return "<html>Forbidden</html>"

    with pytest.raises(Unacknowledged), send_errors():
        raise HttpResponseError(response=Page(403))


def test_a_request_without_a_token_was_not_sent_and_is_sent_later() -> None:
    with pytest.raises(Throttled) as sent, send_errors():
        raise NoTokenError("No token")
    assert sent.value.error == ("NotSent", "No token")
    with pytest.raises(Unanswered), poll_errors():
        raise NoTokenError("No token")


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
        ({"retry-after-ms": "nan"}, None),
        ({"retry-after-ms": "inf"}, None),
        ({"retry-after-ms": "-5"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "1e300"}, LONGEST_WAIT),
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
