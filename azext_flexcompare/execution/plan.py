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
from azext_flexcompare.output.masking import Masker, make_masker
from azext_flexcompare.planning.batches import batches_of
from azext_flexcompare.planning.engines import prepared_by
from azext_flexcompare.planning.run_options import RunOptions
from azext_flexcompare.planning.work import Prepare, Skip, Work, satisfied_reasons, skipped_outcomes
from azext_flexcompare.scheduler.outcome import Outcome
from azext_flexcompare.table.entries import Operation


class RunContext(NamedTuple):
    """An operation with its options, and how it is to be done."""

    cli_ctx: Any
    operation: Operation
    options: dict[str, Any]
    run_options: RunOptions
    azure: Azure
    mask: Masker

    @property
    def given(self) -> list[str]:
        """Name the operation's own options that were given."""
        return [option.name for option in self.operation.given(self.options)]

    def preparer(self) -> Prepare:
        """Find what makes the calls; raises what is wrong with the options."""
        return prepared_by(
            self.run_options.engine, self.operation, self.options, self.azure, self.run_options.max_parallel
        )


class RunPlan(NamedTuple):
    """Whom a run is about, what is to be done in which batch, and what needs nothing done."""

    chosen: list[Instance]
    batches: list[Batch]
    settled: list[Outcome[Instance]]  # as they were known before
    new_outcomes: list[Outcome[Instance]]  # that are to be written down
    plan: Record | None = None  # to be written before anything is sent
    log: JobLog | None = None
    errors: int = 0  # that count already
    stopped: str | None = None  # why not everything is on the agenda
    total: int | None = None  # of which --max-errors is a share, where that is more than there is to be done
    possibly_active: Sequence[Instance] = ()  # whom an earlier run may have left in operation
    carried_records: Sequence[Record] = ()  # what an earlier plan of the same log leaves open

    @property
    def numbers(self) -> dict[str, int]:
        """Give the number of the batch of each instance that gets a call, by id."""
        return {one.id: batch.number for batch in self.batches for work in batch.work for one in work.instances}


def run_context(cli_ctx: Any, operation: Operation, options: dict[str, Any], run_options: RunOptions) -> RunContext:
    """Put a task together, with the mask of its secrets."""
    secrets = [options[option.dest] for option in operation.given(options) if option.type == "secret"]
    run_options.check(operation)
    return RunContext(cli_ctx, operation, options, run_options, azure_of(cli_ctx), make_masker(secrets))


def plan_run(context: RunContext, prepare: Prepare, chosen: list[Instance], choice: dict[str, Any]) -> RunPlan:
    """Plan a new run over the chosen instances; `choice` is how they were chosen, for the log."""
    run_options = context.run_options
    there = satisfied_reasons(context.operation, chosen) if run_options.skip_satisfied else {}
    work = prepare([instance for instance in chosen if instance.id not in there])
    idle = skipped_of(work)
    acting = [one for one in chosen if one.id not in there and one.id not in idle]
    parts = batches_of(acting, run_options.batch_size, run_options.batch_by)
    ready = [calls_of(work)] if len(parts) == 1 else [calls_of(prepare(part)) for part in parts]
    batches = [Batch(number, *one) for number, one in enumerate(zip(parts, ready, strict=False), 1)]
    run_plan = RunPlan(chosen, batches, [], skipped_outcomes(chosen, {**there, **idle}))
    plan = records.plan(
        context.operation, kept_options(context), choice, run_options.to_log(), chosen, run_plan.numbers
    )
    return run_plan._replace(plan=plan)


def skipped_of(work: Iterable[Work]) -> dict[str, str]:
    """Find the instances for which there is nothing to do, with the reason by id."""
    return {one.id: each.call.reason for each in work if isinstance(each.call, Skip) for one in each.instances}


def calls_of(work: Iterable[Work]) -> list[Work]:
    """Leave out what needs no call."""
    return [each for each in work if not isinstance(each.call, Skip)]


def kept_options(context: RunContext) -> dict[str, Any]:
    """Give the values of options that a log may have; None is one that may hold a secret, and was given."""
    return {
        one.name: context.options[one.dest] if one.type in ("flag", "text", "name") else None
        for one in context.operation.given(context.options)
    }
