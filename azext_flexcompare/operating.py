"""How does an operation run, from the choice to the exit status? Every one goes this way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any, NamedTuple

from azure.cli.core._profile import Profile
from azure.cli.core.azclierror import (
    AzCLIError,
    ManualInterrupt,
    NoTTYError,
    RequiredArgumentMissingError,
)
from knack.log import get_logger
from knack.prompting import NoTTYException, prompt_y_n

from azext_flexcompare import cost, job_log, records, report
from azext_flexcompare._client_factory import WORKERS, arm_client, compute_client
from azext_flexcompare.adapters import Nothing, Prepare, Work
from azext_flexcompare.batching import batches_of, domain_of
from azext_flexcompare.choosing import choose
from azext_flexcompare.cost import PACES
from azext_flexcompare.engines import ENGINES, can, prepared_by
from azext_flexcompare.following import events_to, progress_on
from azext_flexcompare.health import Gate
from azext_flexcompare.how import How
from azext_flexcompare.interruption import interruptible
from azext_flexcompare.job_log import JobLog
from azext_flexcompare.lanes import Limits
from azext_flexcompare.outcome import BAD, NO_ENDING, Ending, Outcome
from azext_flexcompare.oversight import Oversight
from azext_flexcompare.planning import planned, satisfied, skipped
from azext_flexcompare.protection import locks_around
from azext_flexcompare.records import Record
from azext_flexcompare.rollout import Batch, Pace, roll_out
from azext_flexcompare.secrecy import Masker, hidden, masker
from azext_flexcompare.selection import Choice, Instance, describe
from azext_flexcompare.sending import Azure
from azext_flexcompare.table import Operation


class Task(NamedTuple):
    """An operation with its options, and how it is to be done."""

    cli_ctx: Any
    operation: Operation
    options: dict[str, Any]
    how: How
    azure: Azure
    mask: Masker

    @property
    def given(self) -> list[str]:
        """Name the operation's own options that were given."""
        return [option.name for option in self.operation.given(self.options)]

    def preparer(self) -> Prepare:
        """Find what makes the calls; raises what is wrong with the options."""
        return prepared_by(self.how.engine, self.operation, self.options, self.azure, self.how.max_parallel)


class Agenda(NamedTuple):
    """Whom a run is about, what is to be done in which batch, and what needs nothing done."""

    chosen: list[Instance]
    batches: list[Batch]
    settled: list[Outcome[Instance]]  # as they were known before
    news: list[Outcome[Instance]]  # that are to be written down
    plan: Record | None = None  # to be written before anything is sent
    log: JobLog | None = None
    errors: int = 0  # that count already
    stopped: str | None = None  # why not everything is on the agenda
    total: int | None = None  # of which --max-errors is a share, where that is more than there is to be done
    doubtful: Sequence[Instance] = ()  # whom an earlier run may have left in operation
    carried: Sequence[Record] = ()  # what an earlier plan of the same log leaves open

    @property
    def numbers(self) -> dict[str, int]:
        """Give the number of the batch of each instance that gets a call, by id."""
        return {one.id: batch.number for batch in self.batches for work in batch.work for one in work.instances}


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


def task_of(cli_ctx: Any, operation: Operation, options: dict[str, Any], how: How) -> Task:
    """Put a task together, with the mask of its secrets."""
    secrets = [options[option.dest] for option in operation.given(options) if option.type == "secret"]
    how.check(operation)
    return Task(cli_ctx, operation, options, how, azure_of(cli_ctx), masker(secrets))


def agenda_for(task: Task, prepare: Prepare, chosen: list[Instance], choice: dict[str, Any]) -> Agenda:
    """Plan a new run over the chosen instances; `choice` is how they were chosen, for the log."""
    how = task.how
    there = satisfied(task.operation, chosen) if how.skip_satisfied else {}
    work = prepare([instance for instance in chosen if instance.id not in there])
    idle = idle_of(work)
    acting = [one for one in chosen if one.id not in there and one.id not in idle]
    parts = batches_of(acting, how.batch_size, how.batch_by)
    ready = [acting_of(work)] if len(parts) == 1 else [acting_of(prepare(part)) for part in parts]
    batches = [Batch(number, *one) for number, one in enumerate(zip(parts, ready, strict=False), 1)]
    agenda = Agenda(chosen, batches, [], skipped(chosen, {**there, **idle}))
    plan = records.plan(task.operation, _kept(task), choice, how.as_record(), chosen, agenda.numbers)
    return agenda._replace(plan=plan)


def idle_of(work: Iterable[Work]) -> dict[str, str]:
    """Find the instances for which there is nothing to do, with the reason by id."""
    return {one.id: each.call.reason for each in work if isinstance(each.call, Nothing) for one in each.instances}


def acting_of(work: Iterable[Work]) -> list[Work]:
    """Leave out what needs no call."""
    return [each for each in work if not isinstance(each.call, Nothing)]


def run(task: Task, agenda: Agenda) -> list[dict[str, Any]]:
    """Do what is on the agenda and report; return the rows."""
    how, numbers = task.how, agenda.numbers
    retry = report.Retry(task.operation.name, task.given, engine=how.engine, log=how.kept_in)
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
        oversight.tell(records.record("end", exit=int(report.status_of(outcomes, ending))))
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


def azure_of(cli_ctx: Any) -> Azure:
    """Give the clients of the CLI's login, made when they are first needed."""
    return Azure(partial(compute_client, cli_ctx), partial(arm_client, cli_ctx))


def _kept(task: Task) -> dict[str, Any]:
    """Give the values of options that a log may have; None is one that may hold a secret, and was given."""
    return {
        one.name: task.options[one.dest] if one.type in ("flag", "text", "name") else None
        for one in task.operation.given(task.options)
    }


def _typed(choice: Choice) -> dict[str, Any]:
    return {name: value for name, value in choice._asdict().items() if value}


def _describe_plan(task: Task, agenda: Agenda) -> None:
    if len(agenda.batches) > 1:
        for batch in agenda.batches:
            where = domain_of(batch.instances, task.how.batch_by)
            what = _count(batch.instances) + (where and f", {where}")
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


def _count(instances: Sequence[Instance]) -> str:
    return f"{len(instances)} instance{'s' * (len(instances) != 1)}"


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


def told(
    cli_ctx: Any,
    operation: Operation,
    chosen: Sequence[Instance],
    outcomes: Iterable[Outcome[Instance]],
    retry: report.Retry,
    ending: Ending = NO_ENDING,
) -> list[dict[str, Any]]:
    """Report a run, and have the process leave with its status; return the rows, in the order chosen."""
    found = {outcome.target.id: outcome for outcome in outcomes}
    ordered = [found[instance.id] for instance in chosen]
    home = Profile(cli_ctx=cli_ctx).get_subscription_id()
    for line in report.tell(ordered, retry._replace(home=home), ending):
        get_logger(__name__).warning(line)
    report.leave_after_output(cli_ctx, report.status_of(ordered, ending))
    return [report.outcome_row(operation, outcome) for outcome in ordered]


def ask(operation: Operation, instances: list[Instance]) -> None:
    """Have the user agree, who is told how many instances of which set; raises where nobody can, or does not."""
    sets = describe(instance.scale_set for instance in instances)
    count = f"{_count(instances)} of {sets}"
    try:
        agreed = prompt_y_n(f"{operation.name}: {count}. {operation.risk} Go on?")
    except NoTTYException as error:
        raise NoTTYError(
            f"{operation.name} asks before it acts on {count}, and there is no terminal to ask on.",
            recommendation="Give --yes if that is what you want.",
        ) from error
    if not agreed:
        raise ManualInterrupt("Operation cancelled; nothing was sent.")


def _demand_names(operation: Operation, choice: Choice) -> None:
    whole_sets = choice.ids is None or any("/virtualmachinescalesets/" in one.lower() for one in choice.ids)
    if whole_sets and choice.names is None and not operation.everyInstance:
        raise RequiredArgumentMissingError(
            f"{operation.name} does not act on every instance unless told to: --instance-ids is missing.",
            recommendation="Name the instances, or give `--instance-ids '*'` for every one.",
        )
