"""Exceptions of the SDK as a code and a message, or as errors of the CLI."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from azext_flexcompare.scheduler.outcome import Error

MANY_DETAILS = 3  # of an error; more of them repeat each other
PROXY, CERTIFICATE = "Unable to connect to proxy", "CERTIFICATE_VERIFY_FAILED"  # in errors of requests and ssl
# Messages that only lead on, as recorded: "A retryable error occurred.", "Multiple error occurred: . Please see
# details.", "Please provide below info when asking for support".
SAYS_NOTHING = re.compile(r"^$|errors? occurred|error has occurred|see details|below info", re.IGNORECASE)


def error_of(exception: BaseException) -> Error:
    """Return code and message of an exception, those of the service where it answered."""
    from azure.core.exceptions import HttpResponseError

    if isinstance(exception, HttpResponseError) and exception.response is not None:
        return _service_error(exception)
    return Error(type(exception).__name__, one_line(exception))


def body_error(body: Any) -> Error | None:
    """Read the error in an answer's body, `{"error": {"code", "message"}}`, if it has one.

    Where its message says nothing, the messages of `details` and `innererror` follow it.
    """
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return None
    inner = [one for one in _inner(error) if one[0] or one[1]]
    message = _text(error.get("message"))
    code = _text(error.get("code")) or next((one for one, _ in inner if one), "Unknown")
    if SAYS_NOTHING.search(message):
        found = [": ".join(part for part in one if part) for one in inner]
        message = " ".join(dict.fromkeys(part for part in (message, *found[:MANY_DETAILS]) if part))
    return Error(code, message)


def _inner(error: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """List code and message of what is inside of an error, its own details first."""
    details = error.get("details")
    inside = [*(details if isinstance(details, list) else ()), error.get("innererror") or error.get("innerError")]
    for one in inside:
        if isinstance(one, dict):
            yield _text(one.get("code")), _text(one.get("message"))
            yield from _inner(one)


def _text(value: Any) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def one_line(exception: BaseException) -> str:
    """Return the text of an exception as one line."""
    return " ".join(str(getattr(exception, "message", None) or exception).split())


@contextmanager
def cli_errors(doing: str) -> Iterator[None]:
    """Turn what the SDK raises into an error of the CLI; not found keeps exit status 3."""
    from azure.cli.core import azclierror
    from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError, ResourceNotFoundError

    from azext_flexcompare.arm.login import NoTokenError

    try:
        yield
    except NoTokenError as error:
        raise _not_reached(doing, error) from error
    except ClientAuthenticationError as error:
        raise azclierror.AuthenticationError(
            f"Azure did not accept the login while {doing}: {error_of(error).message}",
            recommendation="Run `az login` again.",
        ) from error
    except ResourceNotFoundError as error:
        raise azclierror.ResourceNotFoundError(f"Not found while {doing}: {error_of(error).message}") from error
    except HttpResponseError as error:
        code, message = error_of(error)
        raise azclierror.AzureResponseError(f"Azure refused the request while {doing}: {code}: {message}") from error
    except (ValueError, KeyError, AttributeError, TypeError) as error:  # no JSON, or a body of another shape
        message = f"Azure's answer while {doing} cannot be read: {one_line(error)}"
        raise azclierror.AzureResponseError(message) from error
    except AzureError as error:
        raise _not_reached(doing, error) from error


def _not_reached(doing: str, error: BaseException) -> Any:
    from azure.cli.core import azclierror

    message = f"Azure could not be reached{_endpoint(error)} while {doing}: {_cause(error)}."
    return azclierror.AzureConnectionError(message, recommendation=_remedy(error))


def _endpoint(error: Any) -> str:
    request = getattr(getattr(error, "inner_exception", None), "request", None)
    return f" at {urlsplit(request.url).netloc}" if request is not None else ""


def _cause(error: BaseException) -> str:
    # The message of the system, such as `Connection refused`, is wrapped in the messages of four libraries.
    text = one_line(error)
    found = re.search(r"\[Errno -?\d+\] ([^'\")]+)", text) or re.search(r"certificate verify failed[^'\"(]*", text)
    cause = (found[found.lastindex or 0] if found else text).strip().rstrip(".")
    return f"the proxy did not answer: {cause}" if PROXY in text else cause


def _remedy(error: BaseException) -> str:
    text = one_line(error)
    if PROXY in text:
        return "Check the proxy that the environment variable HTTPS_PROXY names, or add the host to NO_PROXY."
    if CERTIFICATE in text:
        return "Name a file with the certificate of the authority, or of the proxy, in REQUESTS_CA_BUNDLE."
    return "Check the network, and the endpoint that `az cloud show` names."


def _service_error(exception: Any) -> Error:
    try:
        body = exception.response.json()
    except (ValueError, TypeError, AttributeError, RecursionError):
        body = None
    status = f"HTTP{exception.status_code}"
    reason = exception.reason or one_line(exception)
    return body_error(body) or Error(status, reason)
