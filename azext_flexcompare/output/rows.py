"""The rows that commands print, in the names of the contract."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from azext_flexcompare.instances import Instance, ScaleSet
from azext_flexcompare.output.script_result import parse_script_result
from azext_flexcompare.scheduler.outcome import Outcome, Status
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


EXPECTED = {"output": "", "stdout": "", "stderr": "", "exitCode": 0}  # of a script


def expected_rows(operation: Operation, instances: Sequence[Instance]) -> list[dict[str, Any]]:
    """Return rows like those of a run in which every instance succeeds."""
    now = datetime.now(timezone.utc)
    end: dict[str, Any] = {"started": now, "finished": now, "seconds": 0.0, "url": "https://", "result": EXPECTED}
    return [outcome_row(operation, Outcome(one, Status.SUCCEEDED, **end)) for one in instances]


def outcome_details(operation: Operation, outcome: Outcome[Instance]) -> dict[str, Any]:
    """Return the fields of an outcome without those that identify its instance."""
    return {**outcome_fields(operation.name, outcome), **returned_by(operation, outcome)}


def returned_by(operation: Operation, outcome: Outcome[Any]) -> dict[str, Any]:
    """Return what an operation returned, if it returns anything."""
    return parse_script_result(outcome.result)._asdict() if operation.returns else {}


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
