"""Runs by their job log: resumed, retried where they failed, or waited for."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Container, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from time import monotonic, sleep
from typing import Any

from azure.cli.core.azclierror import (
    InvalidArgumentValueError,
    MutuallyExclusiveArgumentError,
    RequiredArgumentMissingError,
    ValidationError,
)
from knack.log import get_logger

from azext_flexcompare.arm.clients import compute_client
from azext_flexcompare.arm.scale_sets import Reader
from azext_flexcompare.arm.typed import typed
from azext_flexcompare.execution.availability import logged_budgets
from azext_flexcompare.execution.closed_gates import closed_gate
from azext_flexcompare.execution.drain_plan import earlier_drains
from azext_flexcompare.execution.hooks import AFTER
from azext_flexcompare.execution.logged_shell import is_own, require_own
from azext_flexcompare.execution.plan import SECRET, RunContext, RunPlan, plan_run, run_context
from azext_flexcompare.execution.planned_instances import planned_instance, reread_instances, why_missing
from azext_flexcompare.execution.remaining_work import (
    TO_BE_SENT,
    Source,
    poll_only,
    remaining_work,
)
from azext_flexcompare.execution.run import run
from azext_flexcompare.execution.turn import Batch
from azext_flexcompare.instances import Instance, ResourceId
from azext_flexcompare.joblog import file as job_log
from azext_flexcompare.joblog.hook_records import read_hooks
from azext_flexcompare.joblog.jobs import find_log, reference
from azext_flexcompare.joblog.records import Record
from azext_flexcompare.joblog.replay import ENDED, TO_RETRY, LoggedInstance, LoggedRun, outcome_of, replay
from azext_flexcompare.output import messages
from azext_flexcompare.output.conclusion import conclude_run
from azext_flexcompare.output.exit_status import RunEnd
from azext_flexcompare.output.script_result import note_lost_output
from azext_flexcompare.planning.run_options import RunOptions, merge_run_options
from azext_flexcompare.planning.work import Work, skip_reasons, skipped_outcomes, without_skips
from azext_flexcompare.scheduler.interruption import interruptible
from azext_flexcompare.scheduler.outcome import Error, Outcome, Status
from azext_flexcompare.selection.selection import Choice, ChoiceError, select
from azext_flexcompare.table.entries import Operation, operations

Rows = list[dict[str, Any]]
Found = list[tuple[Instance, LoggedInstance]]
WorkOf = Callable[[Found], tuple[list[Work], list[Outcome[Instance]]]]
END_NOT_SEEN = (None, Status.INTERRUPTED, Status.ACCEPTED)  # of instances that were sent
FOLLOW_INTERVAL = 0.5  # seconds between checks of whether another process still writes a log
END_SEEN = (Status.SUCCEEDED, Status.FAILED, Status.SKIPPED)


def resume(cli_ctx: Any, operation: Operation, choice: Choice, options: dict[str, Any], given: dict[str, Any]) -> Rows:
    """Finish the run of a log: poll what was accepted, check what may have been, send the rest as planned."""
    given = {**given, "resume": find_log(given["resume"])}
    with ExitStack() as stack:
        path, log, logged_run = _open(given["resume"], given, stack)
        context = _resumed_context(
            cli_ctx,
            operation,
            choice,
            options,
            run_options=merge_run_options(given, logged_run.plan["how"]),
            source=(path, logged_run),
        )
        stack.enter_context(context.masked())
        prepare, found = context.preparer(), _instances_of(cli_ctx, context, logged_run)
        prepare = context.protecting(prepare, logged_run.plan["choice"], resumed=True)
        excluded = _excluded(found, choice)

        def to_be_done(left: Found) -> tuple[list[Work], list[Outcome[Instance]]]:
            omitted = [one for one, logged in left if one.id in excluded and not logged.was_sent]
            others = [each for each in left if each[0] not in omitted]
            work, missing = remaining_work(_source(context, logged_run), others, prepare)
            return work, [*_skip_missing(missing), *skipped_outcomes(omitted, excluded)]

        run_plan = _plan_rest(context, logged_run, found, to_be_done, ended=lambda logged: logged.status in ENDED)
        total = sum(logged.batch is not None for _, logged in found)
        run_plan = run_plan._replace(batches=[_without(batch, excluded) for batch in run_plan.batches])
        gate_first, _ = closed_gate(logged_run)
        run_plan = run_plan._replace(log=log, total=total, gate_first=gate_first and _without(gate_first, excluded))
        sets = dict.fromkeys(instance.scale_set for instance, _ in found)
        budgets = logged_budgets(logged_run.plan, sets) if context.run_options.max_unavailable else []
        run_plan = run_plan._replace(hooks=read_hooks(logged_run), budgets=budgets)
        drains = earlier_drains(path, logged_run, found)
        return run(context, run_plan._replace(possibly_active=_possibly_active(found), earlier_drains=drains))


def retry_failed(
    cli_ctx: Any, operation: Operation, choice: Choice, options: dict[str, Any], given: dict[str, Any]
) -> Rows:
    """Retry what is Failed, TimedOut or NotStarted in the run of a log, as a run of its own in the same log.

    Where a health gate stopped the run, it must pass before anything is sent.
    """
    given = {**given, "retry_failed": find_log(given["retry_failed"])}
    with ExitStack() as stack:
        path, log, logged_run = _open(given["retry_failed"], given, stack)
        run_options = merge_run_options(given, logged_run.plan["how"], new_plan=True)
        context = _resumed_context(
            cli_ctx, operation, choice, options, run_options=run_options, source=(path, logged_run)
        )
        stack.enter_context(context.masked())
        prepare, found = context.preparer(), _instances_of(cli_ctx, context, logged_run)
        excluded = _excluded(found, choice)
        retried = [one for one, logged in found if _to_retry(logged) and one.id not in excluded]
        if not retried:
            get_logger(__name__).warning("The run of %s has nothing to retry.", path)
            return []
        not_seen = [logged for _, logged in found if logged.was_sent and logged.status in END_NOT_SEEN]
        _warn_of_not_seen(path, operation, not_seen)
        there = [one for one in retried if not why_missing(one)]
        run_plan = plan_run(context, prepare, there, logged_run.plan["choice"])
        gone = _skip_missing(one for one in retried if why_missing(one))
        run_plan = run_plan._replace(
            chosen=retried,
            new_outcomes=[*run_plan.new_outcomes, *gone],
            possibly_active=_possibly_active(found),
            earlier_drains=earlier_drains(path, logged_run, found),
        )
        kept = [one for one in found if one[0].id not in excluded]
        run_plan = _with_gate(run_plan, *closed_gate(logged_run, kept))
        return run(
            context, _carry_over(run_plan, not_seen)._replace(log=log) if run_options.log_path == path else run_plan
        )


def wait_for_log(cli_ctx: Any, path: str, timeout: int) -> Rows:
    """Wait until the run of a log ends, in whatever process it runs, then poll to their end the operations it left.

    Nothing is sent that changes anything.
    """
    began, path = monotonic(), find_log(path)
    with ExitStack() as stack:
        try:
            log, records = _follow(path, timeout)
        except job_log.LogInUse:
            return _report_unfinished(cli_ctx, path, timeout, interrupted=monotonic() - began < timeout)
        stack.callback(log.close)
        logged_run = replay(records)
        operation = _operation_of(path, logged_run)
        engine = RunOptions.from_log(logged_run.plan["how"]).engine
        left = max(1, round(timeout - (monotonic() - began)))
        kept, unknown = _kept_options(operation, logged_run.plan["options"])
        run_options = RunOptions(timeout=left, engine=engine, resume=path)
        context = run_context(cli_ctx, operation, kept, run_options, unknown_secrets=unknown)
        stack.enter_context(context.masked())
        found = _instances_of(cli_ctx, context, logged_run)

        def watched(left: Found) -> tuple[list[Work], list[Outcome[Instance]]]:
            never = [_unsent(*one) for one in left if not one[1].was_sent]
            return poll_only(_source(context, logged_run, watches=True), left), never

        run_plan = _plan_rest(context, logged_run, found, watched, ended=_is_end_seen)
        never = sum(one.status == Status.NOT_STARTED for one in run_plan.new_outcomes)
        stopped = f"{never} of {len(run_plan.chosen)} were never sent; --resume sends them." if never else None
        return run(
            context,
            run_plan._replace(
                log=log,
                new_outcomes=[],
                known_outcomes=[*run_plan.known_outcomes, *run_plan.new_outcomes],
                stopped=stopped,
                earlier_drains=earlier_drains(path, logged_run, found),
            ),
        )


def _follow(path: str, timeout: float) -> tuple[job_log.JobLog, list[Record]]:
    """Open a log once no other process writes it; raises LogInUse when the time is over or after an interruption."""
    end = monotonic() + timeout
    with interruptible() as interrupted:
        while True:
            try:
                return job_log.open_to_append(path)
            except job_log.LogInUse:
                if interrupted() or monotonic() >= end:
                    raise
            sleep(FOLLOW_INTERVAL)


def _report_unfinished(cli_ctx: Any, path: str, timeout: int, *, interrupted: bool) -> Rows:
    """Report how far the run of another process has come, by its log."""
    logged_run = replay(job_log.read_complete(path))
    operation = _operation_of(path, logged_run)
    found = [(planned_instance(logged.planned), logged) for logged in logged_run.instances.values()]
    error = Error("TimedOut", f"The run of {path} was in progress in another process after {timeout} s.")
    not_seen = Outcome(found[0][0], Status.INTERRUPTED, reason="End not seen.") if interrupted else None

    def outcome(instance: Instance, logged: LoggedInstance) -> Outcome[Instance]:
        if logged.status:
            return outcome_of(instance, logged)
        if not logged.was_sent:
            return Outcome(instance, Status.NOT_STARTED, reason="Its turn had not come.", batch=logged.batch)
        if not_seen:
            return replace(not_seen, target=instance, url=logged.url, batch=logged.batch)
        return Outcome(instance, Status.TIMED_OUT, error, url=logged.url, batch=logged.batch)

    outcomes = [outcome(*one) for one in found]
    run_end = RunEnd(stopped=None if interrupted else f"The run of {path} goes on in another process.")
    chosen = [one for one, _ in found]
    return conclude_run((cli_ctx, operation), chosen, outcomes, messages.Retry(operation.name), run_end=run_end)


def _excluded(found: Found, choice: Choice) -> dict[ResourceId, str]:
    """Return why instances are left out of the rest of a run, by id."""
    if not choice.exclude:
        return {}
    instances = [one for one, _ in found]
    try:
        kept = {one.id for one in select(instances, Choice(exclude=choice.exclude))}
    except ChoiceError as error:
        message = str(error)
        raise ValidationError(f"{message[0].upper()}{message[1:]}.", recommendation=error.helps) from error
    return {one.id: "Left out by --exclude." for one in instances if one.id not in kept}


def _without(batch: Batch, excluded: Container[ResourceId]) -> Batch:
    ended = [one for one in batch.ended if one.target.id not in excluded]
    return batch._replace(instances=[one for one in batch.instances if one.id not in excluded], ended=ended)


def _open(path: str, given: dict[str, Any], stack: ExitStack) -> tuple[str, job_log.JobLog | None, LoggedRun]:
    if given.get("dry_run"):
        return path, None, replay(job_log.read_complete(path))
    if not is_own(path):
        require_own(path, recorded=replay(job_log.read_complete(path)).plan["how"], given=given)
    log, records = job_log.open_to_append(path)
    stack.callback(log.close)
    return path, log, replay(records)


def _operation_of(path: str, logged_run: LoggedRun) -> Operation:
    name = logged_run.plan["operation"]
    found = next((one for one in operations() if one.name == name), None)
    if found is None:
        raise InvalidArgumentValueError(f"{path} is the log of {name}, which is no operation.", job_log.NEEDS_JOB_LOG)
    return found


def _resumed_context(
    cli_ctx: Any,
    operation: Operation,
    choice: Choice,
    options: dict[str, Any],
    run_options: RunOptions,
    source: tuple[str, LoggedRun],
) -> RunContext:
    path, logged_run = source
    same = _operation_of(path, logged_run)
    planned = same.name
    if operation.canonical != same.canonical:
        raise InvalidArgumentValueError(
            f"{path} is the log of {planned}, not of {operation.name}.",
            recommendation=f"Use `az vmss-flex {planned}`, or the log of another run.",
        )
    _check_same_choice(path, choice, logged_run.plan["choice"])
    return run_context(
        cli_ctx, operation, _merge_options(path, operation, options, logged_run.plan["options"]), run_options
    )


def _check_same_choice(path: str, choice: Choice, planned: dict[str, Any]) -> None:
    for name, value in choice._replace(exclude=())._asdict().items():
        if value and _comparable(value) != _comparable(planned.get(name)):
            raise InvalidArgumentValueError(
                f"{path} is about other instances: its {name.replace('_', ' ')} is not {_as_text(value)}.",
                recommendation="Leave out the options that choose instances; the log has them.",
            )


def _comparable(value: Any) -> Any:
    return json.loads(json.dumps(value).lower())


def _as_text(value: Any) -> str:
    if isinstance(value, (str, bool)):
        return str(value).lower() if isinstance(value, bool) else value
    return ", ".join(str(one) for one in value)


def _merge_options(path: str, operation: Operation, options: dict[str, Any], planned: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a plan, with those that its log does not keep as they are given now."""
    found = dict(options)
    for option in operation.options:
        now = None if options.get(option.dest) == [] else options.get(option.dest)
        kept = planned.get(option.name)
        if option.name in planned and kept is None and now is None:
            raise RequiredArgumentMissingError(
                f"{option.name} is not kept in {path}, since it may hold a secret.",
                recommendation=f"Give {option.name} again, with the same value.",
            )
        if now is not None and (option.name not in planned or kept not in (None, now)):
            raise MutuallyExclusiveArgumentError(
                f"{option.name} differs from the run of {path}.", recommendation="Leave it out."
            )
        found[option.dest] = kept if now is None else now
    return found


def _kept_options(operation: Operation, planned: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the options of a plan that its log has, and the names of those that it does not have."""
    kept = {option.dest: planned[option.name] for option in operation.options if planned.get(option.name) is not None}
    missing = [one for one in operation.options if one.name in planned and planned[one.name] is None]
    return kept, [option.name for option in missing if option.type in SECRET]


def _instances_of(cli_ctx: Any, context: RunContext, logged_run: LoggedRun) -> Found:
    reader = Reader(partial(compute_client, cli_ctx), context.operation.name, typed(cli_ctx))
    instances = reread_instances(reader, logged_run)
    return [(instances[id_], logged) for id_, logged in logged_run.instances.items()]


def _plan_rest(
    context: RunContext, logged_run: LoggedRun, found: Found, work_of: WorkOf, ended: Callable[[LoggedInstance], bool]
) -> RunPlan:
    """Return the plan of what is left; a batch that has ended is in it only for the gate or the hook after it."""
    batches: list[Batch] = []
    new_outcomes: list[Outcome[Instance]] = []
    known = [note_lost_output(context.operation, outcome_of(*one)) for one in found if ended(one[1])]
    members_of: dict[int | None, Found] = {}
    for one in found:
        members_of.setdefault(one[1].batch, []).append(one)
    for number in range(1, logged_run.plan["batches"] + 1):
        members = members_of.get(number, [])
        left = [one for one in members if not ended(one[1])]
        if not left and _is_over(context.run_options, logged_run, number):
            continue
        work, missing = work_of(left)
        idle = skipped_outcomes((instance for instance, _ in left), skip_reasons(work))
        new_outcomes += [*missing, *idle]
        seen = [outcome_of(*one) for one in members if ended(one[1])]
        batches.append(Batch(number, [_as_planned(*one) for one in members], without_skips(work), seen))
    passed = [instance for instance, logged in found if logged.batch is None and logged.status is None]
    new_outcomes += skipped_outcomes(
        passed, dict.fromkeys((one.id for one in passed), "It needed no call when the run was planned.")
    )
    return RunPlan([instance for instance, _ in found], batches, known, new_outcomes, errors=len(logged_run.failed))


def _is_over(run_options: RunOptions, logged_run: LoggedRun, number: int) -> bool:
    """Check whether nothing is to follow the outcomes of a batch."""
    gate, hook, hooks = run_options.health_gate, run_options.after_batch, read_hooks(logged_run)
    if run_options.max_unavailable:
        turns = {id_ for id_, one in logged_run.instances.items() if one.batch == number}
        return not (gate or hook) or turns <= {*hooks.turns}
    healthy = not gate or number in logged_run.healthy
    return healthy and (not hook or hooks.ended(AFTER, number))


def _as_planned(instance: Instance, logged: LoggedInstance) -> Instance:
    """Return an instance as it was before it was sent; of that the log has the power state, and no report."""
    sent = logged.was_sent or logged.outcome
    return instance._replace(power_state=logged.planned["powerState"], resource=None) if sent else instance


def _is_end_seen(logged: LoggedInstance) -> bool:
    return logged.status in END_SEEN or (logged.status == Status.TIMED_OUT and not logged.was_sent)


def _possibly_active(found: Found) -> list[Instance]:
    return [instance for instance, logged in found if logged.may_be_active]


def _unsent(instance: Instance, logged: LoggedInstance) -> Outcome[Instance]:
    return Outcome(instance, Status.NOT_STARTED, reason=TO_BE_SENT, batch=logged.batch)


def _to_retry(logged: LoggedInstance) -> bool:
    never = logged.status is None and not logged.was_sent and logged.batch is not None
    return never or logged.status in TO_RETRY


def _source(context: RunContext, logged_run: LoggedRun, *, watches: bool = False) -> Source:
    planned = RunOptions.from_log(logged_run.plan["how"])
    return Source(context.azure, context.operation, planned.engine, timeout=planned.timeout, watches=watches)


def _skip_missing(missing: Iterable[Instance]) -> list[Outcome[Instance]]:
    return [Outcome(one, Status.SKIPPED, reason=why_missing(one), batch=None) for one in missing]


def _warn_of_not_seen(path: str, operation: Operation, not_seen: Sequence[LoggedInstance]) -> None:
    if not_seen:
        get_logger(__name__).warning(
            "%d were sent and their end was not seen; they are not retried. To resume: az vmss-flex %s --resume %s",
            len(not_seen),
            operation.name,
            shlex.quote(reference(path)),
        )


def _with_gate(run_plan: RunPlan, gate_first: Batch | None, gated: list[dict[str, Any]]) -> RunPlan:
    record = {**(run_plan.record or {}), "gated": gated} if gated else run_plan.record
    return run_plan._replace(gate_first=gate_first, record=record)


def _carry_over(run_plan: RunPlan, not_seen: Sequence[LoggedInstance]) -> RunPlan:
    """Return a plan that keeps in its log which instances the plan before it left in operation."""
    if not not_seen or run_plan.record is None:
        return run_plan
    left = [logged.carried() for logged in not_seen]
    sets = [*run_plan.record["scaleSets"], *(one["scaleSetId"] for one in left)]
    record = {
        **run_plan.record,
        "scaleSets": list(dict.fromkeys(sets)),
        "instances": [*run_plan.record["instances"], *left],
        "batches": max(1, run_plan.record["batches"]),
    }
    return run_plan._replace(record=record)
