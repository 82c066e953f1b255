"""The way of a run through its batches: call, poll, health gate, pause, and where it stops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.rate_limits import rate_limit_key
from azext_flexcompare.execution.active_instances import ActiveInstances
from azext_flexcompare.execution.departures import Members, resolve_failure, without_departed
from azext_flexcompare.execution.health_gate import Gate, find_unhealthy
from azext_flexcompare.execution.list_poll import SetListPoll
from azext_flexcompare.execution.monitor import GateMonitor, Monitor
from azext_flexcompare.instances import Instance
from azext_flexcompare.joblog import records
from azext_flexcompare.output import messages
from azext_flexcompare.planning.work import Work, share_outcome
from azext_flexcompare.scheduler.limits import Limits
from azext_flexcompare.scheduler.outcome import Outcome
from azext_flexcompare.scheduler.poller import Departed, Poller
from azext_flexcompare.scheduler.scheduler import send_and_poll
from azext_flexcompare.scheduler.service import Estimates, Service


class Batch(NamedTuple):
    """Instances that may be in operation together: all of them, and the calls that are left to make."""

    number: int
    instances: Sequence[Instance]
    work: Sequence[Work]


class RolloutPolicy(NamedTuple):
    """What lies between batches: a pause in seconds, a health gate, and domains of which only one may be active."""

    pause: float = 0
    gate: Gate | None = None
    domains: Sequence[str] = ()


class Rollout(NamedTuple):
    """What every batch of a run has in common."""

    azure: Azure
    limits: Limits
    monitor: Monitor
    policy: RolloutPolicy

    @property
    def over(self) -> bool:
        """Check whether nothing more is sent."""
        return self.monitor.stopped is not None or self.monitor.interrupted()


def roll_out(
    rollout: Rollout, batches: Sequence[Batch], possibly_active: Sequence[Instance] = ()
) -> list[Outcome[Instance]]:
    """Run batch after batch; return one outcome for each instance that a call is for.

    `possibly_active` are the instances that an earlier run may have left in operation. Once the run is stopped or
    interrupted, what was not sent is NotStarted, in this batch and in those after it.
    """
    outcomes: list[Outcome[Instance]] = []
    monitor, estimates = rollout.monitor, Estimates()
    active = ActiveInstances(rollout.azure, monitor.interrupted, possibly_active)
    members = Members(rollout.azure, (one for batch in batches for one in batch.instances))
    for place, batch in enumerate(batches, 1):
        _check_domains(rollout, batch, active)
        _begin(rollout, batch, batches)
        work, departed = without_departed(members, batch.work, batch.number)
        monitor.settle(departed)
        done = [*departed, *_run_calls(rollout, work, estimates, members)]
        active.update(done)
        outcomes += done
        if rollout.over:
            continue  # the batches that are left are passed through, so that each instance has its outcome
        outcomes = _check_health(rollout, batch, outcomes)
        if place < len(batches):
            monitor.pause(rollout.policy.pause)
    return outcomes


def _begin(rollout: Rollout, batch: Batch, batches: Sequence[Batch]) -> None:
    monitor = rollout.monitor
    monitor.batch = (batch.number, max(one.number for one in batches))
    if not rollout.over:
        size = len(batch.instances)
        monitor.write(records.record("batch", batch=batch.number, of=monitor.batch[1], instances=size))


def _check_domains(rollout: Rollout, batch: Batch, active: ActiveInstances) -> None:
    """Stop the run where an instance of another domain than the batch's is still in operation.

    An operation that timed out may go on in Azure, and an instance may be busy with another one.
    """
    domains = rollout.policy.domains
    if not (domains and batch.work) or rollout.over:
        return
    busy = active.outside(batch.instances[0], domains)
    if busy and not rollout.monitor.interrupted():
        names = messages.first_names([one.name for one in busy])
        rollout.monitor.stop(f"Stopped by --batch-by {' '.join(domains)}: still in operation: {names}.")


def _run_calls(
    rollout: Rollout, work: Sequence[Work], estimates: Estimates, members: Members
) -> list[Outcome[Instance]]:
    """Send and poll every call, and then the calls that take the place of those that turned out not to be there."""
    azure, monitor = rollout.azure, rollout.monitor
    list_poll = SetListPoll(azure, work) if all(len(each.instances) == 1 for each in work) else None
    resolve = partial(resolve_failure, azure, monitor.operation)
    service = Service(_rate_limit_key, list_poll, resolve, estimates)
    outcomes = send_and_poll(work, partial(_call, members), rollout.limits, monitor, service=service)
    shared = [one for outcome in outcomes if not outcome.target.settle for one in share_outcome(outcome)]
    found = [one for outcome in outcomes if outcome.target.settle for one in outcome.target.settle(outcome)]
    settled = [one for one in found if not isinstance(one, Work)]
    monitor.settle(settled)
    done = [monitor.complete(one) for one in (*shared, *settled)]
    instead = [one for one in found if isinstance(one, Work)]
    return done + _run_calls(rollout, instead, estimates, members) if instead else done


def _call(members: Members, work: Work) -> Poller:
    departed = members.departed([work])
    if len(departed) == len(work.instances):
        raise Departed(next(iter(departed.values())))
    return work.call()  # type: ignore[operator]  # instances without a call have been set apart


def _rate_limit_key(work: Work) -> tuple[str, str]:
    return rate_limit_key(work.instances[0])


def _check_health(rollout: Rollout, batch: Batch, outcomes: list[Outcome[Instance]]) -> list[Outcome[Instance]]:
    """Wait until a batch is healthy, or stop the run; the outcome of an instance that is not healthy says so."""
    gate, monitor = rollout.policy.gate, rollout.monitor
    if gate is None:
        return outcomes
    unhealthy = find_unhealthy(rollout.azure, gate, batch.instances, GateMonitor(monitor))
    if monitor.interrupted():
        monitor.not_seen = f"Interrupted before batch {batch.number} was seen to be healthy."
        return outcomes
    logged = [{"id": one.id, "reason": why} for one, why in unhealthy]
    monitor.write(records.record("health", batch=batch.number, unhealthy=logged))
    if not unhealthy:
        return outcomes
    monitor.gate_failed = True
    names = messages.first_names([one.name for one, _ in unhealthy])
    monitor.stop(f"Stopped by --health-gate {gate.kind}: not healthy after {gate.timeout} s: {names}.")
    by_id = {one.id: f"Not healthy after {gate.timeout} s: {why}" for one, why in unhealthy}
    after = [replace(one, reason=by_id.get(one.target.id, one.reason)) for one in outcomes]
    monitor.write(*(records.outcome(monitor.operation, one) for one in after if one.target.id in by_id))
    return after
