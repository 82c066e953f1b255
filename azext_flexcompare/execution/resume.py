"""How is a run gone on with, done again where it failed, or waited for, by its job log?"""

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
from azext_flexcompare.execution.plan import RunContext, RunPlan, calls_of, plan_run, run_context, skipped_of
from azext_flexcompare.execution.remaining_work import GONE, TO_BE_SENT, poll_only, remaining_work, reread_instances
from azext_flexcompare.execution.rollout import Batch
from azext_flexcompare.execution.run import run
from azext_flexcompare.instances import Instance
from azext_flexcompare.joblog import file as job_log
from azext_flexcompare.joblog.replay import ENDED, TO_RETRY, LoggedInstance, LoggedRun, outcome_of, replay
from azext_flexcompare.planning.engines import VM
from azext_flexcompare.planning.run_options import RunOptions, merge_run_options
from azext_flexcompare.planning.work import Work, skipped_outcomes
from azext_flexcompare.scheduler.outcome import Outcome, Status
from azext_flexcompare.selection.selection import Choice
from azext_flexcompare.table.entries import Operation, operations

Rows = list[dict[str, Any]]
Found = list[tuple[Instance, LoggedInstance]]
WorkOf = Callable[[Found], tuple[list[Work], list[Outcome[Instance]]]]
UNSEEN = (None, Status.INTERRUPTED, Status.ACCEPTED)  # of what was sent
SEEN = (Status.SUCCEEDED, Status.FAILED, Status.SKIPPED)  # whose end is known


def resume(cli_ctx: Any, operation: Operation, choice: Choice, options: dict[str, Any], given: dict[str, Any]) -> Rows:
    """Finish the run of a log: watch what was accepted, ask about what may have been, send the rest as planned."""
    with ExitStack() as stack:
        path, log, logged_run = _open(given["resume"], given, stack)
        context = _resumed_context(
            cli_ctx, operation, choice, options, merge_run_options(given, logged_run.plan["how"]), (path, logged_run)
        )
        prepare, found = context.preparer(), _found(cli_ctx, context, logged_run)

        def to_be_done(left: Found) -> tuple[list[Work], list[Outcome[Instance]]]:
            work, lost = remaining_work(context.azure, left, prepare, context.run_options.engine == VM)
            return work, [_lost(operation, one) for one in lost]

        run_plan = _rest(context, logged_run, found, to_be_done, lambda logged: logged.status in ENDED)
        total = sum(logged.batch is not None for _, logged in found)
        return run(context, run_plan._replace(log=log, total=total, possibly_active=_doubtful(found)))


def retry_failed(
    cli_ctx: Any, operation: Operation, choice: Choice, options: dict[str, Any], given: dict[str, Any]
) -> Rows:
    """Do again what Failed, TimedOut or was NotStarted in the run of a log, as a run of its own in the same log."""
    with ExitStack() as stack:
        path, log, logged_run = _open(given["retry_failed"], given, stack)
        run_options = merge_run_options(given, logged_run.plan["how"], new_plan=True)
        context = _resumed_context(cli_ctx, operation, choice, options, run_options, (path, logged_run))
        prepare, found = context.preparer(), _found(cli_ctx, context, logged_run)
        again = [one for one, logged in found if _to_retry(logged)]
        if not again:
            get_logger(__name__).warning("In the run of %s there is nothing to be done again.", path)
            return []
        unseen = [logged for _, logged in found if logged.was_sent and logged.status in UNSEEN]
        _warn_of_unseen(path, operation, unseen)
        lost = {one.id: one for one in again if one.resource is None}
        there = [one for one in again if one.id not in lost]
        run_plan = plan_run(context, prepare, there, logged_run.plan["choice"])
        new_outcomes = [*run_plan.new_outcomes, *(_lost(operation, one) for one in lost.values())]
        run_plan = run_plan._replace(chosen=again, new_outcomes=new_outcomes, possibly_active=_doubtful(found))
        return run(context, _carrying(run_plan, unseen)._replace(log=log) if run_options.log_path == path else run_plan)


def wait_for_log(cli_ctx: Any, path: str, timeout: int) -> Rows:
    """Watch what the run of a log has sent to its end, and send nothing."""
    with ExitStack() as stack:
        _, log, logged_run = _open(path, {}, stack)
        operation = next(one for one in operations() if one.name == logged_run.plan["operation"])
        engine = RunOptions.from_log(logged_run.plan["how"]).engine
        context = run_context(cli_ctx, operation, {}, RunOptions(timeout=timeout, engine=engine, resume=path))
        found = _found(cli_ctx, context, logged_run)

        def watched(left: Found) -> tuple[list[Work], list[Outcome[Instance]]]:
            never = [_unsent(*one) for one in left if not one[1].was_sent]
            return poll_only(context.azure, left, engine == VM), never

        run_plan = _rest(context, logged_run, found, watched, _is_seen)
        never = sum(one.status == Status.NOT_STARTED for one in run_plan.new_outcomes)
        stopped = f"{never} of {len(run_plan.chosen)} were never sent; --resume sends them." if never else None
        return run(
            context,
            run_plan._replace(
                log=log, new_outcomes=[], settled=[*run_plan.settled, *run_plan.new_outcomes], stopped=stopped
            ),
        )


def _open(path: str, given: dict[str, Any], stack: ExitStack) -> tuple[str, job_log.JobLog | None, LoggedRun]:
    if given.get("dry_run"):
        return path, None, replay(job_log.read_to_go_on(path))
    log, records = job_log.open_again(path)
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
    if same is None or operation._replace(name=planned) != same:
        raise InvalidArgumentValueError(
            f"{path} is the log of {planned}, not of {operation.name}.",
            recommendation=f"Use `az vmss-flex {planned}`, or the log of another run.",
        )
    _demand_same_choice(path, choice, logged_run.plan["choice"])
    return run_context(
        cli_ctx, operation, _options_again(path, operation, options, logged_run.plan["options"]), run_options
    )


def _demand_same_choice(path: str, choice: Choice, planned: dict[str, Any]) -> None:
    for name, value in choice._asdict().items():
        if value and _plain(value) != _plain(planned.get(name)):
            raise InvalidArgumentValueError(
                f"{path} is about other instances: its {name.replace('_', ' ')} is not {_shown(value)}.",
                recommendation="Leave out what chooses instances; the log has them.",
            )


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value).lower())


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else ", ".join(str(one) for one in value)


def _options_again(path: str, operation: Operation, options: dict[str, Any], planned: dict[str, Any]) -> dict[str, Any]:
    """Put the options of a plan together, with those that its log does not keep as they are given now."""
    found = dict(options)
    for option in operation.options:
        now, kept = options.get(option.dest) or None, planned.get(option.name)
        if option.name in planned and kept is None and now is None:
            raise RequiredArgumentMissingError(
                f"{option.name} was given, and {path} does not keep it, since it may hold a secret.",
                recommendation=f"Give {option.name} again, as before.",
            )
        if now is not None and (option.name not in planned or kept not in (None, now)):
            raise MutuallyExclusiveArgumentError(
                f"{option.name} is not as in the run that {path} tells of.", recommendation="Leave it out."
            )
        found[option.dest] = kept if now is None else now
    return found


def _found(cli_ctx: Any, context: RunContext, logged_run: LoggedRun) -> Found:
    reader = Reader(partial(compute_client, cli_ctx), context.operation.name)
    instances = reread_instances(reader, logged_run)
    return [(instances[id_], logged) for id_, logged in logged_run.logged_instances.items()]


def _rest(
    context: RunContext, logged_run: LoggedRun, found: Found, work_of: WorkOf, ended: Callable[[LoggedInstance], bool]
) -> RunPlan:
    """Plan what is left, batch by batch; a batch that is over counts only if its health was still to be seen."""
    batches: list[Batch] = []
    new_outcomes: list[Outcome[Instance]] = []
    settled = [outcome_of(*one) for one in found if ended(one[1])]
    for number in range(1, logged_run.plan["batches"] + 1):
        members = [one for one in found if one[1].batch == number]
        left = [one for one in members if not ended(one[1])]
        if not left and (context.run_options.health_gate is None or number in logged_run.healthy):
            continue
        work, lost = work_of(left)
        idle = skipped_outcomes((instance for instance, _ in left), skipped_of(work))
        new_outcomes += [*lost, *idle]
        batches.append(Batch(number, [instance for instance, _ in members], calls_of(work)))
    passed = [instance for instance, logged in found if logged.batch is None and logged.status is None]
    new_outcomes += skipped_outcomes(
        passed, dict.fromkeys((one.id for one in passed), "It needed nothing when the run was planned.")
    )
    return RunPlan([instance for instance, _ in found], batches, settled, new_outcomes, errors=len(logged_run.failed))


def _is_seen(logged: LoggedInstance) -> bool:
    return logged.status in SEEN or (logged.status == Status.TIMED_OUT and not logged.was_sent)


def _doubtful(found: Found) -> list[Instance]:
    return [instance for instance, logged in found if logged.may_be_active]


def _unsent(instance: Instance, logged: LoggedInstance) -> Outcome[Instance]:
    return Outcome(instance, Status.NOT_STARTED, reason=TO_BE_SENT, batch=logged.batch)


def _to_retry(logged: LoggedInstance) -> bool:
    never = logged.status is None and not logged.was_sent and logged.batch is not None
    return never or logged.status in TO_RETRY


def _lost(operation: Operation, instance: Instance) -> Outcome[Instance]:
    if operation.removes:
        return Outcome(instance, Status.SKIPPED, reason="It is gone already.", batch=None)
    return Outcome(instance, Status.FAILED, GONE, batch=None)


def _warn_of_unseen(path: str, operation: Operation, unseen: Sequence[LoggedInstance]) -> None:
    if unseen:
        get_logger(__name__).warning(
            "%d were sent and not seen to the end, and are left alone; az vmss-flex %s --resume %s sees to them.",
            len(unseen),
            operation.name,
            path,
        )


def _carrying(run_plan: RunPlan, unseen: Sequence[LoggedInstance]) -> RunPlan:
    """Have a plan that becomes the last of its log remember whom the one before it left in operation."""
    if not unseen or run_plan.plan is None:
        return run_plan
    left = [{**logged.planned, "batch": 1} for logged in unseen]
    sets = [*run_plan.plan["scaleSets"], *(one["scaleSetId"] for one in left)]
    plan = {
        **run_plan.plan,
        "scaleSets": list(dict.fromkeys(sets)),
        "instances": [*run_plan.plan["instances"], *left],
        "batches": max(1, run_plan.plan["batches"]),
    }
    return run_plan._replace(plan=plan, carried_records=[one for logged in unseen for one in logged.as_records()])
