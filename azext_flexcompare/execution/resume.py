"""Runs by their job log: resumed, retried where they failed, or waited for."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

from azure.cli.core.azclierror import (
    InvalidArgumentValueError,
    MutuallyExclusiveArgumentError,
    RequiredArgumentMissingError,
)
from knack.log import get_logger

from azext_flexcompare.arm.clients import compute_client
from azext_flexcompare.arm.scale_sets import Reader
from azext_flexcompare.execution.plan import RunContext, RunPlan, plan_run, run_context
from azext_flexcompare.execution.remaining_work import (
    NOT_IN_SET,
    TO_BE_SENT,
    poll_only,
    remaining_work,
    reread_instances,
)
from azext_flexcompare.execution.rollout import Batch
from azext_flexcompare.execution.run import run
from azext_flexcompare.instances import Instance
from azext_flexcompare.joblog import file as job_log
from azext_flexcompare.joblog.replay import ENDED, TO_RETRY, LoggedInstance, LoggedRun, outcome_of, replay
from azext_flexcompare.planning.engines import VM
from azext_flexcompare.planning.run_options import RunOptions, merge_run_options
from azext_flexcompare.planning.work import Work, skip_reasons, skipped_outcomes, without_skips
from azext_flexcompare.scheduler.outcome import Outcome, Status
from azext_flexcompare.selection.selection import Choice
from azext_flexcompare.table.entries import Operation, operations

Rows = list[dict[str, Any]]
Found = list[tuple[Instance, LoggedInstance]]
WorkOf = Callable[[Found], tuple[list[Work], list[Outcome[Instance]]]]
END_NOT_SEEN = (None, Status.INTERRUPTED, Status.ACCEPTED)  # of instances that were sent
END_SEEN = (Status.SUCCEEDED, Status.FAILED, Status.SKIPPED)


def resume(cli_ctx: Any, operation: Operation, choice: Choice, options: dict[str, Any], given: dict[str, Any]) -> Rows:
    """Finish the run of a log: poll what was accepted, check what may have been, send the rest as planned."""
    with ExitStack() as stack:
        path, log, logged_run = _open(given["resume"], given, stack)
        context = _resumed_context(
            cli_ctx, operation, choice, options, merge_run_options(given, logged_run.plan["how"]), (path, logged_run)
        )
        prepare, found = context.preparer(), _instances_of(cli_ctx, context, logged_run)

        def to_be_done(left: Found) -> tuple[list[Work], list[Outcome[Instance]]]:
            work, missing = remaining_work(context.azure, left, prepare, context.run_options.engine == VM)
            return work, [_missing(operation, one) for one in missing]

        run_plan = _plan_rest(context, logged_run, found, to_be_done, lambda logged: logged.status in ENDED)
        total = sum(logged.batch is not None for _, logged in found)
        return run(context, run_plan._replace(log=log, total=total, possibly_active=_possibly_active(found)))


def retry_failed(
    cli_ctx: Any, operation: Operation, choice: Choice, options: dict[str, Any], given: dict[str, Any]
) -> Rows:
    """Retry what is Failed, TimedOut or NotStarted in the run of a log, as a run of its own in the same log."""
    with ExitStack() as stack:
        path, log, logged_run = _open(given["retry_failed"], given, stack)
        run_options = merge_run_options(given, logged_run.plan["how"], new_plan=True)
        context = _resumed_context(cli_ctx, operation, choice, options, run_options, (path, logged_run))
        prepare, found = context.preparer(), _instances_of(cli_ctx, context, logged_run)
        retried = [one for one, logged in found if _to_retry(logged)]
        if not retried:
            get_logger(__name__).warning("The run of %s has nothing to retry.", path)
            return []
        not_seen = [logged for _, logged in found if logged.was_sent and logged.status in END_NOT_SEEN]
        _warn_of_not_seen(path, operation, not_seen)
        missing = {one.id: one for one in retried if one.resource is None}
        there = [one for one in retried if one.id not in missing]
        run_plan = plan_run(context, prepare, there, logged_run.plan["choice"])
        new_outcomes = [*run_plan.new_outcomes, *(_missing(operation, one) for one in missing.values())]
        run_plan = run_plan._replace(chosen=retried, new_outcomes=new_outcomes, possibly_active=_possibly_active(found))
        return run(
            context, _carry_over(run_plan, not_seen)._replace(log=log) if run_options.log_path == path else run_plan
        )


def wait_for_log(cli_ctx: Any, path: str, timeout: int) -> Rows:
    """Poll to their end the operations that the run of a log has sent, and send nothing."""
    with ExitStack() as stack:
        _, log, logged_run = _open(path, {}, stack)
        operation = next(one for one in operations() if one.name == logged_run.plan["operation"])
        engine = RunOptions.from_log(logged_run.plan["how"]).engine
        context = run_context(cli_ctx, operation, {}, RunOptions(timeout=timeout, engine=engine, resume=path))
        found = _instances_of(cli_ctx, context, logged_run)

        def watched(left: Found) -> tuple[list[Work], list[Outcome[Instance]]]:
            never = [_unsent(*one) for one in left if not one[1].was_sent]
            return poll_only(context.azure, left, engine == VM), never

        run_plan = _plan_rest(context, logged_run, found, watched, _is_end_seen)
        never = sum(one.status == Status.NOT_STARTED for one in run_plan.new_outcomes)
        stopped = f"{never} of {len(run_plan.chosen)} were never sent; --resume sends them." if never else None
        return run(
            context,
            run_plan._replace(
                log=log,
                new_outcomes=[],
                known_outcomes=[*run_plan.known_outcomes, *run_plan.new_outcomes],
                stopped=stopped,
            ),
        )


def _open(path: str, given: dict[str, Any], stack: ExitStack) -> tuple[str, job_log.JobLog | None, LoggedRun]:
    if given.get("dry_run"):
        return path, None, replay(job_log.read_complete(path))
    log, records = job_log.open_to_append(path)
    stack.callback(log.close)
    return path, log, replay(records)


def _resumed_context(
    cli_ctx: Any,
    operation: Operation,
    choice: Choice,
    options: dict[str, Any],
    run_options: RunOptions,
    source: tuple[str, LoggedRun],
) -> RunContext:
    path, logged_run = source
    planned = logged_run.plan["operation"]
    same = next((one for one in operations() if one.name == planned), None)
    if same is None or operation.canonical != same.canonical:
        raise InvalidArgumentValueError(
            f"{path} is the log of {planned}, not of {operation.name}.",
            recommendation=f"Use `az vmss-flex {planned}`, or the log of another run.",
        )
    _check_same_choice(path, choice, logged_run.plan["choice"])
    return run_context(
        cli_ctx, operation, _merge_options(path, operation, options, logged_run.plan["options"]), run_options
    )


def _check_same_choice(path: str, choice: Choice, planned: dict[str, Any]) -> None:
    for name, value in choice._asdict().items():
        if value and _comparable(value) != _comparable(planned.get(name)):
            raise InvalidArgumentValueError(
                f"{path} is about other instances: its {name.replace('_', ' ')} is not {_as_text(value)}.",
                recommendation="Leave out the options that choose instances; the log has them.",
            )


def _comparable(value: Any) -> Any:
    return json.loads(json.dumps(value).lower())


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else ", ".join(str(one) for one in value)


def _merge_options(path: str, operation: Operation, options: dict[str, Any], planned: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a plan, with those that its log does not keep as they are given now."""
    found = dict(options)
    for option in operation.options:
        now, kept = options.get(option.dest) or None, planned.get(option.name)
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


def _instances_of(cli_ctx: Any, context: RunContext, logged_run: LoggedRun) -> Found:
    reader = Reader(partial(compute_client, cli_ctx), context.operation.name)
    instances = reread_instances(reader, logged_run)
    return [(instances[id_], logged) for id_, logged in logged_run.instances.items()]


def _plan_rest(
    context: RunContext, logged_run: LoggedRun, found: Found, work_of: WorkOf, ended: Callable[[LoggedInstance], bool]
) -> RunPlan:
    """Return the plan of what is left; a batch that has ended is in it only if its health gate did not pass."""
    batches: list[Batch] = []
    new_outcomes: list[Outcome[Instance]] = []
    known = [outcome_of(*one) for one in found if ended(one[1])]
    for number in range(1, logged_run.plan["batches"] + 1):
        members = [one for one in found if one[1].batch == number]
        left = [one for one in members if not ended(one[1])]
        if not left and (context.run_options.health_gate is None or number in logged_run.healthy):
            continue
        work, missing = work_of(left)
        idle = skipped_outcomes((instance for instance, _ in left), skip_reasons(work))
        new_outcomes += [*missing, *idle]
        batches.append(Batch(number, [instance for instance, _ in members], without_skips(work)))
    passed = [instance for instance, logged in found if logged.batch is None and logged.status is None]
    new_outcomes += skipped_outcomes(
        passed, dict.fromkeys((one.id for one in passed), "It needed no call when the run was planned.")
    )
    return RunPlan([instance for instance, _ in found], batches, known, new_outcomes, errors=len(logged_run.failed))


def _is_end_seen(logged: LoggedInstance) -> bool:
    return logged.status in END_SEEN or (logged.status == Status.TIMED_OUT and not logged.was_sent)


def _possibly_active(found: Found) -> list[Instance]:
    return [instance for instance, logged in found if logged.may_be_active]


def _unsent(instance: Instance, logged: LoggedInstance) -> Outcome[Instance]:
    return Outcome(instance, Status.NOT_STARTED, reason=TO_BE_SENT, batch=logged.batch)


def _to_retry(logged: LoggedInstance) -> bool:
    never = logged.status is None and not logged.was_sent and logged.batch is not None
    return never or logged.status in TO_RETRY


def _missing(operation: Operation, instance: Instance) -> Outcome[Instance]:
    if operation.removes:
        return Outcome(instance, Status.SKIPPED, reason="It no longer exists.", batch=None)
    return Outcome(instance, Status.FAILED, NOT_IN_SET, batch=None)


def _warn_of_not_seen(path: str, operation: Operation, not_seen: Sequence[LoggedInstance]) -> None:
    if not_seen:
        get_logger(__name__).warning(
            "%d were sent and their end was not seen; they are not retried. To resume: az vmss-flex %s --resume %s",
            len(not_seen),
            operation.name,
            path,
        )


def _carry_over(run_plan: RunPlan, not_seen: Sequence[LoggedInstance]) -> RunPlan:
    """Return a plan that keeps in its log which instances the plan before it left in operation."""
    if not not_seen or run_plan.record is None:
        return run_plan
    left = [{**logged.planned, "batch": 1} for logged in not_seen]
    sets = [*run_plan.record["scaleSets"], *(one["scaleSetId"] for one in left)]
    record = {
        **run_plan.record,
        "scaleSets": list(dict.fromkeys(sets)),
        "instances": [*run_plan.record["instances"], *left],
        "batches": max(1, run_plan.record["batches"]),
    }
    return run_plan._replace(record=record, carried_records=[one for logged in not_seen for one in logged.as_records()])
