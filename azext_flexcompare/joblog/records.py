"""How is each step of a run written down, for a job log and for whoever follows it?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

from azext_flexcompare.instances import Instance, provisioning_times
from azext_flexcompare.output.rows import ended
from azext_flexcompare.scheduler.outcome import Outcome
from azext_flexcompare.table.entries import Operation
from azext_flexcompare.times import utc

VERSION = 1
Record = dict[str, Any]


def record(kind: str, **what: Any) -> Record:
    """Write a step down, with the time (UTC)."""
    return {"record": kind, "at": utc(datetime.now(timezone.utc)), **what}


def intent(id_: str) -> Record:
    """Write down that an instance is about to be sent its request."""
    return record("intent", id=id_)


def accepted(id_: str, url: str | None, result_url: str | None) -> Record:
    """Write down that the service took it, and where its operation, and its result, can be looked at."""
    return record("accepted", id=id_, operationUrl=url, **({"finalUrl": result_url} if result_url else {}))


def plan(
    operation: Operation,
    given: Mapping[str, Any],
    choice: Mapping[str, Any],
    run_options: Mapping[str, Any],
    instances: Iterable[Instance],
    batches: Mapping[str, int],
) -> Record:
    """Write down what is going to be done; `batches` has the number of the batch by id, for whoever gets a call."""
    chosen = list(instances)
    return record(
        "plan",
        version=VERSION,
        operation=operation.name,
        scaleSets=list(dict.fromkeys(one.scale_set.id for one in chosen)),
        options=dict(given),
        choice=dict(choice),
        how=dict(run_options),  # the name that version 1 of the log has
        batches=max(batches.values(), default=0),
        instances=[_instance(one, batches.get(one.id)) for one in chosen],
    )


def outcome(operation: Operation, one: Outcome[Instance]) -> Record:
    """Write down what became of an instance."""
    return record("outcome", id=one.target.id, **ended(operation, one))


def _instance(instance: Instance, batch: int | None) -> Record:
    return {
        "id": instance.id,
        "instance": instance.name,
        "resourceGroup": instance.resource_group,
        "scaleSet": instance.scale_set.name,
        "scaleSetId": instance.scale_set.id,
        "zone": instance.zone,
        "faultDomain": instance.fault_domain,
        "location": instance.location,
        "powerState": instance.power_state,
        "provisioned": provisioning_times(instance),
        "batch": batch,
    }
