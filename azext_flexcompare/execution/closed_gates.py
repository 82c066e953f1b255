"""The health gates that an earlier run did not pass, which a retry waits for before it sends anything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from azext_flexcompare.execution.planned_instances import planned_instance
from azext_flexcompare.execution.turn import Batch
from azext_flexcompare.instances import Instance
from azext_flexcompare.joblog.hook_records import read_hooks
from azext_flexcompare.joblog.records import Record
from azext_flexcompare.joblog.replay import LoggedInstance, LoggedRun, outcome_of
from azext_flexcompare.joblog.schema import is_instance
from azext_flexcompare.joblog.values import read_objects, read_time
from azext_flexcompare.scheduler.outcome import Outcome, Status
from azext_flexcompare.times import format_utc

EARLIER = 0  # the number of the batch of instances that an earlier plan left behind a closed gate


def closed_gate(
    logged_run: LoggedRun, found: Iterable[tuple[Instance, LoggedInstance]] = ()
) -> tuple[Batch | None, list[Record]]:
    """Return the instances whose gate is to be passed first, as a batch without calls, and their records for a plan.

    They are those that the plan itself has from an earlier one, and of `found` those that succeeded in a batch that
    was never seen to be healthy.
    """
    if not logged_run.plan["how"].get("healthGate"):
        return None, []
    kept = [] if EARLIER in logged_run.healthy else read_objects(logged_run.plan.get("gated"))
    records = [one for one in kept if is_instance(one)]
    outcomes, turns = [_outcome_of(one) for one in records], read_hooks(logged_run).turns
    for instance, logged in found:
        if instance.id in turns:
            continue
        if logged.status == Status.SUCCEEDED and logged.batch not in (None, *logged_run.healthy):
            outcome = outcome_of(instance._replace(power_state=logged.planned["powerState"], resource=None), logged)
            outcomes.append(outcome)
            began = format_utc(outcome.began)
            records.append({**logged.planned, "batch": None, "serviceStartedAt": began})
    return _batch(outcomes), records


def _batch(outcomes: Sequence[Outcome[Instance]]) -> Batch | None:
    return Batch(EARLIER, [one.target for one in outcomes], [], outcomes) if outcomes else None


def _outcome_of(record: Record) -> Outcome[Instance]:
    began = read_time(record.get("serviceStartedAt"))
    instance = planned_instance(record)._replace(power_state=record["powerState"])
    return Outcome(instance, Status.SUCCEEDED, batch=None, began=began)
