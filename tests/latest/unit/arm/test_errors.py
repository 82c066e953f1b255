"""Errors of the SDK as code and message, or as an error of the CLI."""

from __future__ import annotations

from typing import Any

import pytest
from azure.cli.core import azclierror
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
    ServiceRequestError,
)

from azext_flexcompare.arm.errors import body_error, cli_errors, error_of, one_line
from azext_flexcompare.arm.login import NoTokenError


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"error": {"code": "A", "message": "two\n lines"}}, ("A", "two lines")),
        ({"error": {}}, ("Unknown", "")),
        ({"error": {"code": None, "message": None}}, ("Unknown", "")),
        ({"error": "text"}, None),
        ({}, None),
        ([], None),
        (None, None),
    ],
)
def test_the_error_of_a_body(body: Any, found: tuple[str, str] | None) -> None:
    assert body_error(body) == found


DETAIL = {"code": "ReferencedResourceNotProvisioned", "message": "lb1 is not in Succeeded state."}
TOLD = "ReferencedResourceNotProvisioned: lb1 is not in Succeeded state."


@pytest.mark.parametrize(
    ("error", "found"),
    [
        (
            {"code": "RetryableError", "message": "A retryable error occurred.", "details": [DETAIL]},
            ("RetryableError", f"A retryable error occurred. {TOLD}"),
        ),
        (
            {"code": "E", "message": "Multiple error occurred: . Please see details.", "details": [DETAIL, DETAIL]},
            ("E", f"Multiple error occurred: . Please see details. {TOLD}"),
        ),
        ({"message": "", "innererror": DETAIL}, ("ReferencedResourceNotProvisioned", TOLD)),
        ({"code": "E", "message": None, "details": [{"details": [DETAIL]}]}, ("E", TOLD)),
        ({"code": "E", "message": "The VM is busy.", "details": [DETAIL]}, ("E", "The VM is busy.")),
        ({"code": 5, "message": ["x"], "details": {"a": 1}, "innererror": "x"}, ("Unknown", "")),
        ({"code": "E", "message": "", "details": [None, 5, {}]}, ("E", "")),
    ],
)
def test_details_are_read_where_the_message_says_nothing(error: dict[str, Any], found: tuple[str, str]) -> None:
    assert body_error({"error": error}) == found


def test_an_exception_without_an_answer_is_named_by_its_class() -> None:
    assert error_of(ValueError("two\nlines")) == ("ValueError", "two lines")
    assert error_of(HttpResponseError("no answer")) == ("HttpResponseError", "no answer")


def test_the_text_of_an_exception_fits_one_line() -> None:
    assert one_line(AzureError("a\n\n b")) == "a b"


@pytest.mark.parametrize(
    ("raised", "expected", "text"),
    [
        (ClientAuthenticationError("No."), azclierror.AuthenticationError, "did not accept the login while testing"),
        (ResourceNotFoundError("No."), azclierror.ResourceNotFoundError, "Not found while testing: No."),
        (
            HttpResponseError("No."),
            azclierror.AzureResponseError,
            "Azure refused the request while testing: HttpResponseError: No.",
        ),
        (KeyError("id"), azclierror.AzureResponseError, "answer while testing cannot be read: 'id'"),
        (
            ServiceRequestError("HTTPSConnection(): [Errno 111] Connection refused')"),
            azclierror.AzureConnectionError,
            "could not be reached while testing: Connection refused.",
        ),
        (
            ServiceRequestError("ProxyError('Unable to connect to proxy', Error('[Errno 111] Connection refused'))"),
            azclierror.AzureConnectionError,
            "while testing: the proxy did not answer: Connection refused.",
        ),
        (
            NoTokenError("SSLError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: own (_ssl)')"),
            azclierror.AzureConnectionError,
            "while testing: certificate verify failed: own.",
        ),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, Exception) else "",
)
def test_what_is_raised_while_reading_is_an_error_of_the_cli(
    raised: Exception, expected: type[Exception], text: str
) -> None:
    with pytest.raises(expected) as found, cli_errors("testing"):
        raise raised
    assert text in str(found.value)
