"""How does an operation run, from the choice to the exit status? Every one goes this way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from azure.cli.core._profile import Profile
from azure.cli.core.azclierror import AzCLIError, ManualInterrupt, NoTTYError, RequiredArgumentMissingError
from knack.log import get_logger
from knack.prompting import NoTTYException, prompt_y_n

from azext_flexcompare import report
from azext_flexcompare._client_factory import WORKERS, arm_client, compute_client
from azext_flexcompare.adapters import Nothing, Work
from azext_flexcompare.choosing import choose
from azext_flexcompare.engines import VM, prepared_by
from azext_flexcompare.failure import Error
from azext_flexcompare.fanout import Flight, Limits, fan_out
from azext_flexcompare.interruption import interruptible
from azext_flexcompare.outcome import Outcome
from azext_flexcompare.pacing import Rate
from azext_flexcompare.planning import planned, satisfied, skipped
from azext_flexcompare.protection import locks_around
from azext_flexcompare.secrecy import hidden, masker
from azext_flexcompare.selection import Choice, Instance, describe
from azext_flexcompare.sending import Azure
from azext_flexcompare.table import Operation
from azext_flexcompare.watching import SetSurvey

# The first guess, before an answer says what is left: changes and reads of one principal in a subscription and region
# (Microsoft, Azure Resource Manager throttling, token buckets since 2024).
PACES = (Rate(200, 10), Rate(250, 25))


class How(NamedTuple):
    """The options that every operation has; `timeout` is in seconds for each instance."""

    max_parallel: int | None
    timeout: int
    dry_run: bool
    no_wait: bool
    yes: bool
    skip_satisfied: bool
    engine: str = VM


def run_operation(
    cli_ctx: Any, operation: Operation, choice: Choice, options: dict[str, Any], how: How
) -> list[dict[str, Any]]:
    """Choose, prepare, confirm, send to each instance, watch and report; return a row for each, in the order chosen.

    Whatever is wrong with the choice or the options is raised before the first request that changes anything.
    """
    _demand_names(operation, choice)
    azure = azure_of(cli_ctx)
    prepare = prepared_by(how.engine, operation, options, azure, how.max_parallel)
    chosen = choose(cli_ctx, operation.name, choice)
    there = satisfied(operation, chosen) if how.skip_satisfied else {}
    work = prepare([instance for instance in chosen if instance.id not in there])
    idle = {one.id: each.call.reason for each in work if isinstance(each.call, Nothing) for one in each.instances}
    mask = masker(_secrets(operation, options))
    with hidden(mask):
        outcomes = _act(operation, azure, [each for each in work if not isinstance(each.call, Nothing)], how)
    outcomes = [replace(one, error=one.error and Error(one.error.code, mask(one.error.message))) for one in outcomes]
    given = [option.name for option in operation.options if options.get(option.dest)]
    return told(cli_ctx, operation, given, chosen, [*skipped(chosen, {**there, **idle}), *outcomes])


def azure_of(cli_ctx: Any) -> Azure:
    """Give the clients of the CLI's login, made when they are first needed."""
    return Azure(partial(compute_client, cli_ctx), partial(arm_client, cli_ctx))


def _secrets(operation: Operation, options: dict[str, Any]) -> list[str]:
    return [
        options[option.dest] for option in operation.options if option.type == "secret" and options.get(option.dest)
    ]


def _act(operation: Operation, azure: Azure, work: list[Work], how: How) -> list[Outcome[Instance]]:
    instances = [instance for each in work for instance in each.instances]
    if how.dry_run:
        return planned(instances, _locked(operation, azure, instances))
    if operation.confirm and instances and not how.yes:
        ask(operation, instances)
    limits = Limits(how.max_parallel, how.timeout, WORKERS, not how.no_wait, *PACES)
    with interruptible() as interrupted:
        return carry_out(azure, work, limits, interrupted)


def carry_out(
    azure: Azure, work: list[Work], limits: Limits, interrupted: Callable[[], bool]
) -> list[Outcome[Instance]]:
    """Make every call and watch it, and then what is to be done instead of those that turned out not to be there."""
    survey = SetSurvey(azure, work) if all(len(each.instances) == 1 for each in work) else None
    outcomes = fan_out(work, _call, limits, interrupted, _lane, survey)
    found = [one for outcome in outcomes for one in outcome.target.settle(outcome)]
    instead = [one for one in found if isinstance(one, Work)]
    done = [one for one in found if not isinstance(one, Work)]
    return done + carry_out(azure, instead, limits, interrupted) if instead else done


def _call(work: Work) -> Flight:
    return work.call()  # type: ignore[operator]  # whoever has nothing to do has been set apart


def _lane(work: Work) -> tuple[str, str]:
    # Azure Resource Manager counts for each subscription in each region.
    return work.instances[0].subscription, work.instances[0].location


def _locked(operation: Operation, azure: Azure, instances: list[Instance]) -> dict[str, str]:
    """Find the instances that a lock will keep from the operation, with the reason by id; a hint, so it may fail."""
    try:
        locks = locks_around(azure, instances)
    except AzCLIError as error:
        get_logger(__name__).warning("Whether locks stand in the way could not be read: %s", error)
        return {}
    held = {i.id: [lock for lock in locks if lock.holds_for(i.id) and lock.forbids(operation)] for i in instances}
    return {
        id_: "; ".join(f"Locked: {one.level} by {one.name}" for one in found) for id_, found in held.items() if found
    }


def told(
    cli_ctx: Any, operation: Operation, given: list[str], chosen: list[Instance], outcomes: list[Outcome[Instance]]
) -> list[dict[str, Any]]:
    """Report a run, and have the process leave with its status; return the rows, in the order chosen.

    `given` are the names of the operation's own options that a retry needs again.
    """
    found = {outcome.target.id: outcome for outcome in outcomes}
    ordered = [found[instance.id] for instance in chosen]
    for line in report.tell(operation.name, ordered, given, Profile(cli_ctx=cli_ctx).get_subscription_id()):
        get_logger(__name__).warning(line)
    report.leave_after_output(cli_ctx, report.status_of(ordered))
    return [report.outcome_row(operation, outcome) for outcome in ordered]


def ask(operation: Operation, instances: list[Instance]) -> None:
    """Have the user agree, who is told how many instances of which set; raises where nobody can, or does not."""
    sets = describe(instance.scale_set for instance in instances)
    count = f"{len(instances)} instance{'s' * (len(instances) != 1)} of {sets}"
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
