"""The turn of a batch, and of one instance in a window: what comes before its requests, and after their ends.

A turn begins with `begin_turn`, before anything is sent: the hook before it. It ends with `end_turn`, once each
instance has its outcome: the health gate, and then the hook after it. What takes instances out of rotation comes after
the hook in `begin_turn`; what puts them back comes between the gate and the hook in `end_turn`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from knack.log import get_logger

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.execution.availability import WindowPlan
from azext_flexcompare.execution.drain import Drain
from azext_flexcompare.execution.health_gate import Gate, Subject, Verdict, subjects_of, wait_until_healthy
from azext_flexcompare.execution.hooks import AFTER, BEFORE, HookCall, Hooks
from azext_flexcompare.execution.monitor import GateMonitor, Monitor
from azext_flexcompare.instances import Instance
from azext_flexcompare.joblog import records
from azext_flexcompare.output import messages
from azext_flexcompare.planning.work import Work
from azext_flexcompare.scheduler.limits import Limits
from azext_flexcompare.scheduler.outcome import Outcome
from azext_flexcompare.times import format_duration


class Batch(NamedTuple):
    """Instances that may be in operation together: all of them, and the calls that are left to make."""

    number: int
    instances: Sequence[Instance]  # as they were before the operation
    work: Sequence[Work]
    ended: Sequence[Outcome[Instance]] = ()  # that an earlier run saw to the end
    alone: bool = False  # whether it is one instance of a window, in its own turn

    @property
    def own(self) -> Instance | None:
        """Return the instance that has a turn of its own."""
        return self.instances[0] if self.alone else None


class RolloutPolicy(NamedTuple):
    """What lies between batches: a pause in seconds, a health gate, and domains of which only one may be active.

    With `batched` a batch begins only when no instance of another batch may still be in operation.
    """

    pause: float = 0
    gate: Callable[[int], Gate] | None = None  # by the number of a batch
    domains: Sequence[str] = ()
    batched: bool = False
    window: WindowPlan | None = None
    question_before: Callable[[Batch], str | None] = lambda _: None  # the option that asks before a batch


class Rollout(NamedTuple):
    """What every batch of a run has in common."""

    azure: Azure
    limits: Limits
    monitor: Monitor
    policy: RolloutPolicy
    hooks: Hooks
    drain: Drain

    @property
    def over(self) -> bool:
        """Check whether nothing more is sent."""
        return self.monitor.stop_reason() is not None or self.monitor.interrupted()


def begin_turn(rollout: Rollout, batch: Batch) -> None:
    """Run what comes before the requests of a batch; where it fails, the run is stopped.

    The hook of a batch that an earlier run has begun to send does not run again.
    """
    if not batch.work or rollout.over:
        return
    call = HookCall(BEFORE, batch.number, batch.instances, alone=batch.own)
    begun = bool(batch.ended) or any(work.sent for work in batch.work)
    if not (begun and rollout.hooks.ended(call)):
        if not begun:
            rollout.hooks.warn_of_repetition(call)
        rollout.hooks.run(call)
    rollout.drain.take_out(batch.number, batch.work)


def end_turn(rollout: Rollout, batch: Batch, outcomes: list[Outcome[Instance]]) -> list[Outcome[Instance]]:
    """Run what comes after the outcomes of a batch, and return the outcomes of the run, with what that found out.

    The hook runs once: after the gate has passed, and unless the run is over.
    """
    outcomes = check_health(rollout, batch, outcomes)
    found = {one.target.id: one for one in (*batch.ended, *outcomes)}
    ended = [found[one.id] for one in batch.instances if one.id in found]
    rollout.drain.put_back(batch.number, batch.instances, ended)
    call = HookCall(AFTER, batch.number, batch.instances, ended, alone=batch.own)
    if not rollout.over and not rollout.hooks.ended(call) and not rollout.hooks.run(call):
        rollout.monitor.end_failed = True
    return outcomes


def check_health(rollout: Rollout, batch: Batch, outcomes: list[Outcome[Instance]]) -> list[Outcome[Instance]]:
    """Wait until a batch is healthy, or stop the run; the outcome of an instance that is not healthy says so."""
    monitor = rollout.monitor
    if rollout.policy.gate is None:
        return outcomes
    gate = rollout.policy.gate(batch.number)
    before = {one.id: one for one in batch.instances}
    done = [*batch.ended, *(one for one in outcomes if one.target.id in before)]
    verdict = _pass_gate(rollout, batch, gate, subjects_of(gate, monitor.operation, done, before))
    if monitor.interrupted():
        monitor.not_seen = f"Interrupted before {_described(batch)} was seen to be healthy."
        return outcomes
    if monitor.stopped:
        monitor.end_failed = True
        return outcomes
    _warn_of_left_out(verdict)
    rollout.drain.healthy |= set(before) - {one.id for one, _ in verdict.unhealthy}
    logged = [{"id": one.id, "reason": why} for one, why in verdict.unhealthy]
    if not batch.alone:  # it is about the whole batch; a window has a record of each turn
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
    watched = partial(monitor.pause, then=None if batch.alone else "healthy, watched again")
    observer = GateMonitor(monitor, gate.timeout, shows=not batch.alone)
    verdict = wait_until_healthy(rollout.azure, gate, subjects, observer, rest=watched)
    if not rollout.over:
        left_out = [{"id": one.id, "reason": why} for one, why in verdict.left_out]
        seconds = round(verdict.seconds, 3)
        passed = not verdict.unhealthy
        monitor.write(records.record("gate", state="ended", **what, passed=passed, seconds=seconds, leftOut=left_out))
    return verdict


def _described(batch: Batch) -> str:
    if batch.own:
        return batch.own.name
    return f"batch {batch.number}" if batch.number else "a batch of an earlier run"


def _warn_of_left_out(verdict: Verdict) -> None:
    by_reason: dict[str, list[str]] = {}
    for one, why in verdict.left_out:
        by_reason.setdefault(why, []).append(one.name)
    for why, names in by_reason.items():
        get_logger(__name__).warning("The health gate does not wait for %s: %s", messages.first_names(names), why)
