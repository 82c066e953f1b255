"""What the status and the headers of an answer mean: throttled, unknown, failed, how long to wait."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from azure.core.exceptions import AzureError, HttpResponseError, ServiceResponseError
from azure.core.pipeline.policies import RetryPolicy

from azext_flexcompare.arm.errors import error_of, one_line
from azext_flexcompare.scheduler.outcome import Error
from azext_flexcompare.scheduler.poller import Failure, Throttled

# The SDK would repeat a POST that was answered by 500 or 503, of which nobody knows whether it was accepted, and would
# sleep in the thread; the engine repeats what may be repeated. Seconds.
NO_RETRY = {"retry_total": 0, "connection_timeout": 30, "read_timeout": 120}


CLIENT_ERROR, TOO_MANY, SERVER_ERROR = 400, 429, 500


LEFT = tuple(f"x-ms-ratelimit-remaining-subscription-{kind}" for kind in ("reads", "writes", "deletes"))


GONE = (404, 410)


DOUBT = "Whether it was accepted is not known"


PASSING = (401, 408)  # a token that has just expired, a slow network: the operation goes on


class Unacknowledged(Failure):
    """A request was sent, and no answer came that says whether it was accepted."""


class OperationNotFound(Failure):
    """An operation was accepted, and the service no longer knows of it."""


@contextmanager
def sdk_errors() -> Iterator[None]:
    """Turn what the SDK raises while sending into Throttled or Failure."""
    try:
        yield
    except HttpResponseError as error:
        if error.status_code == TOO_MANY:
            raise Throttled(retry_after_of(error.response.headers if error.response else {})) from error
        if (error.status_code or 0) < CLIENT_ERROR:  # it was answered, and the answer cannot be read
            raise Unacknowledged(Error("AnswerUnreadable", f"{DOUBT}: {one_line(error)}")) from error
        raise Failure(error_of(error)) from error
    except ServiceResponseError as error:
        raise Unacknowledged(Error("ConnectionLost", f"{DOUBT}: {one_line(error)}")) from error
    except AzureError as error:
        raise Failure(Error("NotSent", one_line(error))) from error


def retry_after_of(headers: Mapping[str, str]) -> float | None:
    """Read how long the service asks to wait, as the SDK reads it; what cannot be read asks for nothing."""
    try:
        if headers.get("retry-after-ms"):
            return float(headers["retry-after-ms"]) / 1000
        return RetryPolicy().parse_retry_after(headers["Retry-After"]) or None
    except (KeyError, ValueError):
        return None


def remaining(headers: Mapping[str, str]) -> float:
    """Find the smallest count of what Azure Resource Manager and the provider say is left for the subscription.

    Source: Microsoft, Azure Resource Manager throttling, and Compute throttling limits, 2024-05-27.
    """
    counts = [headers[name] for name in LEFT if name in headers]
    policies = [entry.partition(";") for entry in headers.get("x-ms-ratelimit-remaining-resource", "").split(",")]
    counts += [count for policy, _, count in policies if policy.endswith("SubscriptionMaximum")]
    return min((float(count) for count in counts if count.isdigit()), default=math.inf)
