"""A run from the choice of instances to the exit status: every operation goes this way."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

from azure.cli.core.azclierror import (
    AzCLIError,
    RequiredArgumentMissingError,
)
from knack.log import get_logger

from azext_flexcompare.arm.locks import locks_of
from azext_flexcompare.arm.rate_limits import CHANGES
from azext_flexcompare.arm.rate_limits import limits as limits_of
from azext_flexcompare.execution.alarm import watch_alarm
from azext_flexcompare.execution.availability import WindowPlan
from azext_flexcompare.execution.confirmation import ask, question_before, require_terminal
from azext_flexcompare.execution.drain import Drain
from azext_flexcompare.execution.drain_plan import plan_drain, show_drain, warn_of_emptied_pools
from azext_flexcompare.execution.health_command import gate_of
from azext_flexcompare.execution.health_extension import check_gate
from azext_flexcompare.execution.hooks import AFTER, BEFORE, Hooks
from azext_flexcompare.execution.monitor import Monitor
from azext_flexcompare.execution.plan import RunContext, RunPlan, kept_options, plan_run, run_context
from azext_flexcompare.execution.rollout import roll_out
from azext_flexcompare.execution.run_log import begin_log, log_reference, open_log
from azext_flexcompare.execution.set_protection import policy_reader
from azext_flexcompare.execution.sharing import check_share, cost_of_share
from azext_flexcompare.execution.turn import Batch, Rollout, RolloutPolicy
from azext_flexcompare.execution.user_command import Shell
from azext_flexcompare.execution.window_plan import plan_window
from azext_flexcompare.instances import Instance, ResourceId
from azext_flexcompare.joblog import records
from azext_flexcompare.joblog.events import events_to
from azext_flexcompare.joblog.file import JobLog
from azext_flexcompare.output import messages
from azext_flexcompare.output.conclusion import conclude_run
from azext_flexcompare.output.exit_status import exit_status
from azext_flexcompare.output.progress import STDERR, progress_on, write_lines
from azext_flexcompare.output.query import printable, require_query
from azext_flexcompare.output.rows import expected_rows
from azext_flexcompare.planning import cost
from azext_flexcompare.planning.batches import domain_of, separating
from azext_flexcompare.planning.engines import allowed_engines, preparer_of
from azext_flexcompare.planning.run_options import RunOptions
from azext_flexcompare.planning.work import Work, planned_outcomes
from azext_flexcompare.scheduler.interruption import interruptible
from azext_flexcompare.scheduler.outcome import BAD, Outcome
from azext_flexcompare.selection.choose import choose
from azext_flexcompare.selection.selection import Choice
from azext_flexcompare.table.entries import Operation
from azext_flexcompare.times import count


def run_operation(
    cli_ctx: Any, operation: Operation, choice: Choice, options: dict[str, Any], *, run_options: RunOptions
) -> list[dict[str, Any]]:
    """Choose, plan, confirm, send, poll and report; return a row for each instance, in the order chosen.

    Whatever is wrong with the choice or the options is raised before the first request that changes anything.
    """
    _require_names(operation, choice)
    check_share(run_options, choice.shard)
    context = run_context(cli_ctx, operation, options, run_options)
    with context.masked():
        prepare = context.preparer()
        chosen = choose(cli_ctx, operation.name, choice)
        return run(context, plan_run(context, prepare, chosen, _given(choice)))


def run(context: RunContext, run_plan: RunPlan) -> list[dict[str, Any]]:
    """Run a plan and report; return the rows."""
    run_options = context.run_options
    retry = messages.Retry(
        context.operation.name,
        kept_options(context),
        [option.name for option in context.operation.options if option.required],
        run_options.words(),
    )
    command = (context.cli_ctx, context.operation)
    with ExitStack() as stack:
        check_gate(context.azure, run_options.health_gate, run_plan.acting)
        run_plan, window = plan_window(context, run_plan)
        drain_plan = plan_drain(context, run_plan)
        warn_of_emptied_pools(drain_plan, run_plan)
        if run_options.dry_run:
            show_drain(drain_plan, run_plan)
            return conclude_run(command, run_plan.chosen, _planned(context, run_plan), retry)
        require_terminal(run_options, run_plan.batches)
        require_query(context.cli_ctx, expected_rows(context.operation, run_plan.chosen))
        _confirm(context, run_plan)
        monitor, log = _open_monitor(context, run_plan, stack)
        begin_log(context, run_plan, monitor, log)
        drain = Drain(context.azure, monitor, drain_plan)
        acted = _act(context, run_plan, monitor, drain=drain, window=window)
        outcomes = [*run_plan.known_outcomes, *run_plan.new_outcomes, *acted]
        run_end = drain.run_end(monitor.run_end(run_plan.stopped))
        status = exit_status((one.status for one in outcomes), run_end)
        monitor.write(records.end(context.operation, int(status), outcomes))
        retry = retry._replace(log=log_reference(log))
    rows = conclude_run(command, run_plan.chosen, outcomes, retry, run_end=run_end)
    return printable(context.cli_ctx, rows)


def _planned(context: RunContext, run_plan: RunPlan) -> list[Outcome[Instance]]:
    """Show the batches and the cost, and return the outcomes of a dry run."""
    numbers = run_plan.batch_numbers
    _show_batches(context, run_plan)
    _show_cost(context, run_plan)
    acting = [one for one in run_plan.chosen if one.id in numbers]
    works = [work for batch in run_plan.batches for work in batch.work]
    polled = {
        one.id: "It was sent already and is only polled." for work in works if work.sent for one in work.instances
    }
    planned = planned_outcomes(acting, {**_lock_reasons(context, acting), **polled}, numbers)
    return [*run_plan.known_outcomes, *run_plan.new_outcomes, *planned]


def _confirm(context: RunContext, run_plan: RunPlan) -> None:
    acting = run_plan.acting
    if context.operation.confirm and acting and not context.run_options.yes:
        ask(context.operation, acting)


def _open_monitor(context: RunContext, run_plan: RunPlan, stack: ExitStack) -> tuple[Monitor, JobLog | None]:
    """Return the monitor with its displays open, and its log; from here on an interruption is a state, no exception."""
    run_options, acting = context.run_options, len(run_plan.batch_numbers)
    monitor = Monitor(
        context.operation,
        stack.enter_context(interruptible()),
        context.finish,
        max_errors=run_options.max_errors,
        total=acting if run_plan.total is None else run_plan.total,
        errors=run_plan.errors + sum(one.status in BAD for one in run_plan.new_outcomes),
        log_output=run_options.log_output,
        now=lambda instance: context.azure.now(instance.subscription),
    )
    stack.callback(monitor.close)
    events = events_to(run_options.events, run_options.log_path)
    log = open_log(context, run_plan)
    monitor.recorders += [log] if log else []
    monitor.recorders += events
    monitor.displays += progress_on(context.cli_ctx, run_options.events, acting)
    return monitor, log


def _act(
    context: RunContext, run_plan: RunPlan, monitor: Monitor, *, drain: Drain, window: WindowPlan | None
) -> list[Outcome[Instance]]:
    run_options = context.run_options
    monitor.write(*(records.outcome(context.operation, one) for one in run_plan.new_outcomes))
    monitor.require_recording()
    monitor.check_error_limit()
    run_limits = limits_of(
        run_options.timeout,
        sends=CHANGES,
        max_parallel=run_options.max_parallel,
        wait=not run_options.no_wait,
        retries=run_options.retries,
    )
    shell = Shell(context.mask, monitor.interrupted)
    gate = gate_of(
        run_options, context.operation, context.operation.boots_with(context.given), shell=shell, azure=context.azure
    )
    batched = bool(run_options.batch_size or run_options.batch_by)
    domains = separating(run_plan.chosen, run_options.batch_by)
    questions = partial(question_before, run_options)
    policy = RolloutPolicy(
        run_options.batch_pause, gate, domains, batched=batched, window=window, question_before=questions
    )
    commands = {BEFORE: run_options.before_batch, AFTER: run_options.after_batch}
    echo = None if run_options.events == STDERR else write_lines()
    hooks = Hooks(monitor, shell, commands, run_options.hook_timeout, echo=echo, earlier=run_plan.hooks)
    rollout = Rollout(context.azure, run_limits, monitor, policy, hooks=hooks, drain=drain)
    with watch_alarm(run_options.stop_on, monitor, shell):
        return roll_out(rollout, run_plan.batches, run_plan.possibly_active, run_plan.gate_first)


def _given(choice: Choice) -> dict[str, Any]:
    return {name: value for name, value in choice._asdict().items() if value}


def _show_batches(context: RunContext, run_plan: RunPlan) -> None:
    if len(run_plan.batches) > 1:
        for batch in run_plan.batches:
            domain = domain_of(batch.instances, context.run_options.batch_by)
            what = count(len(batch.instances), "instance") + (domain and f", {domain}")
            get_logger(__name__).warning("Batch %d of %d: %s", batch.number, len(run_plan.batches), what)


def _show_cost(context: RunContext, run_plan: RunPlan) -> None:
    """Show the cost of each engine, by the calls that it prepares; those of the chosen engine are prepared already."""
    calls = {
        engine: [
            work.instances
            for batch in run_plan.batches
            for work in _prepared_by(engine, context, batch)
            if not work.sent
        ]
        for engine in allowed_engines(context.operation, context.given, context.run_options)
    }
    choice = (run_plan.record or {}).get("choice") or {}
    reads = policy_reader(context.operation, context.run_options, choice)
    lines = cost.cost_lines(context.operation, calls, not context.run_options.no_wait, reads)
    for line in [*lines, *(cost_of_share(choice) if lines else ())]:
        get_logger(__name__).warning(line)


def _prepared_by(engine: str, context: RunContext, batch: Batch) -> Sequence[Work]:
    if engine == context.run_options.engine:
        return batch.work
    prepare = preparer_of(engine, context.operation, context.options, context.azure)
    return prepare([one for work in batch.work if not work.sent for one in work.instances])


def _lock_reasons(context: RunContext, instances: Sequence[Instance]) -> dict[ResourceId, str]:
    """Return why a lock will keep instances from the operation, by id; where locks cannot be read, only warn."""
    try:
        locks = locks_of(context.azure, instances)
    except AzCLIError as error:
        get_logger(__name__).warning("Locks that may prevent the operation could not be read: %s", error)
        return {}
    held = {i.id: [one for one in locks if one.holds_for(i.id) and one.forbids(context.operation)] for i in instances}
    return {
        id_: "; ".join(f"Locked: {one.level} by {one.name}" for one in found) for id_, found in held.items() if found
    }


def _require_names(operation: Operation, choice: Choice) -> None:
    if not (choice.names_instances or operation.everyInstance):
        raise RequiredArgumentMissingError(
            f"{operation.name} acts on all instances only when asked to: --instance-ids is missing.",
            recommendation="Name the instances, or use `--instance-ids '*'` for all of them.",
        )
