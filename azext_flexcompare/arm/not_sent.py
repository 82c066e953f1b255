"""Errors of a connection that prove that a request was not sent."""

from __future__ import annotations

from collections.abc import Iterator
from ssl import SSLCertVerificationError

from requests.exceptions import InvalidURL, MissingSchema
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProxyError

# What a connection raises before a byte of the request is written. Any other error may come after that: one of TLS, and
# a timeout while the body of an answer is read, of which requests makes the same ConnectionError as of no connection.
BEFORE_SENDING = (
    ConnectTimeoutError,
    InvalidURL,
    MissingSchema,
    NewConnectionError,
    ProxyError,
    SSLCertVerificationError,
)


def is_not_sent(error: BaseException) -> bool:
    """Check whether an error of the SDK was raised before its request was sent."""
    return any(isinstance(one, BEFORE_SENDING) for one in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and those that it was made of, which the SDK, requests and urllib3 keep in different places."""
    pending, seen = [error], set[int]()
    while pending:
        one = pending.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        kept = (one.__cause__, getattr(one, "inner_exception", None), getattr(one, "reason", None), *one.args)
        pending += [cause for cause in kept if isinstance(cause, BaseException)]
