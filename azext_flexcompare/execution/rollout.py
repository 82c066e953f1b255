"""How does a run go through its batches, and where does it stop?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.instance_polling import poll_instances
from azext_flexcompare.arm.rate_limits import rate_limit_key
from azext_flexcompare.execution import health_gate as health
from azext_flexcompare.execution.list_poll import SetListPoll
from azext_flexcompare.execution.monitor import GateMonitor, Monitor
from azext_flexcompare.execution.unknown_outcome import ResolveUnknown
from azext_flexcompare.instances import Instance, is_in_transition
from azext_flexcompare.joblog import records
from azext_flexcompare.output import messages
from azext_flexcompare.planning.batches import domain_key
from azext_flexcompare.planning.work import Work, alike
from azext_flexcompare.scheduler.limits import Limits
from azext_flexcompare.scheduler.observer import Observer
from azext_flexcompare.scheduler.outcome import Outcome, Status
from azext_flexcompare.scheduler.poller import Poller
from azext_flexcompare.scheduler.scheduler import send_and_poll
from azext_flexcompare.scheduler.service import Estimates, Service

CHECK_TIMEOUT = 60  # seconds in which the service must answer
CHECK_INTERVAL = 1.0  # seconds until it is asked again, where there was no answer
AT_REST = (Status.SUCCEEDED, Status.SKIPPED, Status.NOT_STARTED)  # nothing of this run is under way there


class Batch(NamedTuple):
    """Instances that may be in operation together: all of them, and what is still to be done."""

    number: int
    instances: Sequence[Instance]
    work: Sequence[Work]


class RolloutPolicy(NamedTuple):
    """What lies between batches: seconds of rest, the gate of health, and domains of which never two may be moving."""

    pause: float = 0
    gate: health.Gate | None = None
    domains: Sequence[str] = ()


def roll_out(
    azure: Azure,
    batches: Sequence[Batch],
    limits: Limits,
    monitor: Monitor,
    policy: RolloutPolicy,
    possibly_active: Sequence[Instance] = (),
) -> list[Outcome[Instance]]:
    """Take batch after batch; list one outcome for each instance that had something to be done.

    `doubtful` are those that an earlier run may have left in operation. Once the run is stopped or interrupted, what
    was not sent is NotStarted, in this batch and in those after it.
    """
    outcomes: list[Outcome[Instance]] = []
    estimates, active = Estimates(), {one.id: one for one in possibly_active}
    for place, batch in enumerate(batches, 1):
        _check_domains(azure, batch, policy.domains, monitor, active)
        _begin(monitor, batch, batches)
        done = _carry_out(azure, batch.work, limits, monitor, estimates)
        _track_active(active, done)
        outcomes += done
        if _over(monitor):
            continue  # the rest is gone through, so that each has its outcome
        outcomes = _check(azure, batch, policy.gate, monitor, outcomes)
        if place < len(batches):
            monitor.pause(policy.pause)
    return outcomes


def _begin(monitor: Monitor, batch: Batch, batches: Sequence[Batch]) -> None:
    monitor.batch = (batch.number, max(one.number for one in batches))
    if not _over(monitor):
        count = len(batch.instances)
        monitor.tell(records.record("batch", batch=batch.number, of=monitor.batch[1], instances=count))


def _check_domains(
    azure: Azure, batch: Batch, domains: Sequence[str], monitor: Monitor, active: dict[str, Instance]
) -> None:
    """Stop the run where an instance of another domain than the batch's is still in operation.

    What was not seen to its end by us may go on in Azure: what timed out, or whatever else an instance was busy with.
    """
    if not (domains and batch.work) or _over(monitor):
        return
    here = domain_key(batch.instances[0], domains)
    elsewhere = [one for one in active.values() if domain_key(one, domains) != here]
    still = find_active(azure, elsewhere, monitor.interrupted)
    for id_ in {one.id for one in elsewhere} - {one.id for one in still}:
        del active[id_]
    if still and not monitor.interrupted():
        names = messages.first_names([one.name for one in still])
        monitor.stop(f"Stopped by --batch-by {' '.join(domains)}: still in operation: {names}.")


def _track_active(active: dict[str, Instance], outcomes: Sequence[Outcome[Instance]]) -> None:
    """Keep in mind who may still be in operation."""
    for one in outcomes:
        active.pop(one.target.id, None)
        if one.status not in AT_REST:
            active[one.target.id] = one.target


def _over(monitor: Monitor) -> bool:
    return monitor.stopped is not None or monitor.interrupted()


def _carry_out(
    azure: Azure, work: Sequence[Work], limits: Limits, monitor: Monitor, estimates: Estimates
) -> list[Outcome[Instance]]:
    """Make every call and watch it, and then what is to be done instead of those that turned out not to be there."""
    list_poll = SetListPoll(azure, work) if all(len(each.instances) == 1 for each in work) else None
    resolve_unknown = ResolveUnknown(azure, monitor.operation)
    service = Service(_rate_limit_key, list_poll, resolve_unknown, estimates)
    outcomes = send_and_poll(work, _call, limits, monitor, service=service)
    single = [one for outcome in outcomes if outcome.target.settle is alike for one in alike(outcome)]
    others = [outcome for outcome in outcomes if outcome.target.settle is not alike]
    found = [one for outcome in others for one in outcome.target.settle(outcome)]
    settled = [one for one in found if not isinstance(one, Work)]
    monitor.settled(settled)
    done = [monitor.finished(one) for one in (*single, *settled)]
    instead = [one for one in found if isinstance(one, Work)]
    return done + _carry_out(azure, instead, limits, monitor, estimates) if instead else done


def _call(work: Work) -> Poller:
    return work.call()  # type: ignore[operator]  # whoever has nothing to do has been set apart


def _rate_limit_key(work: Work) -> tuple[str, str]:
    return rate_limit_key(work.instances[0])


def _check(
    azure: Azure, batch: Batch, gate: health.Gate | None, monitor: Monitor, outcomes: list[Outcome[Instance]]
) -> list[Outcome[Instance]]:
    """Wait until a batch is healthy, or stop the run; the outcome of whoever is not healthy says so."""
    if gate is None:
        return outcomes
    ill = health.unhealthy(azure, gate, batch.instances, GateMonitor(monitor))
    if monitor.interrupted():
        monitor.unseen = f"Interrupted before batch {batch.number} was seen to be healthy."
        return outcomes
    told = [{"id": one.id, "reason": why} for one, why in ill]
    monitor.tell(records.record("health", batch=batch.number, unhealthy=told))
    if not ill:
        return outcomes
    monitor.ill = True
    names = messages.first_names([one.name for one, _ in ill])
    monitor.stop(f"Stopped by --health-gate {gate.kind}: not healthy after {gate.timeout} s: {names}.")
    by_id = {one.id: f"Not healthy after {gate.timeout} s: {why}" for one, why in ill}
    after = [replace(one, reason=by_id.get(one.target.id, one.reason)) for one in outcomes]
    monitor.tell(*(records.outcome(monitor.operation, one) for one in after if one.target.id in by_id))
    return after


def find_active(azure: Azure, instances: Sequence[Instance], interrupted: Callable[[], bool]) -> list[Instance]:
    """Look at instances once, and list those that something is being done to, or that cannot be read."""
    outcomes = poll_instances(
        azure, instances, _is_active, timeout=CHECK_TIMEOUT, observer=Observer(interrupted), interval=CHECK_INTERVAL
    )
    return [one.target for one in outcomes if one.status != Status.SUCCEEDED or one.result]


def _is_active(found: Instance | None) -> tuple[bool, bool]:
    return True, found is not None and is_in_transition(found)  # one answer is enough
