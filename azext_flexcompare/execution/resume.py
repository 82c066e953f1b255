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
from azext_flexcompare.execution.plan import Agenda, Task, acting_of, agenda_for, idle_of, task_of
from azext_flexcompare.execution.remaining_work import GONE, TO_BE_SENT, instances_again, watch_only, work_left
from azext_flexcompare.execution.rollout import Batch
from azext_flexcompare.execution.run import run
from azext_flexcompare.instances import Instance
from azext_flexcompare.joblog import file as job_log
from azext_flexcompare.joblog.replay import ENDED, TO_RETRY, Past, Standing, outcome_of, past_of
from azext_flexcompare.planning.engines import VM
from azext_flexcompare.planning.run_options import How, how_of
from azext_flexcompare.planning.skips import skipped
from azext_flexcompare.planning.work import Work
from azext_flexcompare.scheduler.outcome import Outcome, Status
from azext_flexcompare.selection.selection import Choice
from azext_flexcompare.table.entries import Operation, operations

Rows = list[dict[str, Any]]
Found = list[tuple[Instance, Standing]]
WorkOf = Callable[[Found], tuple[list[Work], list[Outcome[Instance]]]]
UNSEEN = (None, Status.INTERRUPTED, Status.ACCEPTED)  # of what was sent
SEEN = (Status.SUCCEEDED, Status.FAILED, Status.SKIPPED)  # whose end is known


def resume(cli_ctx: Any, operation: Operation, choice: Choice, options: dict[str, Any], given: dict[str, Any]) -> Rows:
    """Finish the run of a log: watch what was accepted, ask about what may have been, send the rest as planned."""
    with ExitStack() as stack:
        path, log, past = _open(given["resume"], given, stack)
        task = _task_again(cli_ctx, operation, choice, options, how_of(given, past.plan["how"]), (path, past))
        prepare, found = task.preparer(), _found(cli_ctx, task, past)

        def to_be_done(left: Found) -> tuple[list[Work], list[Outcome[Instance]]]:
            work, lost = work_left(task.azure, left, prepare, task.how.engine == VM)
            return work, [_lost(operation, one) for one in lost]

        agenda = _rest(task, past, found, to_be_done, lambda standing: standing.status in ENDED)
        total = sum(standing.batch is not None for _, standing in found)
        return run(task, agenda._replace(log=log, total=total, doubtful=_doubtful(found)))


def retry_failed(
    cli_ctx: Any, operation: Operation, choice: Choice, options: dict[str, Any], given: dict[str, Any]
) -> Rows:
    """Do again what Failed, TimedOut or was NotStarted in the run of a log, as a run of its own in the same log."""
    with ExitStack() as stack:
        path, log, past = _open(given["retry_failed"], given, stack)
        how = how_of(given, past.plan["how"], anew=True)
        task = _task_again(cli_ctx, operation, choice, options, how, (path, past))
        prepare, found = task.preparer(), _found(cli_ctx, task, past)
        again = [one for one, standing in found if _to_retry(standing)]
        if not again:
            get_logger(__name__).warning("In the run of %s there is nothing to be done again.", path)
            return []
        unseen = [standing for _, standing in found if standing.is_out and standing.status in UNSEEN]
        _warn_of_unseen(path, operation, unseen)
        lost = {one.id: one for one in again if one.resource is None}
        there = [one for one in again if one.id not in lost]
        agenda = agenda_for(task, prepare, there, past.plan["choice"])
        news = [*agenda.news, *(_lost(operation, one) for one in lost.values())]
        agenda = agenda._replace(chosen=again, news=news, doubtful=_doubtful(found))
        return run(task, _carrying(agenda, unseen)._replace(log=log) if how.kept_in == path else agenda)


def wait_for_log(cli_ctx: Any, path: str, timeout: int) -> Rows:
    """Watch what the run of a log has sent to its end, and send nothing."""
    with ExitStack() as stack:
        _, log, past = _open(path, {}, stack)
        operation = next(one for one in operations() if one.name == past.plan["operation"])
        engine = past.plan["how"]["engine"]
        task = task_of(cli_ctx, operation, {}, How(timeout=timeout, engine=engine, resume=path))
        found = _found(cli_ctx, task, past)

        def watched(left: Found) -> tuple[list[Work], list[Outcome[Instance]]]:
            never = [_unsent(*one) for one in left if not one[1].is_out]
            return watch_only(task.azure, left, engine == VM), never

        agenda = _rest(task, past, found, watched, _is_seen)
        never = sum(one.status == Status.NOT_STARTED for one in agenda.news)
        stopped = f"{never} of {len(agenda.chosen)} were never sent; --resume sends them." if never else None
        return run(task, agenda._replace(log=log, news=[], settled=[*agenda.settled, *agenda.news], stopped=stopped))


def _open(path: str, given: dict[str, Any], stack: ExitStack) -> tuple[str, job_log.JobLog | None, Past]:
    if given.get("dry_run"):
        return path, None, past_of(job_log.read_to_go_on(path))
    log, records = job_log.open_again(path)
    stack.callback(log.close)
    return path, log, past_of(records)


def _task_again(
    cli_ctx: Any, operation: Operation, choice: Choice, options: dict[str, Any], how: How, source: tuple[str, Past]
) -> Task:
    path, past = source
    planned = past.plan["operation"]
    same = next((one for one in operations() if one.name == planned), None)
    if same is None or operation._replace(name=planned) != same:
        raise InvalidArgumentValueError(
            f"{path} is the log of {planned}, not of {operation.name}.",
            recommendation=f"Use `az vmss-flex {planned}`, or the log of another run.",
        )
    _demand_same_choice(path, choice, past.plan["choice"])
    return task_of(cli_ctx, operation, _options_again(path, operation, options, past.plan["options"]), how)


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


def _found(cli_ctx: Any, task: Task, past: Past) -> Found:
    reader = Reader(partial(compute_client, cli_ctx), task.operation.name)
    instances = instances_again(reader, past)
    return [(instances[id_], standing) for id_, standing in past.standings.items()]


def _rest(task: Task, past: Past, found: Found, work_of: WorkOf, ended: Callable[[Standing], bool]) -> Agenda:
    """Plan what is left, batch by batch; a batch that is over counts only if its health was still to be seen."""
    batches: list[Batch] = []
    news: list[Outcome[Instance]] = []
    settled = [outcome_of(*one) for one in found if ended(one[1])]
    for number in range(1, past.plan["batches"] + 1):
        members = [one for one in found if one[1].batch == number]
        left = [one for one in members if not ended(one[1])]
        if not left and (task.how.health_gate is None or number in past.healthy):
            continue
        work, lost = work_of(left)
        idle = skipped((instance for instance, _ in left), idle_of(work))
        news += [*lost, *idle]
        batches.append(Batch(number, [instance for instance, _ in members], acting_of(work)))
    passed = [instance for instance, standing in found if standing.batch is None and standing.status is None]
    news += skipped(passed, dict.fromkeys((one.id for one in passed), "It needed nothing when the run was planned."))
    return Agenda([instance for instance, _ in found], batches, settled, news, errors=len(past.failed))


def _is_seen(standing: Standing) -> bool:
    return standing.status in SEEN or (standing.status == Status.TIMED_OUT and not standing.is_out)


def _doubtful(found: Found) -> list[Instance]:
    return [instance for instance, standing in found if standing.may_move]


def _unsent(instance: Instance, standing: Standing) -> Outcome[Instance]:
    return Outcome(instance, Status.NOT_STARTED, reason=TO_BE_SENT, batch=standing.batch)


def _to_retry(standing: Standing) -> bool:
    never = standing.status is None and not standing.is_out and standing.batch is not None
    return never or standing.status in TO_RETRY


def _lost(operation: Operation, instance: Instance) -> Outcome[Instance]:
    if operation.removes:
        return Outcome(instance, Status.SKIPPED, reason="It is gone already.", batch=None)
    return Outcome(instance, Status.FAILED, GONE, batch=None)


def _warn_of_unseen(path: str, operation: Operation, unseen: Sequence[Standing]) -> None:
    if unseen:
        get_logger(__name__).warning(
            "%d were sent and not seen to the end, and are left alone; az vmss-flex %s --resume %s sees to them.",
            len(unseen),
            operation.name,
            path,
        )


def _carrying(agenda: Agenda, unseen: Sequence[Standing]) -> Agenda:
    """Have a plan that becomes the last of its log remember whom the one before it left in operation."""
    if not unseen or agenda.plan is None:
        return agenda
    left = [{**standing.planned, "batch": 1} for standing in unseen]
    sets = [*agenda.plan["scaleSets"], *(one["scaleSetId"] for one in left)]
    plan = {
        **agenda.plan,
        "scaleSets": list(dict.fromkeys(sets)),
        "instances": [*agenda.plan["instances"], *left],
        "batches": max(1, agenda.plan["batches"]),
    }
    return agenda._replace(plan=plan, carried=[one for standing in unseen for one in standing.as_records()])
