"""Errors of a connection, and whether they prove that a request was not sent."""

from __future__ import annotations

from ssl import SSLCertVerificationError, SSLError
from typing import Any

import pytest
import requests
from azure.core.exceptions import AzureError, ServiceRequestError
from urllib3 import HTTPSConnectionPool
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
)
from urllib3.exceptions import SSLError as TlsError

from azext_flexcompare.arm.not_sent import is_not_sent

POOL, PLACE = HTTPSConnectionPool("localhost"), "https://localhost"
REFUSED = NewConnectionError(HTTPSConnection("localhost"), "refused")


def by_requests(kind: type[Exception], reason: Exception) -> ServiceRequestError:
    """What the SDK makes of an error of requests."""
    raised = kind(MaxRetryError(POOL, PLACE, reason))
    return ServiceRequestError(raised, error=raised)


@pytest.mark.parametrize(
    "error",
    [
        ServiceRequestError("no connection", error=REFUSED),
        by_requests(requests.ConnectionError, REFUSED),
        by_requests(requests.ConnectTimeout, ConnectTimeoutError()),
        by_requests(requests.exceptions.ProxyError, ProxyError("no proxy", REFUSED)),
        by_requests(requests.exceptions.SSLError, TlsError(SSLCertVerificationError("unknown authority"))),
    ],
)
def test_a_connection_that_was_never_made_sent_nothing(error: AzureError) -> None:
    assert is_not_sent(error)


@pytest.mark.parametrize(
    "raised",
    [
        requests.ConnectionError(ReadTimeoutError(POOL, PLACE, "the body stalled")),
        requests.ConnectionError(ProtocolError("reset")),
        requests.exceptions.SSLError(TlsError(SSLError("bad record"))),
    ],
)
def test_an_error_after_the_request_may_have_left_proves_nothing(raised: Any) -> None:
    assert not is_not_sent(ServiceRequestError(raised, error=raised))


def test_an_error_that_was_made_of_itself_ends() -> None:
    error = ServiceRequestError("odd")
    error.inner_exception = error
    assert not is_not_sent(error)
