"""The rows that commands print, in the names of the contract."""

from __future__ import annotations

from typing import Any

import jmespath

from azext_flexcompare.instances import Instance, ScaleSet
from azext_flexcompare.scheduler.outcome import Outcome
from azext_flexcompare.table.entries import Operation
from azext_flexcompare.times import format_utc


def instance_row(instance: Instance) -> dict[str, Any]:
    """Return the fields that identify an instance, first in every list."""
    return {
        "instance": instance.name,
        "id": str(instance.id),
        "resourceGroup": instance.resource_group,
        "scaleSet": instance.scale_set.name,
        "zone": instance.zone,
        "faultDomain": instance.fault_domain,
    }


def listed_row(instance: Instance) -> dict[str, Any]:
    """Return the row of `list-instances`; `name` and `instanceId` are those of `az vmss list-instances`."""
    return {
        **instance_row(instance),
        "powerState": instance.power_state,
        "provisioningState": instance.provisioning_state,
        "vmSize": instance.size,
        "location": instance.location,
        "tags": instance.tags,
        "name": instance.name,
        "instanceId": instance.name,
    }


def outcome_row(operation: Operation, outcome: Outcome[Instance]) -> dict[str, Any]:
    """Return the row of an outcome, with what the operation returned if it returns anything."""
    return {**instance_row(outcome.target), **outcome_details(operation, outcome)}


def outcome_details(operation: Operation, outcome: Outcome[Instance]) -> dict[str, Any]:
    """Return the fields of an outcome without those that identify its instance."""
    return {**outcome_fields(operation.name, outcome), **returned_by(operation, outcome)}


def returned_by(operation: Operation, outcome: Outcome[Any]) -> dict[str, Any]:
    """Return what an operation returned, if it returns anything."""
    return {"output": _output(operation.returns, outcome.result)} if operation.returns else {}


def _output(returns: str, result: Any) -> str | None:
    if isinstance(result, str):  # it comes from a job log
        return result
    return "\n".join(jmespath.search(returns, result) or ()) if result else None


def waited_row(operation: str, outcome: Outcome[Instance]) -> dict[str, Any]:
    """Return the row of an instance that was waited for."""
    return {**instance_row(outcome.target), **outcome_fields(operation, outcome)}


def set_row(operation: str, outcome: Outcome[ScaleSet]) -> dict[str, Any]:
    """Return the row of a call to a whole set."""
    target = outcome.target
    place = {"scaleSet": target.name, "id": str(target.id), "resourceGroup": target.resource_group}
    return {**place, **outcome_fields(operation, outcome)}


def outcome_fields(operation: str, outcome: Outcome[Any]) -> dict[str, Any]:
    """Return the fields of an outcome, in the names of the contract."""
    return {
        "operation": operation,
        "status": outcome.status,
        "error": outcome.error and outcome.error._asdict(),
        "reason": outcome.reason,
        "batch": outcome.batch,
        "startedAt": format_utc(outcome.started),
        "finishedAt": format_utc(outcome.finished),
        "durationSeconds": outcome.seconds,
        "operationUrl": outcome.url,
    }


def to_dict(resource: Any) -> dict[str, Any]:
    """Return a model of the SDK as the CLI prints it."""
    from azure.cli.core.commands import AzCliCommandInvoker
    from knack.util import todict

    shown: dict[str, Any] = todict(resource, AzCliCommandInvoker.remove_additional_prop_layer)
    return shown
