"""The plan of a run: which calls in which batch, and what needs none."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, NamedTuple

from azext_flexcompare.arm.clients import Azure, azure_of
from azext_flexcompare.execution.availability import Budget
from azext_flexcompare.execution.departures import deleting_reasons
from azext_flexcompare.execution.drain import NO_DRAINS, EarlierDrains
from azext_flexcompare.execution.logged_command import KEPT
from azext_flexcompare.execution.set_protection import protecting
from azext_flexcompare.execution.sharing import check_share, warn_of_share
from azext_flexcompare.execution.turn import Batch
from azext_flexcompare.instances import Instance, ResourceId
from azext_flexcompare.joblog import records
from azext_flexcompare.joblog.file import JobLog
from azext_flexcompare.joblog.hook_records import HookRecords
from azext_flexcompare.joblog.records import Record
from azext_flexcompare.output.masking import (
    Masker,
    make_masker,
    mask_error,
    masked_logging,
    no_mask,
    withhold_message,
)
from azext_flexcompare.output.script_result import judge_script, mask_output
from azext_flexcompare.planning.batches import batches_of, separating
from azext_flexcompare.planning.domain_check import check_domains
from azext_flexcompare.planning.engines import preparer_of
from azext_flexcompare.planning.managed_commands import name_parameters
from azext_flexcompare.planning.option_files import read_setting, require_files
from azext_flexcompare.planning.run_options import RunOptions
from azext_flexcompare.planning.work import Prepare, satisfied_reasons, skip_reasons, skipped_outcomes, without_skips
from azext_flexcompare.scheduler.outcome import Outcome
from azext_flexcompare.table.entries import Operation

PROTECTED = ("protected_parameters", "run_as_password")  # secrets that a script gets, and may write
SECRET = ("secret", "secrets")  # types of options that may hold a secret


class RunContext(NamedTuple):
    """An operation with its options, and the options of the run."""

    cli_ctx: Any
    operation: Operation
    options: dict[str, Any]
    run_options: RunOptions
    azure: Azure
    mask: Masker
    unknown_secrets: Sequence[str] = ()  # options that may hold a secret, and whose values are not known
    output_mask: Masker = no_mask  # of the secrets that a script may write

    @property
    def given(self) -> list[str]:
        """Return the names of the operation's own options that were given, without flags that are false."""
        return [option.name for option in self.operation.in_effect(self.options)]

    def masked(self) -> AbstractContextManager[None]:
        """Return the block in which nothing is logged that may hold a secret; an earlier answer may repeat one."""
        may_show = bool(self.unknown_secrets or secrets_of(self.operation, self.options))
        return masked_logging(self.mask, hide_bodies=may_show)

    def finish(self, outcome: Outcome[Instance]) -> Outcome[Instance]:
        """Return an outcome as Failed if its script failed, and without secrets that the service repeats."""
        judged = judge_script(outcome, fail_on_stderr=bool(self.options.get("fail_on_stderr")))
        error = judged.error
        if error and error == outcome.error and self.unknown_secrets:
            error = withhold_message(error, self.unknown_secrets)
        elif error:
            error = mask_error(error, self.mask)
        reason = judged.reason and self.mask(judged.reason)
        return replace(judged, error=error, reason=reason, result=mask_output(judged.result, self.output_mask))

    def protecting(self, prepare: Prepare, choice: dict[str, Any], *, resumed: bool = False) -> Prepare:
        """Return what makes the calls, but none for protected instances that were not chosen by their name."""
        return protecting(self.azure, self.operation, self.run_options, prepare, choice=choice, resumed=resumed)

    def preparer(self) -> Prepare:
        """Return what makes the calls; raises what is wrong with the options."""
        run_options = self.run_options
        return preparer_of(
            run_options.engine, self.operation, self.options, self.azure, max_parallel=run_options.max_parallel
        )


class RunPlan(NamedTuple):
    """The instances of a run, the calls of each batch, and the outcomes of instances that need none."""

    chosen: list[Instance]
    batches: list[Batch]
    known_outcomes: list[Outcome[Instance]]  # of the earlier run, in the log already
    new_outcomes: list[Outcome[Instance]]  # to be written to the log
    record: Record | None = None  # of the plan, written before anything is sent; None: the log has it
    log: JobLog | None = None
    errors: int = 0  # failures that count for --max-errors already
    stopped: str | None = None  # why the plan leaves something out
    total: int | None = None  # instances that a percentage of --max-errors is of; None: those that get a call
    possibly_active: Sequence[Instance] = ()  # instances that an earlier run may have left in operation
    gate_first: Batch | None = None  # instances that must be healthy before anything is sent
    earlier_drains: EarlierDrains = NO_DRAINS  # whom an earlier run left out of rotation
    hooks: HookRecords = HookRecords()  # of the earlier run
    budgets: Sequence[Budget] = ()  # of the window of the earlier run

    @property
    def acting(self) -> list[Instance]:
        """Return the instances for which a request may be sent that changes something."""
        return [one for batch in self.batches for work in batch.work if work.sends for one in work.instances]

    @property
    def batch_numbers(self) -> dict[ResourceId, int]:
        """Return the batch of each instance that gets a call, by id."""
        return {one.id: batch.number for batch in self.batches for work in batch.work for one in work.instances}


def run_context(
    cli_ctx: Any,
    operation: Operation,
    options: dict[str, Any],
    run_options: RunOptions,
    *,
    unknown_secrets: Sequence[str] = (),
) -> RunContext:
    """Return the context of a run, with the mask of its secrets."""
    run_options.check(operation)
    require_files(operation, options)
    return RunContext(
        cli_ctx,
        operation,
        options,
        run_options,
        azure=azure_of(cli_ctx),
        mask=make_masker(secrets_of(operation, options)),
        output_mask=make_masker(secrets_of(operation, {name: options.get(name) for name in PROTECTED})),
        unknown_secrets=unknown_secrets,
    )


def secrets_of(operation: Operation, options: dict[str, Any]) -> list[str]:
    """Return the values of the options that may hold a secret."""
    found = [options[option.dest] for option in operation.given(options) if option.type in SECRET]
    texts = [str(one) for value in found for one in (value if isinstance(value, list) else [value])]
    protected = name_parameters(options.get("protected_parameters"))
    return [
        *(one for text in texts for one in dict.fromkeys((text, read_setting(text)))),
        *(one["value"] for one in protected if one["value"]),
    ]


def plan_run(context: RunContext, prepare: Prepare, chosen: list[Instance], choice: dict[str, Any]) -> RunPlan:
    """Return the plan of a new run over the chosen instances; `choice` is how they were chosen, for the log."""
    run_options, prepare = context.run_options, context.protecting(prepare, choice)
    check_share(run_options, choice.get("shard"))
    warn_of_share(run_options, choice)
    satisfied = deleting_reasons(chosen)
    satisfied |= satisfied_reasons(context.operation, chosen, context.options) if run_options.skip_satisfied else {}
    work = prepare([instance for instance in chosen if instance.id not in satisfied])
    skipped = skip_reasons(work)
    acting = [one for one in chosen if one.id not in satisfied and one.id not in skipped]
    check_domains(acting, run_options, choice)
    parts = batches_of(acting, run_options.batch_size, separating(acting, run_options.batch_by))
    calls = [without_skips(work)] if len(parts) == 1 else [without_skips(prepare(part)) for part in parts]
    batches = [Batch(number, *one) for number, one in enumerate(zip(parts, calls, strict=False), 1)]
    run_plan = RunPlan(chosen, batches, [], skipped_outcomes(chosen, {**satisfied, **skipped}))
    record = records.plan(
        context.operation,
        kept_options(context),
        choice,
        run_options.to_log(),
        instances=chosen,
        batches=run_plan.batch_numbers,
    )
    return run_plan._replace(record=record)


def kept_options(context: RunContext) -> dict[str, Any]:
    """Return the values of the operation's options for the log; None is one that may hold a secret."""
    return {
        one.name: context.options[one.dest] if one.type in KEPT else None
        for one in context.operation.given(context.options)
    }
