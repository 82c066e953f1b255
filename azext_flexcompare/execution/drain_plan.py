"""The plan of what a run takes out of rotation, and what the log of an earlier run says of it."""

from __future__ import annotations

from collections.abc import Iterable

from knack.log import get_logger

from azext_flexcompare.execution.drain import DrainPlan, EarlierDrains
from azext_flexcompare.execution.drain_targets import emptied, find_targets
from azext_flexcompare.execution.plan import RunContext, RunPlan
from azext_flexcompare.instances import Instance, ResourceId
from azext_flexcompare.joblog.drains import out_of_rotation
from azext_flexcompare.joblog.file import read_records
from azext_flexcompare.joblog.replay import LoggedInstance, LoggedRun
from azext_flexcompare.output import messages
from azext_flexcompare.scheduler.outcome import Status


def plan_drain(context: RunContext, run_plan: RunPlan) -> DrainPlan:
    """Find the pools of the instances that the run acts on; raises what cannot be taken out of rotation."""
    run_options, earlier = context.run_options, run_plan.earlier_drains
    if not run_options.drain:
        return DrainPlan(earlier=earlier)
    acting = run_plan.acting
    targets = find_targets(
        context.azure, run_options.drain, acting, "--drain", some=not (run_options.resume or run_options.retry_failed)
    )
    return DrainPlan(
        targets,
        run_options.drain_time,
        run_options.undrain_failed,
        gated=bool(run_options.health_gate),
        earlier=earlier,
        acts=True,
        timeout=run_options.timeout,
        carried=bool(run_options.retry_failed) and run_plan.log is None,
    )


def show_drain(plan: DrainPlan, run_plan: RunPlan) -> None:
    """Show which pools the instances leave, and who is in none."""
    if not plan.acts:
        return
    drained = {id_ for one in plan.targets for id_ in one.instances.values()}
    for target in plan.targets:
        names = _names(run_plan.acting, target.instances.values())
        get_logger(__name__).warning("Out of rotation in %s first: %s", target.name, messages.first_names(names))
    others = [one.name for one in run_plan.acting if one.id not in drained]
    if others:
        get_logger(__name__).warning("In no backend pool to be taken out of: %s", messages.first_names(others))


def warn_of_emptied_pools(plan: DrainPlan, run_plan: RunPlan) -> None:
    """Warn of pools that have no instance left in rotation while a batch is operated on."""
    for batch in run_plan.batches:
        for name in emptied(plan.targets, {one.id for one in batch.instances}):
            get_logger(__name__).warning("Batch %d leaves no instance in rotation in %s.", batch.number, name)


def earlier_drains(path: str, logged_run: LoggedRun, found: Iterable[tuple[Instance, LoggedInstance]]) -> EarlierDrains:
    """Return whom a log leaves out of rotation; an instance that was never sent has the status NotStarted."""
    gated = bool(logged_run.plan["how"].get("healthGate"))
    statuses: dict[ResourceId, str] = {}
    for instance, logged in found:
        if logged.status is None and not logged.was_sent:
            statuses[instance.id] = Status.NOT_STARTED
        elif logged.status and (logged.status != Status.SUCCEEDED or not gated or logged.batch in logged_run.healthy):
            statuses[instance.id] = logged.status
    return EarlierDrains(out_of_rotation(read_records(path)), statuses)


def _names(instances: Iterable[Instance], ids: Iterable[str]) -> list[str]:
    wanted = set(ids)
    return [one.name for one in instances if one.id in wanted]
