"""One call of the SDK for one instance or scale set."""

from __future__ import annotations

from typing import Any

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.polling import Completed, SteppedPolling
from azext_flexcompare.arm.responses import NO_RETRY, sdk_errors
from azext_flexcompare.instances import Instance, ScaleSet
from azext_flexcompare.scheduler.poller import Poller


def call_sdk(
    azure: Azure, target: Instance | ScaleSet, call: str, arguments: dict[str, Any], returns: bool = False
) -> Poller:
    """Call a method of the SDK, such as `virtual_machines.begin_restart`, for its target, and return it in progress.

    Raises Throttled where the service did not take it, Failure where it refused.
    """
    group, name = call.split(".")
    method = getattr(getattr(azure.compute(target.subscription), group), name)
    polling = SteppedPolling(returns)
    watched = {"polling": polling} if name.startswith("begin_") else {}
    with sdk_errors():
        found = method(target.resource_group, target.name, **watched, **arguments, **NO_RETRY)
    return polling if watched else Completed(found)  # the SDK has set the polling up on the answer
