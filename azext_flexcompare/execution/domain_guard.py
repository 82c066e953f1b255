"""Which instances are still in operation, so that another zone or fault domain may not begin?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.instance_polling import watch_each
from azext_flexcompare.instances import Instance, is_under_way
from azext_flexcompare.scheduler.observer import Overseer
from azext_flexcompare.scheduler.outcome import Status

PATIENCE = 60  # seconds in which the service must answer
AGAIN = 1.0  # seconds until it is asked again, where there was no answer


def still_moving(azure: Azure, instances: Sequence[Instance], interrupted: Callable[[], bool]) -> list[Instance]:
    """Look at instances once, and list those that something is being done to, or that cannot be read."""
    outcomes = watch_each(azure, instances, _glance, PATIENCE, Overseer(interrupted), AGAIN)
    return [one.target for one in outcomes if one.status != Status.SUCCEEDED or one.result]


def _glance(found: Instance | None) -> tuple[bool, bool]:
    return True, found is not None and is_under_way(found)  # one answer is enough
