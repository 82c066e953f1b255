"""`list-instances --details`: what the network, the agent and the scale set show of each instance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from azure.cli.core.azclierror import AzCLIError
from knack.log import get_logger

from azext_flexcompare.arm.clients import Azure, azure_of
from azext_flexcompare.arm.latest_model import latest_models
from azext_flexcompare.instances import Instance, priority_of
from azext_flexcompare.nat_rules.addresses import Reach, reach_of
from azext_flexcompare.nat_rules.surroundings import read_surroundings


def add_details(cli_ctx: Any, instances: Sequence[Instance], rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the row of each instance with its details; what may not be read is null, and warned of.

    `privateIps` and `publicIps` have the form of `az vm list --show-details`.
    """
    azure = azure_of(cli_ctx)
    latest = latest_models(azure, instances)
    unread = sum(one is None for one in latest.values())
    if unread:
        get_logger(__name__).warning("latestModelApplied of %s instances could not be read.", unread)
    reaches = _reaches(azure, instances)
    return [
        {
            **row,
            "computerName": _computer_name(one.resource),
            "privateIps": reach and ",".join(reach.private),
            "publicIps": reach and ",".join(reach.public),
            "latestModelApplied": latest[one.id],
            **_health(one.resource.instance_view),
            "priority": priority_of(one).capitalize(),
        }
        for one, row, reach in zip(instances, rows, reaches, strict=True)
    ]


def _reaches(azure: Azure, instances: Sequence[Instance]) -> list[Reach | None]:
    try:
        around = read_surroundings(azure, instances, balanced=False)
    except AzCLIError as error:
        get_logger(__name__).warning("privateIps and publicIps could not be read: %s", error)
        return [None for _ in instances]
    return [reach_of(one, around) for one in instances]


def _computer_name(resource: Any) -> str | None:
    view = resource.instance_view
    profile = resource.os_profile
    name: str | None = (profile and profile.computer_name) or (view and view.computer_name)
    return name


def _health(view: Any) -> dict[str, str | None]:
    agent = (view.vm_agent.statuses if view and view.vm_agent else None) or ()
    health = view.vm_health.status if view and view.vm_health else None
    code = health and health.code
    return {
        "vmAgent": next((status.display_status for status in agent), None),
        "applicationHealth": code.partition("/")[2] if code else None,
    }
