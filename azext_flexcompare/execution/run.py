"""How does an operation run, from the choice to the exit status? Every one goes this way."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from azure.cli.core.azclierror import (
    AzCLIError,
    RequiredArgumentMissingError,
)
from knack.log import get_logger

from azext_flexcompare.arm.locks import locks_of
from azext_flexcompare.arm.rate_limits import CHANGES
from azext_flexcompare.arm.rate_limits import limits as limits_of
from azext_flexcompare.execution.confirmation import ask, count_of
from azext_flexcompare.execution.health_gate import Gate
from azext_flexcompare.execution.monitor import Monitor
from azext_flexcompare.execution.plan import RunContext, RunPlan, plan_run, run_context
from azext_flexcompare.execution.rollout import Batch, RolloutPolicy, roll_out
from azext_flexcompare.instances import Instance
from azext_flexcompare.joblog import file as job_log
from azext_flexcompare.joblog import records
from azext_flexcompare.joblog.events import events_to
from azext_flexcompare.output import exit_status, messages
from azext_flexcompare.output.conclusion import conclude
from azext_flexcompare.output.exit_status import RunEnd
from azext_flexcompare.output.masking import masked_logging
from azext_flexcompare.output.progress import progress_on
from azext_flexcompare.planning import cost
from azext_flexcompare.planning.batches import domain_of
from azext_flexcompare.planning.engines import ENGINES, can, prepared_by
from azext_flexcompare.planning.run_options import RunOptions
from azext_flexcompare.planning.work import Work, planned_outcomes
from azext_flexcompare.scheduler.interruption import interruptible
from azext_flexcompare.scheduler.outcome import BAD, Outcome
from azext_flexcompare.selection.choose import choose
from azext_flexcompare.selection.selection import Choice
from azext_flexcompare.table.entries import Operation


def run_operation(
    cli_ctx: Any, operation: Operation, choice: Choice, options: dict[str, Any], run_options: RunOptions
) -> list[dict[str, Any]]:
    """Choose, prepare, confirm, send to each instance, watch and report; return a row for each, in the order chosen.

    Whatever is wrong with the choice or the options is raised before the first request that changes anything.
    """
    _demand_names(operation, choice)
    context = run_context(cli_ctx, operation, options, run_options)
    prepare = context.preparer()
    chosen = choose(cli_ctx, operation.name, choice)
    return run(context, plan_run(context, prepare, chosen, _typed(choice)))


def run(context: RunContext, run_plan: RunPlan) -> list[dict[str, Any]]:
    """Do what is on the agenda and report; return the rows."""
    run_options, numbers = context.run_options, run_plan.numbers
    retry = messages.Retry(context.operation.name, context.given, engine=run_options.engine, log=run_options.log_path)
    with ExitStack() as stack:
        stack.enter_context(masked_logging(context.mask))
        if run_options.dry_run:
            _describe_plan(context, run_plan)
            _show_cost(context, run_plan)
            would = [one for one in run_plan.chosen if one.id in numbers]
            outcomes = [
                *run_plan.settled,
                *run_plan.new_outcomes,
                *planned_outcomes(would, _locked(context, would), numbers),
            ]
            return conclude(context.cli_ctx, context.operation, run_plan.chosen, outcomes, retry)
        _agree(context, run_plan)
        monitor = _open_monitor(context, run_plan, stack)
        outcomes = [*run_plan.settled, *run_plan.new_outcomes, *_act(context, run_plan, monitor)]
        run_end = RunEnd(monitor.stopped or run_plan.stopped, monitor.ill, monitor.refusals, monitor.unseen)
        monitor.tell(records.record("end", exit=int(exit_status.status_of(outcomes, run_end))))
    return conclude(context.cli_ctx, context.operation, run_plan.chosen, outcomes, retry, run_end)


def _agree(context: RunContext, run_plan: RunPlan) -> None:
    acting = [one for batch in run_plan.batches for work in batch.work if work.sends for one in work.instances]
    if context.operation.confirm and acting and not context.run_options.yes:
        ask(context.operation, acting)


def _open_monitor(context: RunContext, run_plan: RunPlan, stack: ExitStack) -> Monitor:
    """Open the log and whatever else follows the run; from here on an interruption is asked for, not thrown."""
    run_options, total = context.run_options, len(run_plan.numbers)
    interrupted = stack.enter_context(interruptible())
    errors = run_plan.errors + sum(one.status in BAD for one in run_plan.new_outcomes)
    share_of = total if run_plan.total is None else run_plan.total
    monitor = Monitor(context.operation, interrupted, context.mask, run_options.max_errors, share_of, errors)
    stack.callback(monitor.close)
    log = run_plan.log or (job_log.create(run_options.job_log) if run_options.job_log else None)
    monitor.recorders += [log] if log else []
    monitor.recorders += events_to(run_options.events)
    monitor.displays += progress_on(context.cli_ctx, run_options.events, total)
    return monitor


def _act(context: RunContext, run_plan: RunPlan, monitor: Monitor) -> list[Outcome[Instance]]:
    run_options = context.run_options
    monitor.tell(run_plan.plan or records.record("resumed"), *run_plan.carried_records)
    monitor.tell(*(records.outcome(context.operation, one) for one in run_plan.new_outcomes))
    monitor.require_recording()
    monitor.check_error_limit()
    limits = limits_of(
        run_options.timeout, sends=CHANGES, max_parallel=run_options.max_parallel, wait=not run_options.no_wait
    )
    gate = Gate(run_options.health_gate, run_options.health_timeout) if run_options.health_gate else None
    policy = RolloutPolicy(run_options.batch_pause, gate, run_options.batch_by)
    return roll_out(context.azure, run_plan.batches, limits, monitor, policy, run_plan.possibly_active)


def _typed(choice: Choice) -> dict[str, Any]:
    return {name: value for name, value in choice._asdict().items() if value}


def _describe_plan(context: RunContext, run_plan: RunPlan) -> None:
    if len(run_plan.batches) > 1:
        for batch in run_plan.batches:
            where = domain_of(batch.instances, context.run_options.batch_by)
            what = count_of(batch.instances) + (where and f", {where}")
            get_logger(__name__).warning("Batch %d of %d: %s", batch.number, len(run_plan.batches), what)


def _show_cost(context: RunContext, run_plan: RunPlan) -> None:
    """Say what each engine would take, by the calls that it really prepares; those of the chosen one are there."""
    ways = {
        engine: [work.instances for batch in run_plan.batches for work in _prepared_by(engine, context, batch)]
        for engine in ENGINES
        if can(engine, context.operation, context.given)
    }
    for line in cost.cost_lines(context.operation, ways, not context.run_options.no_wait):
        get_logger(__name__).warning(line)


def _prepared_by(engine: str, context: RunContext, batch: Batch) -> Sequence[Work]:
    if engine == context.run_options.engine:
        return batch.work
    prepare = prepared_by(engine, context.operation, context.options, context.azure)
    return prepare([one for work in batch.work for one in work.instances])


def _locked(context: RunContext, instances: Sequence[Instance]) -> dict[str, str]:
    """Find the instances that a lock will keep from the operation, with the reason by id; a hint, so it may fail."""
    try:
        locks = locks_of(context.azure, instances)
    except AzCLIError as error:
        get_logger(__name__).warning("Whether locks stand in the way could not be read: %s", error)
        return {}
    held = {i.id: [one for one in locks if one.holds_for(i.id) and one.forbids(context.operation)] for i in instances}
    return {
        id_: "; ".join(f"Locked: {one.level} by {one.name}" for one in found) for id_, found in held.items() if found
    }


def _demand_names(operation: Operation, choice: Choice) -> None:
    whole_sets = choice.ids is None or any("/virtualmachinescalesets/" in one.lower() for one in choice.ids)
    if whole_sets and choice.names is None and not operation.everyInstance:
        raise RequiredArgumentMissingError(
            f"{operation.name} does not act on every instance unless told to: --instance-ids is missing.",
            recommendation="Name the instances, or give `--instance-ids '*'` for every one.",
        )
