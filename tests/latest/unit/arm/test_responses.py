"""Answers: refused, throttled or lost, and what they say of waiting and of limits."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
from azure.core.exceptions import HttpResponseError, ServiceRequestError, ServiceResponseError

from azext_flexcompare.arm.responses import OperationNotFound, Unacknowledged, remaining, retry_after_of, sdk_errors
from azext_flexcompare.scheduler.poller import Failure, Throttled


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "0"}, None),
        ({"Retry-After": "soon"}, None),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "x"}, None),
        ({"retry-after-ms": "250", "Retry-After": "9"}, 0.25),
    ],
)
def test_the_seconds_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_of(headers) == seconds


@pytest.mark.parametrize(
    ("headers", "left"),
    [
        ({}, math.inf),
        ({"x-ms-ratelimit-remaining-subscription-writes": "11"}, 11),
        ({"x-ms-ratelimit-remaining-subscription-reads": "x"}, math.inf),
        (
            {
                "x-ms-ratelimit-remaining-subscription-reads": "9",
                "x-ms-ratelimit-remaining-resource": "P/PutSubscriptionMaximum;4,P/PutVM3Min;1",
            },
            4,
        ),
    ],
)
def test_the_smallest_count_of_a_subscription_is_what_remains(headers: dict[str, str], left: float) -> None:
    assert remaining(headers) == left


def answered(status: int) -> HttpResponseError:
    headers = {"Retry-After": "3"}
    response = SimpleNamespace(status_code=status, reason="No", headers=headers, text=lambda: "", json=dict)
    return HttpResponseError("No", response=response)


@pytest.mark.parametrize(
    ("raised", "expected", "code"),
    [
        (answered(409), Failure, "HTTP409"),
        (answered(500), Failure, "HTTP500"),
        (answered(202), Unacknowledged, "AnswerUnreadable"),
        (ServiceResponseError("lost"), Unacknowledged, "ConnectionLost"),
        (ServiceRequestError("down"), Failure, "NotSent"),
    ],
)
def test_what_is_raised_while_sending_is_a_failure(raised: Exception, expected: type[Failure], code: str) -> None:
    with pytest.raises(Failure) as found, sdk_errors():
        raise raised
    assert type(found.value) is expected
    assert found.value.error.code == code


def test_too_many_requests_are_throttled_for_as_long_as_the_service_asks() -> None:
    with pytest.raises(Throttled) as found, sdk_errors():
        raise answered(429)
    assert found.value.after == 3


def test_a_lost_answer_and_a_lost_record_are_failures_apart() -> None:
    assert not issubclass(OperationNotFound, Unacknowledged)
    assert not issubclass(Unacknowledged, OperationNotFound)
