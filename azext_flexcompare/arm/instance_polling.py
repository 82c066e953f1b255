"""How are instances read again, once or until they are as somebody wants them?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError

from azext_flexcompare.arm.clients import WORKERS, Azure
from azext_flexcompare.arm.errors import error_of, one_line
from azext_flexcompare.arm.rate_limits import DEFAULT_RATES, rate_limit_key
from azext_flexcompare.arm.responses import CLIENT_ERROR, NO_RETRY, PASSING, SERVER_ERROR, TOO_MANY, retry_after_of
from azext_flexcompare.arm.scale_sets import instance_of
from azext_flexcompare.instances import Instance
from azext_flexcompare.scheduler.limits import Limits
from azext_flexcompare.scheduler.observer import Observer
from azext_flexcompare.scheduler.outcome import Error, Outcome
from azext_flexcompare.scheduler.poller import Acceptance, Failure, Poll, Throttled, Unanswered
from azext_flexcompare.scheduler.scheduler import send_and_poll
from azext_flexcompare.scheduler.service import Service

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
    """Read each instance until it passes, or its time in seconds is up; nothing is sent that acts.

    `judge` is given an instance as it is, None where it is gone, and says whether it passes and what is found of it,
    which is the outcome's result; it may raise Failure. `interval` are the seconds between two looks, if not ever more.
    """
    limits = Limits(WORKERS, timeout=timeout, polls=DEFAULT_RATES[1])  # nothing is sent before the polls
    watch = partial(_Watch, azure, condition, interval)
    return send_and_poll(instances, watch, limits, observer, service=Service[Instance](rate_limit_key))


def read_instance(azure: Azure, instance: Instance) -> Instance | None:
    """Read an instance with its instance view; None where it is no longer there.

    Raises Throttled or Unanswered where it may be asked again, Failure where it may not be read.
    """
    machines = azure.compute(instance.subscription).virtual_machines
    try:
        found = machines.get(instance.resource_group, instance.name, expand="instanceView", **NO_RETRY)
        return instance_of(found, instance.scale_set)
    except ResourceNotFoundError:
        return None
    except HttpResponseError as error:
        if error.status_code == TOO_MANY:
            raise Throttled(retry_after_of(error.response.headers if error.response else {})) from error
        status = error.status_code or 0
        if status in PASSING or not CLIENT_ERROR <= status < SERVER_ERROR:
            raise Unanswered(": ".join(error_of(error))) from error
        raise Failure(error_of(error)) from error
    except AzureError as error:
        raise Unanswered(one_line(error)) from error


@dataclass(eq=False)
class _Watch:
    """The looks at one instance."""

    azure: Azure
    condition: Condition
    interval: float | None
    instance: Instance

    @property
    def acceptance(self) -> Acceptance:
        """Return that the instance can be polled; no request was sent."""
        return Acceptance(Poll(done=False, retry_after=self.interval))

    def poll(self) -> Poll:
        """Read the instance once."""
        passes, result = self.condition(read_instance(self.azure, self.instance))
        return Poll(passes, retry_after=self.interval, result=result)


INSTANCE_NOT_FOUND = Error("ResourceNotFound", "The instance no longer exists.")
