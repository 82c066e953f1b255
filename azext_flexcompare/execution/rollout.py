"""The way of a run through its batches: call, poll, health gate, pause, and where it stops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from azext_flexcompare.arm.rate_limits import rate_limit_key
from azext_flexcompare.execution.active_instances import ActiveInstances
from azext_flexcompare.execution.confirmation import confirm_batch
from azext_flexcompare.execution.departures import Members, resolve_failure, skip_departed, without_departed
from azext_flexcompare.execution.list_poll import list_poll_of
from azext_flexcompare.execution.rolling_window import RollingWindow
from azext_flexcompare.execution.turn import Batch, Rollout, begin_turn, check_health, end_turn
from azext_flexcompare.execution.unknown_outcome import UnknownOutcomes
from azext_flexcompare.instances import Instance
from azext_flexcompare.joblog import records
from azext_flexcompare.output import messages
from azext_flexcompare.planning.batches import domain_of
from azext_flexcompare.planning.work import Work
from azext_flexcompare.scheduler.outcome import Outcome, Status
from azext_flexcompare.scheduler.poller import Departed, Poller
from azext_flexcompare.scheduler.scheduler import send_and_poll
from azext_flexcompare.scheduler.service import Estimates, Service

MANY_INSTANCES = 4  # of each call: a poll costs less than to notice its end late
SHARED_GROWTH = 0.1  # of the age


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
    rollout.drain.begin([one.instances for one in (*batches, *filter(None, [gate_first]))])
    active = ActiveInstances(rollout.azure, monitor.interrupted, possibly_active)
    members = Members(rollout.azure, (one for batch in batches for one in batch.instances))
    if gate_first:
        check_health(rollout, gate_first, [])
        rollout.drain.put_back(gate_first.number, gate_first.instances, gate_first.ended)
    window = RollingWindow(rollout, rollout.policy.window, batches) if rollout.policy.window else None
    for place, batch in enumerate(batches, 1):
        confirm_batch(rollout, batch, batches[-1].number)
        _check_active(rollout, batch, active)
        _begin(rollout, batch, batches)
        if window is None:
            begin_turn(rollout, batch)
        work, departed = without_departed(members, batch.work, batch.number)
        monitor.settle(departed)
        done = [*departed, *_run_batch(partial(_run_calls, rollout, work, estimates, members), batch, window)]
        active.update(done)
        outcomes += done
        if any(one.status != Status.NOT_STARTED for one in done):
            monitor.end_batch([*batch.ended, *done], domain_of(batch.instances, rollout.policy.domains))
        if rollout.over:
            rollout.drain.put_back(batch.number, batch.instances, [*batch.ended, *done])
            continue  # the batches that are left are passed through, so that each instance has its outcome
        outcomes = outcomes if window else end_turn(rollout, batch, outcomes)
        if place < len(batches):
            monitor.pause(rollout.policy.pause)
    return outcomes


def _run_batch(
    run_calls: Callable[..., list[Outcome[Instance]]], batch: Batch, window: RollingWindow | None
) -> list[Outcome[Instance]]:
    if window is None:
        return run_calls()
    with window.over(batch):
        return window.finish(run_calls(admit=window.admit))


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
    rollout: Rollout,
    work: Sequence[Work],
    estimates: Estimates,
    members: Members,
    *,
    admit: Callable[[Work], bool] | None = None,
) -> list[Outcome[Instance]]:
    """Send and poll every call, and then the calls that take the place of those that turned out not to be there."""
    azure, monitor = rollout.azure, rollout.monitor
    unknown = UnknownOutcomes(azure, monitor.operation)
    resolve = partial(resolve_failure, azure, monitor.operation, unknown.resolve)
    service = Service(_rate_limit_key, list_poll_of(azure, work), resolve, estimates, admit=admit, reads=_reads)
    work = [_skipping_departed(rollout, each) for each in work]
    send_and_poll(work, partial(_send, members, unknown), rollout.limits, monitor, service=service)
    done, instead = monitor.take_found()
    order = {one.id: place for place, one in enumerate(one for each in work for one in each.instances)}
    done.sort(key=lambda outcome: order[outcome.target.id])
    return done + _run_calls(rollout, instead, estimates, members) if instead else done


def _reads(work: Work) -> int:
    return work.reads


def _skipping_departed(rollout: Rollout, work: Work) -> Work:
    """Return the call of a bulk service, whose rows say nothing of which instances are still there, so that they do."""
    settle = work.settle
    if not (work.ended and settle):
        return work

    def settle_present(outcome: Outcome[Work]) -> list[Outcome[Instance] | Work]:
        found = settle(outcome)
        settled = [one for one in found if not isinstance(one, Work)]
        kept = skip_departed(rollout.azure, rollout.monitor.operation, settled)
        return [*kept, *(one for one in found if isinstance(one, Work))]

    return work._replace(settle=settle_present)


def _send(members: Members, unknown: UnknownOutcomes, work: Work) -> Poller:
    departed = members.departed([work])
    if len(departed) == len(work.instances):
        raise Departed(next(iter(departed.values())))
    return unknown.send(work)


def _rate_limit_key(work: Work) -> tuple[str, str]:
    return rate_limit_key(work.instances[0])
