"""What does an instance itself show of what was done to it, by its instance view and its provisioning state?"""

from __future__ import annotations

from typing import Any

from azext_flexcompare.failure import Error
from azext_flexcompare.selection import Instance

UNDER_WAY = ("creating", "updating", "deleting")


def times_of(instance: Instance) -> list[str]:
    """List the moments at which its provisioning came to where it is, by the service's clock.

    They change with whatever is done to an instance; while it is under way there is none (Microsoft, States and billing
    of virtual machines; that they change each time is unverified).
    """
    return [str(status.time) for status in _statuses(instance, "ProvisioningState/") if status.time]


def is_under_way(instance: Instance) -> bool:
    """Say whether something is being done to an instance."""
    return (instance.provisioning_state or "").lower() in UNDER_WAY


def own_error(instance: Instance | None) -> Error | None:
    """Read the error of an instance that Failed."""
    if instance is None or instance.provisioning_state != "Failed":
        return None
    told = next(iter(_statuses(instance, "ProvisioningState/failed")), None)
    code = told.code.split("/")[-1] if told else "Failed"
    return Error(code, " ".join(str((told and told.message) or "Its provisioningState is Failed.").split()))


def stand(instance: Instance | None) -> str:
    """Say in words how an instance stands of which nothing shows that it was done."""
    if instance is None:
        return "It is no longer in the set."
    state = f"It is {instance.power_state}, its provisioningState {instance.provisioning_state}"
    return f"{state}; nothing shows it done."


def _statuses(instance: Instance, prefix: str) -> list[Any]:
    view = instance.resource and instance.resource.instance_view
    return [status for status in (view.statuses if view else None) or () if (status.code or "").startswith(prefix)]
