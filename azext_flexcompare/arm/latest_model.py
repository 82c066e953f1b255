"""Which instances are on the latest model of their scale set, which only the scale set's view of each shows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from azure.cli.core.azclierror import AzureResponseError

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.locks import scale_set_view
from azext_flexcompare.arm.rate_limits import READS, limits, rate_limit_key
from azext_flexcompare.instances import Instance, ResourceId
from azext_flexcompare.scheduler.observer import Observer
from azext_flexcompare.scheduler.outcome import Outcome, Status
from azext_flexcompare.scheduler.scheduler import send_and_poll
from azext_flexcompare.scheduler.service import Service

TIMEOUT = 300  # seconds for each instance, throttling included
NOT_FOUND_CODES = ("ResourceNotFound", "NotFound")


def outdated_instances(azure: Azure, instances: Sequence[Instance]) -> list[Instance]:
    """Return the instances that are not on the latest model; an instance that is gone by now is none of them.

    Raises AzureResponseError where the view of an instance cannot be read.
    """
    outcomes = _views(azure, instances)
    for outcome in outcomes:
        if outcome.status != Status.SUCCEEDED and not (outcome.error and outcome.error.code in NOT_FOUND_CODES):
            why = f"{outcome.error.code}: {outcome.error.message}" if outcome.error else outcome.status
            raise AzureResponseError(
                f"Whether {outcome.target.name} is on the latest model could not be read: {why}",
                recommendation="Omit --outdated, or ask for the right to read the instances of the scale set.",
            )
    return [one.target for one in outcomes if one.result is not None and one.result.latest_model_applied is False]


def latest_models(azure: Azure, instances: Sequence[Instance]) -> dict[ResourceId, bool | None]:
    """Return whether each instance is on the latest model, by its id; None where that cannot be read."""
    return {one.target.id: one.result and one.result.latest_model_applied for one in _views(azure, instances)}


def _views(azure: Azure, instances: Sequence[Instance]) -> list[Outcome[Instance]]:
    return send_and_poll(
        instances,
        partial(scale_set_view, azure),
        limits(TIMEOUT, sends=READS),
        Observer(),
        service=Service[Instance](rate_limit_key),
    )
