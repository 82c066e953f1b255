"""How is an operation sent to one instance through the SDK, and how is its end seen?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from azure.core.exceptions import AzureError, DecodeError, HttpResponseError, ServiceResponseError
from azure.core.polling.base_polling import BadResponse, BadStatus
from azure.mgmt.core.polling.arm_polling import ARMPolling

from azext_flexcompare.failure import Error, body_error, error_of, one_line
from azext_flexcompare.fanout import Failure, Flight, Throttled, Unanswered
from azext_flexcompare.selection import Instance
from azext_flexcompare.table import Operation

# The SDK would repeat a POST that was answered by 500 or 503, of which nobody knows whether it was accepted, and would
# sleep in the thread; the engine repeats what may be repeated. Seconds.
ONCE = {"retry_total": 0, "connection_timeout": 30, "read_timeout": 120}
TOO_MANY, SERVER_ERROR = 429, 500


class SteppedPolling(ARMPolling):
    """The SDK's own watching of a long-running operation, one request at a time instead of a thread that sleeps."""

    def __init__(self) -> None:
        super().__init__(timeout=0, **ONCE)  # zero: whoever steps it decides how long to wait

    def run(self) -> None:
        """Leave the SDK's poller nothing to do: the engine steps this instead."""

    @property
    def url(self) -> str | None:
        """Give the operation's own URL, if there is something left to watch."""
        return None if self.finished() else self._operation.get_polling_url()

    def wait(self) -> float | None:
        """Read Retry-After, in seconds, from the latest answer."""
        return self._extract_delay() or None

    def look(self) -> bool:
        """Ask the service once; see Flight."""
        try:
            self.update_status()
        except BadStatus:
            raise self._refused() from None
        except (BadResponse, DecodeError, ServiceResponseError) as error:
            raise Unanswered from error
        except AzureError as error:
            raise Unanswered from error
        if self.status().lower() in ("failed", "canceled"):
            raise Failure(self._error())
        return bool(self.finished())

    def _refused(self) -> Exception:
        response = self._pipeline_response.http_response
        if response.status_code == TOO_MANY:
            return Throttled(self.wait())
        if response.status_code >= SERVER_ERROR:
            return Unanswered()
        return Failure(error_of(HttpResponseError(response=response)))

    def _error(self) -> Error:
        said = body_error(self._pipeline_response.http_response.json())
        return said or Error(self.status(), "The operation ended so, and the service gave no reason.")


class Ended:
    """An operation that ended with its acceptance."""

    @property
    def url(self) -> None:
        """Have nothing to look at."""

    def look(self) -> bool:
        """Say that it has ended."""
        return True

    def wait(self) -> None:
        """Ask for no wait."""


def sender(
    operation: Operation, options: dict[str, Any], client_of: Callable[[str], Any]
) -> Callable[[Instance], Flight]:
    """Make the function that sends the operation to an instance and returns it in flight.

    `client_of` gives the compute client of a subscription.
    """
    arguments = arguments_of(operation, options)

    def send(instance: Instance) -> Flight:
        method = getattr(client_of(instance.scale_set.subscription).virtual_machines, operation.call)
        polling = SteppedPolling()
        watched = {"polling": polling} if operation.call.startswith("begin_") else {}
        try:
            method(instance.scale_set.resource_group, instance.name, **watched, **arguments, **ONCE)
        except AzureError as error:
            raise _not_sent(error) from error
        return polling if watched else Ended()  # the SDK has set the polling up on the answer

    return send


def arguments_of(operation: Operation, options: dict[str, Any]) -> dict[str, Any]:
    """Arrange the options that were given as the arguments of the SDK's method, those of the body nested."""
    arguments: dict[str, Any] = {}
    for option in operation.options:
        value = options.get(option.dest)
        if value is not None and value is not False:
            *path, last = option.argument.split(".")
            place = arguments
            for step in path:
                place = place.setdefault(step, {})
            place[last] = value
    return arguments


def _not_sent(error: AzureError) -> Exception:
    if isinstance(error, HttpResponseError):
        if error.status_code == TOO_MANY:
            return Throttled(_retry_after(error))
        return Failure(error_of(error))
    if isinstance(error, ServiceResponseError):
        return Failure(Error("ConnectionLost", f"Whether it was accepted is not known: {one_line(error)}"))
    return Failure(Error("NotSent", one_line(error)))


def _retry_after(error: HttpResponseError) -> float | None:
    from azure.core.pipeline.policies import RetryPolicy

    after = error.response.headers.get("Retry-After") if error.response is not None else None
    return RetryPolicy().parse_retry_after(after) if after else None
