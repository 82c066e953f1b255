"""The way of a run through its batches: call, poll, health gate, pause, and where it stops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from knack.log import get_logger

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.paced_reads import read_all
from azext_flexcompare.arm.rate_limits import rate_limit_key
from azext_flexcompare.execution.active_instances import ActiveInstances
from azext_flexcompare.execution.departures import Members, resolve_failure, without_departed
from azext_flexcompare.execution.health_gate import Gate, Subject, Verdict, subjects_of, wait_until_healthy
from azext_flexcompare.execution.list_poll import list_poll_of
from azext_flexcompare.execution.monitor import GateMonitor, Monitor
from azext_flexcompare.execution.unknown_outcome import UnknownOutcomes
from azext_flexcompare.instances import Instance
from azext_flexcompare.joblog import records
from azext_flexcompare.output import messages
from azext_flexcompare.planning.batches import domain_of
from azext_flexcompare.planning.work import Work, share_outcome
from azext_flexcompare.scheduler.limits import Limits
from azext_flexcompare.scheduler.outcome import Outcome, Status
from azext_flexcompare.scheduler.poller import Departed, Poller
from azext_flexcompare.scheduler.scheduler import send_and_poll
from azext_flexcompare.scheduler.service import Estimates, Service
from azext_flexcompare.times import format_duration

MANY_INSTANCES = 4  # of each call: a poll costs less than to notice its end late
SHARED_GROWTH = 0.1  # of the age


class Batch(NamedTuple):
    """Instances that may be in operation together: all of them, and the calls that are left to make."""

    number: int
    instances: Sequence[Instance]  # as they were before the operation
    work: Sequence[Work]
    ended: Sequence[Outcome[Instance]] = ()  # that an earlier run saw to the end


class RolloutPolicy(NamedTuple):
    """What lies between batches: a pause in seconds, a health gate, and domains of which only one may be active.

    With `batched` a batch begins only when no instance of another batch may still be in operation.
    """

    pause: float = 0
    gate: Gate | None = None
    domains: Sequence[str] = ()
    batched: bool = False


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
    rollout: Rollout,
    batches: Sequence[Batch],
    possibly_active: Sequence[Instance] = (),
    gate_first: Batch | None = None,
) -> list[Outcome[Instance]]:
    """Run batch after batch; return one outcome for each instance that a call is for.

    `possibly_active` are the instances that an earlier run may have left in operation, `gate_first` those that it left
    behind a closed health gate. Once the run is stopped or
    interrupted, what was not sent is NotStarted, in this batch and in those after it.
    """
    outcomes: list[Outcome[Instance]] = []
    monitor, estimates = rollout.monitor, Estimates(_growth(batches))
    active = ActiveInstances(rollout.azure, monitor.interrupted, possibly_active)
    members = Members(rollout.azure, (one for batch in batches for one in batch.instances))
    if gate_first:
        _check_health(rollout, gate_first, [])
    for place, batch in enumerate(batches, 1):
        _check_active(rollout, batch, active)
        _begin(rollout, batch, batches)
        work, departed = without_departed(members, batch.work, batch.number)
        monitor.settle(departed)
        done = [*departed, *_run_calls(rollout, work, estimates, members)]
        active.update(done)
        outcomes += done
        if any(one.status != Status.NOT_STARTED for one in done):
            monitor.end_batch([*batch.ended, *done], domain_of(batch.instances, rollout.policy.domains))
        if rollout.over:
            continue  # the batches that are left are passed through, so that each instance has its outcome
        outcomes = _check_health(rollout, batch, outcomes)
        if place < len(batches):
            monitor.pause(rollout.policy.pause)
    return outcomes


def _growth(batches: Sequence[Batch]) -> float | None:
    """Return how the interval between polls grows: slowly where a poll tells of many instances."""
    calls = [len(work.instances) for batch in batches for work in batch.work]
    return SHARED_GROWTH if sum(calls) > MANY_INSTANCES * len(calls) else None


def _begin(rollout: Rollout, batch: Batch, batches: Sequence[Batch]) -> None:
    monitor = rollout.monitor
    monitor.batch = (batch.number, max(one.number for one in batches))
    if not rollout.over:
        size = len(batch.instances)
        monitor.write(records.record("batch", batch=batch.number, of=monitor.batch[1], instances=size))


def _check_active(rollout: Rollout, batch: Batch, active: ActiveInstances) -> None:
    """Stop the run where an instance of another domain or batch is still in operation.

    An operation that timed out may go on in Azure, and an instance may be busy with another one.
    """
    policy = rollout.policy
    if not ((policy.domains or policy.batched) and batch.work) or rollout.over:
        return
    busy = active.outside(batch.instances, policy.domains)
    if busy and not rollout.monitor.interrupted():
        by = f"--batch-by {' '.join(policy.domains)}" if policy.domains else "--batch-size"
        names = messages.first_names([one.name for one in busy])
        rollout.monitor.stop(f"Stopped by {by}: still in operation: {names}.")


def _run_calls(
    rollout: Rollout, work: Sequence[Work], estimates: Estimates, members: Members
) -> list[Outcome[Instance]]:
    """Send and poll every call, and then the calls that take the place of those that turned out not to be there."""
    azure, monitor = rollout.azure, rollout.monitor
    unknown = UnknownOutcomes(azure, monitor.operation)
    resolve = partial(resolve_failure, azure, monitor.operation, unknown.resolve)
    service = Service(_rate_limit_key, list_poll_of(azure, work), resolve, estimates)
    outcomes = send_and_poll(work, partial(_send, members, unknown), rollout.limits, monitor, service=service)
    shared = [one for outcome in outcomes if not outcome.target.settle for one in share_outcome(outcome)]
    ways = [partial(outcome.target.settle, outcome) for outcome in outcomes if outcome.target.settle]
    found = [one for settled in read_all(lambda settle: settle(), ways) for one in settled]
    settled = [one for one in found if not isinstance(one, Work)]
    monitor.settle(settled)
    done = [monitor.complete(one) for one in (*shared, *settled)]
    instead = [one for one in found if isinstance(one, Work)]
    return done + _run_calls(rollout, instead, estimates, members) if instead else done


def _send(members: Members, unknown: UnknownOutcomes, work: Work) -> Poller:
    departed = members.departed([work])
    if len(departed) == len(work.instances):
        raise Departed(next(iter(departed.values())))
    return unknown.send(work)


def _rate_limit_key(work: Work) -> tuple[str, str]:
    return rate_limit_key(work.instances[0])


def _check_health(rollout: Rollout, batch: Batch, outcomes: list[Outcome[Instance]]) -> list[Outcome[Instance]]:
    """Wait until a batch is healthy, or stop the run; the outcome of an instance that is not healthy says so."""
    gate, monitor = rollout.policy.gate, rollout.monitor
    if gate is None:
        return outcomes
    before = {one.id: one for one in batch.instances}
    done = [*batch.ended, *(one for one in outcomes if one.target.id in before)]
    verdict = _pass_gate(rollout, batch, gate, subjects_of(gate, monitor.operation, done, before))
    if monitor.interrupted():
        monitor.not_seen = f"Interrupted before {_described(batch)} was seen to be healthy."
        return outcomes
    _warn_of_left_out(verdict)
    logged = [{"id": one.id, "reason": why} for one, why in verdict.unhealthy]
    monitor.write(records.record("health", batch=batch.number, unhealthy=logged))
    if not verdict.unhealthy:
        return outcomes
    monitor.gate_failed = True
    names = messages.first_names([one.name for one, _ in verdict.unhealthy])
    after = f"not healthy after {format_duration(verdict.seconds)}"
    monitor.stop(f"Stopped by --health-gate {gate.name}: {after}: {names}.")
    by_id = {one.id: f"{after[0].upper()}{after[1:]}: {why}" for one, why in verdict.unhealthy}
    changed = [replace(one, reason=by_id.get(one.target.id, one.reason)) for one in outcomes]
    monitor.write(*(monitor.outcome_record(one) for one in changed if one.target.id in by_id))
    return changed


def _pass_gate(rollout: Rollout, batch: Batch, gate: Gate, subjects: Sequence[Subject]) -> Verdict:
    """Wait at a gate, and record when it began to wait for which instances, and when it ended."""
    monitor, what = rollout.monitor, {"batch": batch.number, "gate": gate.name, "timeout": gate.timeout}
    waited_for = [one.instance.id for one in subjects]
    monitor.write(records.record("gate", state="begun", **what, instances=waited_for))
    monitor.sync()
    verdict = wait_until_healthy(rollout.azure, gate, subjects, GateMonitor(monitor, gate.timeout))
    if not monitor.interrupted():
        left_out = [{"id": one.id, "reason": why} for one, why in verdict.left_out]
        seconds = round(verdict.seconds, 3)
        passed = not verdict.unhealthy
        monitor.write(records.record("gate", state="ended", **what, passed=passed, seconds=seconds, leftOut=left_out))
    return verdict


def _described(batch: Batch) -> str:
    return f"batch {batch.number}" if batch.number else "a batch of an earlier run"


def _warn_of_left_out(verdict: Verdict) -> None:
    by_reason: dict[str, list[str]] = {}
    for one, why in verdict.left_out:
        by_reason.setdefault(why, []).append(one.name)
    for why, names in by_reason.items():
        get_logger(__name__).warning("The health gate does not wait for %s: %s", messages.first_names(names), why)
