"""How does a run go through its batches, and where does it stop?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.rate_limits import lane_of
from azext_flexcompare.execution import health_gate as health
from azext_flexcompare.execution.domain_guard import still_moving
from azext_flexcompare.execution.monitor import GateWatch, Oversight
from azext_flexcompare.execution.set_survey import SetSurvey
from azext_flexcompare.execution.unknown_outcome import Recourse
from azext_flexcompare.instances import Instance
from azext_flexcompare.joblog import records
from azext_flexcompare.output import messages
from azext_flexcompare.planning.batches import domain_key
from azext_flexcompare.planning.work import Work, alike
from azext_flexcompare.scheduler.outcome import Outcome, Status
from azext_flexcompare.scheduler.poller import Flight
from azext_flexcompare.scheduler.scheduler import fan_out
from azext_flexcompare.scheduler.state import Learned, Limits

AT_REST = (Status.SUCCEEDED, Status.SKIPPED, Status.NOT_STARTED)  # nothing of this run is under way there


class Batch(NamedTuple):
    """Instances that may be in operation together: all of them, and what is still to be done."""

    number: int
    instances: Sequence[Instance]
    work: Sequence[Work]


class Pace(NamedTuple):
    """What lies between batches: seconds of rest, the gate of health, and domains of which never two may be moving."""

    pause: float = 0
    gate: health.Gate | None = None
    domains: Sequence[str] = ()


def roll_out(
    azure: Azure,
    batches: Sequence[Batch],
    limits: Limits,
    oversight: Oversight,
    pace: Pace,
    doubtful: Sequence[Instance] = (),
) -> list[Outcome[Instance]]:
    """Take batch after batch; list one outcome for each instance that had something to be done.

    `doubtful` are those that an earlier run may have left in operation. Once the run is stopped or interrupted, what
    was not sent is NotStarted, in this batch and in those after it.
    """
    outcomes: list[Outcome[Instance]] = []
    learned, moving = Learned(), {one.id: one for one in doubtful}
    for place, batch in enumerate(batches, 1):
        _cross(azure, batch, pace.domains, oversight, moving)
        _begin(oversight, batch, batches)
        done = _carry_out(azure, batch.work, limits, oversight, learned)
        _note(moving, done)
        outcomes += done
        if _over(oversight):
            continue  # the rest is gone through, so that each has its outcome
        outcomes = _check(azure, batch, pace.gate, oversight, outcomes)
        if place < len(batches):
            oversight.pause(pace.pause)
    return outcomes


def _begin(oversight: Oversight, batch: Batch, batches: Sequence[Batch]) -> None:
    oversight.batch = (batch.number, max(one.number for one in batches))
    if not _over(oversight):
        count = len(batch.instances)
        oversight.tell(records.record("batch", batch=batch.number, of=oversight.batch[1], instances=count))


def _cross(
    azure: Azure, batch: Batch, domains: Sequence[str], oversight: Oversight, moving: dict[str, Instance]
) -> None:
    """Stop the run where an instance of another domain than the batch's is still in operation.

    What was not seen to its end by us may go on in Azure: what timed out, or whatever else an instance was busy with.
    """
    if not (domains and batch.work) or _over(oversight):
        return
    here = domain_key(batch.instances[0], domains)
    elsewhere = [one for one in moving.values() if domain_key(one, domains) != here]
    still = still_moving(azure, elsewhere, oversight.interrupted)
    for id_ in {one.id for one in elsewhere} - {one.id for one in still}:
        del moving[id_]
    if still and not oversight.interrupted():
        names = messages.some([one.name for one in still])
        oversight.stop(f"Stopped by --batch-by {' '.join(domains)}: still in operation: {names}.")


def _note(moving: dict[str, Instance], outcomes: Sequence[Outcome[Instance]]) -> None:
    """Keep in mind who may still be in operation."""
    for one in outcomes:
        moving.pop(one.target.id, None)
        if one.status not in AT_REST:
            moving[one.target.id] = one.target


def _over(oversight: Oversight) -> bool:
    return oversight.stopped is not None or oversight.interrupted()


def _carry_out(
    azure: Azure, work: Sequence[Work], limits: Limits, oversight: Oversight, learned: Learned
) -> list[Outcome[Instance]]:
    """Make every call and watch it, and then what is to be done instead of those that turned out not to be there."""
    survey = SetSurvey(azure, work) if all(len(each.instances) == 1 for each in work) else None
    recourse = Recourse(azure, oversight.operation)
    outcomes = fan_out(work, _call, limits, oversight, _lane, survey, recourse, learned)
    single = [one for outcome in outcomes if outcome.target.settle is alike for one in alike(outcome)]
    others = [outcome for outcome in outcomes if outcome.target.settle is not alike]
    found = [one for outcome in others for one in outcome.target.settle(outcome)]
    settled = [one for one in found if not isinstance(one, Work)]
    oversight.settled(settled)
    done = [oversight.finished(one) for one in (*single, *settled)]
    instead = [one for one in found if isinstance(one, Work)]
    return done + _carry_out(azure, instead, limits, oversight, learned) if instead else done


def _call(work: Work) -> Flight:
    return work.call()  # type: ignore[operator]  # whoever has nothing to do has been set apart


def _lane(work: Work) -> tuple[str, str]:
    return lane_of(work.instances[0])


def _check(
    azure: Azure, batch: Batch, gate: health.Gate | None, oversight: Oversight, outcomes: list[Outcome[Instance]]
) -> list[Outcome[Instance]]:
    """Wait until a batch is healthy, or stop the run; the outcome of whoever is not healthy says so."""
    if gate is None:
        return outcomes
    ill = health.unhealthy(azure, gate, batch.instances, GateWatch(oversight))
    if oversight.interrupted():
        oversight.unseen = f"Interrupted before batch {batch.number} was seen to be healthy."
        return outcomes
    told = [{"id": one.id, "reason": why} for one, why in ill]
    oversight.tell(records.record("health", batch=batch.number, unhealthy=told))
    if not ill:
        return outcomes
    oversight.ill = True
    names = messages.some([one.name for one, _ in ill])
    oversight.stop(f"Stopped by --health-gate {gate.kind}: not healthy after {gate.timeout} s: {names}.")
    by_id = {one.id: f"Not healthy after {gate.timeout} s: {why}" for one, why in ill}
    after = [replace(one, reason=by_id.get(one.target.id, one.reason)) for one in outcomes]
    oversight.tell(*(records.outcome(oversight.operation, one) for one in after if one.target.id in by_id))
    return after
