"""How does a fault look to the client?"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from armsim.arm.errors import ArmError
from armsim.clock import stamp

if TYPE_CHECKING:
    from datetime import datetime

    from armsim.faults.rules import Fault

_DEFAULTS = {
    409: ("Conflict", "The request failed due to conflict with a concurrent request."),
    429: (
        "OperationNotAllowed",
        "The server rejected the request because too many requests have been received for this subscription.",
    ),
    500: ("InternalServerError", "The server encountered an internal error. Please retry the request."),
    503: ("ServiceUnavailable", "The service is temporarily unavailable. Please retry the request."),
}


def error_of(fault: Fault, bucket: str, now: datetime) -> ArmError:
    """Return the refusal of a fault of kind status, with ARM's own words where the rule has none."""
    code, message = _DEFAULTS.get(fault.status, ("Fault", f"A fault rule answers {fault.status}."))
    details = [_throttle_detail(bucket, now)] if fault.status == 429 and fault.code is None else None
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    return ArmError(fault.status, fault.code or code, fault.message or message, details, headers)


def _throttle_detail(bucket: str, now: datetime) -> dict[str, str]:
    measured = {
        "operationGroup": bucket,
        "startTime": stamp(now - timedelta(minutes=1)),
        "endTime": stamp(now),
        "allowedRequestCount": 1500,
        "measuredRequestCount": 1501,
    }
    return {"code": "TooManyRequests", "target": bucket, "message": json.dumps(measured)}
