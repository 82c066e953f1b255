"""Polls of instances themselves: one read each, or one after another until a condition is met."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, NamedTuple

from azure.cli.core.azclierror import AzureResponseError
from azure.core.exceptions import HttpResponseError

from azext_flexcompare.arm.calls import send_request
from azext_flexcompare.arm.clients import Azure, checked_body
from azext_flexcompare.arm.machines import machine_of
from azext_flexcompare.arm.rate_limits import limits, rate_limit_key
from azext_flexcompare.arm.responses import poll_errors, remaining
from azext_flexcompare.instances import GONE, REPLACED, Instance, is_replaced
from azext_flexcompare.scheduler.observer import Observer
from azext_flexcompare.scheduler.outcome import Error, Outcome
from azext_flexcompare.scheduler.poller import Acceptance, Poll, Unanswered
from azext_flexcompare.scheduler.scheduler import send_and_poll
from azext_flexcompare.scheduler.service import Service

INSTANCE_NOT_FOUND = Error("ResourceNotFound", "The instance no longer exists.")
VIEW: dict[str, Any] = {"expand": "instanceView"}
Condition = Callable[[Instance | None], tuple[bool, Any]]


def poll_instances(
    azure: Azure,
    instances: Sequence[Instance],
    condition: Condition,
    *,
    timeout: int,
    observer: Observer[Instance],
    interval: float | None = None,
) -> list[Outcome[Instance]]:
    """Read each instance until it meets the condition, or `timeout` seconds have passed; send nothing that acts.

    The condition takes an instance, None where it no longer exists, and returns whether it is met and the result of the
    outcome; it may raise Failure. `interval` are the seconds between polls; without it the interval grows.
    """
    watch = partial(_Watch, azure, condition, interval)
    return send_and_poll(
        instances, watch, limits(timeout, sends=None), observer, service=Service[Instance](rate_limit_key)
    )


class Reading(NamedTuple):
    """An instance as it was read, None where it no longer exists, and the requests that the service still takes."""

    instance: Instance | None
    remaining: float | None = None
    absence: str = GONE  # why there is no instance, where there is none


def read_instance(azure: Azure, instance: Instance) -> Reading:
    """Read an instance with its instance view; another machine under its name is not it.

    Raises Throttled or Unanswered where the request may be repeated, Failure where the instance may not be read.
    """
    place, client = (instance.resource_group, instance.name), azure.compute(instance.subscription)
    with poll_errors():
        try:
            answer = send_request(azure, instance, "virtual_machines.get", VIEW, place=place)
        except HttpResponseError as error:
            if error.status_code != HTTPStatus.NOT_FOUND:
                raise
            return Reading(None, remaining(error.response.headers) if error.response else None)
        found = machine_of(client, checked_body(answer) or {})
        try:
            if is_replaced(instance.vm_id, found.vm_id):
                return Reading(None, remaining(answer.headers), REPLACED)
            return Reading(found.instance(instance.scale_set), remaining(answer.headers))
        except (AzureResponseError, ValueError) as error:  # a body of another shape
            raise Unanswered(f"The instance cannot be read: {error}") from error


@dataclass(eq=False)
class _Watch:
    """The poller of one instance."""

    azure: Azure
    condition: Condition
    interval: float | None
    instance: Instance

    @property
    def acceptance(self) -> Acceptance:
        """Return an acceptance without a request, so that the instance is polled."""
        return Acceptance(Poll(done=False, retry_after=self.interval))

    def poll(self) -> Poll:
        """Read the instance once."""
        reading = read_instance(self.azure, self.instance)
        try:
            passes, result = self.condition(reading.instance)
        except AzureResponseError as error:  # what the condition reads is of another shape
            raise Unanswered(f"The instance cannot be read: {error}") from error
        return Poll(passes, self.interval, reading.remaining, result=result)
