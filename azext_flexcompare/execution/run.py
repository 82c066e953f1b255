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

from azext_flexcompare.arm.clients import WORKERS
from azext_flexcompare.arm.locks import locks_around
from azext_flexcompare.arm.rate_limits import PACES
from azext_flexcompare.execution.confirmation import ask, count_of
from azext_flexcompare.execution.health_gate import Gate
from azext_flexcompare.execution.monitor import Oversight
from azext_flexcompare.execution.plan import Agenda, Task, agenda_for, task_of
from azext_flexcompare.execution.rollout import Batch, Pace, roll_out
from azext_flexcompare.instances import Instance
from azext_flexcompare.joblog import file as job_log
from azext_flexcompare.joblog import records
from azext_flexcompare.joblog.events import events_to
from azext_flexcompare.output import exit_status, messages
from azext_flexcompare.output.conclusion import told
from azext_flexcompare.output.exit_status import Ending
from azext_flexcompare.output.masking import hidden
from azext_flexcompare.output.progress import progress_on
from azext_flexcompare.planning import cost
from azext_flexcompare.planning.batches import domain_of
from azext_flexcompare.planning.engines import ENGINES, can, prepared_by
from azext_flexcompare.planning.run_options import How
from azext_flexcompare.planning.skips import planned
from azext_flexcompare.planning.work import Work
from azext_flexcompare.scheduler.interruption import interruptible
from azext_flexcompare.scheduler.outcome import BAD, Outcome
from azext_flexcompare.scheduler.state import Limits
from azext_flexcompare.selection.choose import choose
from azext_flexcompare.selection.selection import Choice
from azext_flexcompare.table.entries import Operation


def run_operation(
    cli_ctx: Any, operation: Operation, choice: Choice, options: dict[str, Any], how: How
) -> list[dict[str, Any]]:
    """Choose, prepare, confirm, send to each instance, watch and report; return a row for each, in the order chosen.

    Whatever is wrong with the choice or the options is raised before the first request that changes anything.
    """
    _demand_names(operation, choice)
    task = task_of(cli_ctx, operation, options, how)
    prepare = task.preparer()
    chosen = choose(cli_ctx, operation.name, choice)
    return run(task, agenda_for(task, prepare, chosen, _typed(choice)))


def run(task: Task, agenda: Agenda) -> list[dict[str, Any]]:
    """Do what is on the agenda and report; return the rows."""
    how, numbers = task.how, agenda.numbers
    retry = messages.Retry(task.operation.name, task.given, engine=how.engine, log=how.kept_in)
    with ExitStack() as stack:
        stack.enter_context(hidden(task.mask))
        if how.dry_run:
            _describe_plan(task, agenda)
            _tell_cost(task, agenda)
            would = [one for one in agenda.chosen if one.id in numbers]
            outcomes = [*agenda.settled, *agenda.news, *planned(would, _locked(task, would), numbers)]
            return told(task.cli_ctx, task.operation, agenda.chosen, outcomes, retry)
        _agree(task, agenda)
        oversight = _overseen(task, agenda, stack)
        outcomes = [*agenda.settled, *agenda.news, *_act(task, agenda, oversight)]
        ending = Ending(oversight.stopped or agenda.stopped, oversight.ill, oversight.refusals, oversight.unseen)
        oversight.tell(records.record("end", exit=int(exit_status.status_of(outcomes, ending))))
    return told(task.cli_ctx, task.operation, agenda.chosen, outcomes, retry, ending)


def _agree(task: Task, agenda: Agenda) -> None:
    acting = [one for batch in agenda.batches for work in batch.work if work.sends for one in work.instances]
    if task.operation.confirm and acting and not task.how.yes:
        ask(task.operation, acting)


def _overseen(task: Task, agenda: Agenda, stack: ExitStack) -> Oversight:
    """Open the log and whatever else follows the run; from here on an interruption is asked for, not thrown."""
    how, total = task.how, len(agenda.numbers)
    interrupted = stack.enter_context(interruptible())
    errors = agenda.errors + sum(one.status in BAD for one in agenda.news)
    share_of = total if agenda.total is None else agenda.total
    oversight = Oversight(task.operation, interrupted, task.mask, how.max_errors, share_of, errors)
    stack.callback(oversight.close)
    log = agenda.log or (job_log.create(how.job_log) if how.job_log else None)
    oversight.followers += [log] if log else []
    oversight.followers += events_to(how.events)
    oversight.sights += progress_on(task.cli_ctx, how.events, total)
    return oversight


def _act(task: Task, agenda: Agenda, oversight: Oversight) -> list[Outcome[Instance]]:
    how = task.how
    oversight.tell(agenda.plan or records.record("resumed"), *agenda.carried)
    oversight.tell(*(records.outcome(task.operation, one) for one in agenda.news))
    oversight.demand_kept()
    oversight.heed_errors()
    limits = Limits(how.max_parallel, how.timeout, WORKERS, not how.no_wait, *PACES)
    gate = Gate(how.health_gate, how.health_timeout) if how.health_gate else None
    pace = Pace(how.batch_pause, gate, how.batch_by)
    return roll_out(task.azure, agenda.batches, limits, oversight, pace, agenda.doubtful)


def _typed(choice: Choice) -> dict[str, Any]:
    return {name: value for name, value in choice._asdict().items() if value}


def _describe_plan(task: Task, agenda: Agenda) -> None:
    if len(agenda.batches) > 1:
        for batch in agenda.batches:
            where = domain_of(batch.instances, task.how.batch_by)
            what = count_of(batch.instances) + (where and f", {where}")
            get_logger(__name__).warning("Batch %d of %d: %s", batch.number, len(agenda.batches), what)


def _tell_cost(task: Task, agenda: Agenda) -> None:
    """Say what each engine would take, by the calls that it really prepares; those of the chosen one are there."""
    ways = {
        engine: [work.instances for batch in agenda.batches for work in _prepared_by(engine, task, batch)]
        for engine in ENGINES
        if can(engine, task.operation, task.given)
    }
    for line in cost.told(task.operation, ways, not task.how.no_wait):
        get_logger(__name__).warning(line)


def _prepared_by(engine: str, task: Task, batch: Batch) -> Sequence[Work]:
    if engine == task.how.engine:
        return batch.work
    prepare = prepared_by(engine, task.operation, task.options, task.azure)
    return prepare([one for work in batch.work for one in work.instances])


def _locked(task: Task, instances: Sequence[Instance]) -> dict[str, str]:
    """Find the instances that a lock will keep from the operation, with the reason by id; a hint, so it may fail."""
    try:
        locks = locks_around(task.azure, instances)
    except AzCLIError as error:
        get_logger(__name__).warning("Whether locks stand in the way could not be read: %s", error)
        return {}
    held = {i.id: [one for one in locks if one.holds_for(i.id) and one.forbids(task.operation)] for i in instances}
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
