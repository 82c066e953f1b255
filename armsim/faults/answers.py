"""Answers of a fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

from armsim.arm.errors import ArmError
from armsim.arm.rate_limiter import TOO_MANY, throttle_detail
from armsim.arm.tokens import challenge_of

if TYPE_CHECKING:
    from datetime import datetime

    from armsim.faults.rules import Fault

_DEFAULTS = {
    401: ("ExpiredAuthenticationToken", "The access token has expired."),
    403: (
        "AuthorizationFailed",
        "The client does not have authorization to perform this action over the scope, or the scope is invalid.",
    ),
    409: ("Conflict", "The request failed due to conflict with a concurrent request."),
    429: ("OperationNotAllowed", TOO_MANY),
    500: ("InternalServerError", "The server encountered an internal error. Please retry the request."),
    503: ("ServiceUnavailable", "The service is temporarily unavailable. Please retry the request."),
}


def error_of(fault: Fault, bucket: str, now: datetime) -> ArmError:
    """Return the refusal of a fault of kind status, with ARM's own words where the rule has none."""
    code, message = _DEFAULTS.get(fault.status, ("Fault", f"A fault rule answers {fault.status}."))
    details = [throttle_detail(bucket, now, 1500)] if fault.status == 429 and fault.code is None else None
    headers = challenge_of(fault.message or message) if fault.status == 401 else {}
    headers |= {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    error = ArmError(fault.status, fault.code or code, fault.message or message, details, headers=headers)
    error.extra = dict(fault.extra)
    error.layer = "fault"
    return error
