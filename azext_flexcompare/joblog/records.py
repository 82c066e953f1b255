"""The records of a run, for its job log and for `--events`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

from azext_flexcompare.instances import Instance, ResourceId, provisioning_times
from azext_flexcompare.output.rows import outcome_details, outcome_fields
from azext_flexcompare.output.text import shorten
from azext_flexcompare.scheduler.outcome import Outcome
from azext_flexcompare.table.entries import Operation
from azext_flexcompare.times import format_utc

VERSION = 1
LONGEST = 10_000  # characters of an error
Record = dict[str, Any]


def record(kind: str, **what: Any) -> Record:
    """Return a record of a kind, with the time (UTC)."""
    return {"record": kind, "at": format_utc(datetime.now(timezone.utc)), **what}


def intent(id_: str, now: datetime | None = None, extension: str | None = None) -> Record:
    """Return the record of a call that is about to be sent.

    `now` is the service's time, `extension` the extension that the call changes: with both the instance tells later
    what became of the call.
    """
    known = {"serviceTime": format_utc(now), "extension": extension}
    return record("intent", id=id_, **{name: value for name, value in known.items() if value})


def throttled(id_: str, seconds: float | None, *, sent: bool) -> Record:
    """Return the record of a request that the service refused as one too many; `sent` is whether it was to act."""
    return record("throttled", id=id_, request="send" if sent else "poll", seconds=seconds)


def postponed(id_: str, code: str | None, *, sent: bool) -> Record:
    """Return the record of a request that was not accepted and is sent again later, with the code of the reason."""
    return record("postponed", id=id_, request="send" if sent else "poll", code=code)


def accepted(id_: str, url: str | None, result_url: str | None, **known: Any) -> Record:
    """Return the record of an accepted call, with the URLs of its operation and its result.

    `known` is what else is needed to poll the operation: the bulk service that has it, and its id there.
    """
    final = {"finalUrl": result_url} if result_url else {}
    return record("accepted", id=id_, operationUrl=url, **final, **known)


def plan(
    operation: Operation,
    given: Mapping[str, Any],
    choice: Mapping[str, Any],
    run_options: Mapping[str, Any],
    *,
    instances: Iterable[Instance],
    batches: Mapping[ResourceId, int],
) -> Record:
    """Return the record of a plan; `batches` has the batch of each instance that gets a call, by id."""
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


def shard_of(planned: Mapping[str, Any]) -> str | None:
    """Return the share that a plan is of, such as `2/4`."""
    choice = planned.get("choice")
    shard = choice.get("shard") if isinstance(choice, dict) else None
    return shard if isinstance(shard, str) else None


def outcome(operation: Operation, one: Outcome[Instance], *, with_output: bool = False) -> Record:
    """Return the record of an outcome; a very long error is cut."""
    found = outcome_details(operation, one) if with_output else outcome_fields(operation.name, one)
    if one.error:
        found = {**found, "error": one.error._replace(message=shorten(one.error.message, LONGEST))._asdict()}
    began = {"serviceStartedAt": format_utc(one.began)} if one.began else {}
    return record("outcome", id=one.target.id, **found, **began)


def end(operation: Operation, exit_status: int, outcomes: Iterable[Outcome[Instance]]) -> Record:
    """Return the record of the end of a run, with what a list of runs shows, so that it need not read the rest."""
    found = list(outcomes)
    sets = dict.fromkeys(one.target.scale_set.id for one in found)
    statuses = dict(Counter(one.status for one in found))
    return record("end", exit=exit_status, operation=operation.name, scaleSets=list(sets), statuses=statuses)


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
        "vmId": instance.vm_id,
        "powerState": instance.power_state,
        "provisioned": provisioning_times(instance),
        "batch": batch,
    }
