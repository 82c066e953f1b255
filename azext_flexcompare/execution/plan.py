"""The plan of a run: which calls in which batch, and what needs none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from azext_flexcompare.arm.clients import Azure, azure_of
from azext_flexcompare.execution.rollout import Batch
from azext_flexcompare.instances import Instance
from azext_flexcompare.joblog import records
from azext_flexcompare.joblog.file import JobLog
from azext_flexcompare.joblog.records import Record
from azext_flexcompare.output.masking import Masker, masker
from azext_flexcompare.planning.batches import batches_of
from azext_flexcompare.planning.engines import prepared_by
from azext_flexcompare.planning.run_options import How
from azext_flexcompare.planning.skips import satisfied, skipped
from azext_flexcompare.planning.work import Nothing, Prepare, Work
from azext_flexcompare.scheduler.outcome import Outcome
from azext_flexcompare.table.entries import Operation


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
    plan = records.plan(task.operation, kept_options(task), choice, how.as_record(), chosen, agenda.numbers)
    return agenda._replace(plan=plan)


def idle_of(work: Iterable[Work]) -> dict[str, str]:
    """Find the instances for which there is nothing to do, with the reason by id."""
    return {one.id: each.call.reason for each in work if isinstance(each.call, Nothing) for one in each.instances}


def acting_of(work: Iterable[Work]) -> list[Work]:
    """Leave out what needs no call."""
    return [each for each in work if not isinstance(each.call, Nothing)]


def kept_options(task: Task) -> dict[str, Any]:
    """Give the values of options that a log may have; None is one that may hold a secret, and was given."""
    return {
        one.name: task.options[one.dest] if one.type in ("flag", "text", "name") else None
        for one in task.operation.given(task.options)
    }
