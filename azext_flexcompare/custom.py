"""What does each command do, from parsed arguments to what it returns?"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # these would import the SDK at start-up
    from azext_flexcompare.outcome import Outcome
    from azext_flexcompare.selection import Choice, Instance
    from azext_flexcompare.table import Operation, Refusal


def compare(
    cmd: Any,  # noqa: ARG001  (the CLI passes it)
    section: str | None = None,
    operation: str | None = None,
    support: str | None = None,
) -> list[dict[str, Any]]:
    """Print the equivalence table; needs no login and no network."""
    from azext_flexcompare.comparison import compare_rows

    return compare_rows(section, operation, support)


def list_instances(cmd: Any, choice: Choice, source: str = "compute") -> list[dict[str, Any]]:
    """List the chosen instances with zone, fault domain and power state."""
    from azext_flexcompare.report import listed_row

    return [listed_row(instance) for instance in _choose(cmd, "list-instances", choice, source)]


def show(cmd: Any, choice: Choice) -> list[Any]:
    """Show the chosen instances whole."""
    return [instance.resource for instance in _choose(cmd, "show", choice)]


def get_instance_view(cmd: Any, choice: Choice) -> list[dict[str, Any]]:
    """Show the instance view of each chosen instance."""
    from azext_flexcompare.report import instance_row

    return [
        {**instance_row(instance), "powerState": instance.power_state, "instanceView": instance.resource.instance_view}
        for instance in _choose(cmd, "get-instance-view", choice)
    ]


def refuse(cmd: Any, refusal: Refusal, choice: Choice) -> None:  # noqa: ARG001  (nothing is read, nothing is sent)
    """Say why a Flexible set has no such operation."""
    from azure.cli.core.azclierror import ValidationError

    raise ValidationError(f"{refusal.name}: {refusal.because}", recommendation=refusal.instead)


def operate(
    cmd: Any,
    operation: Operation,
    choice: Choice,
    options: dict[str, Any],
    max_parallel: int | None = None,
    timeout: int = 7200,
    dry_run: bool = False,
    no_wait: bool = False,
    yes: bool = False,
    skip_satisfied: bool = False,
) -> list[dict[str, Any]]:
    """Choose, confirm, send to each instance, watch, report: every operation goes this way."""
    from knack.log import get_logger

    from azext_flexcompare import report
    from azext_flexcompare.planning import planned, skipped

    _demand_names(operation, choice)
    chosen = _choose(cmd, operation.name, choice)
    done = skipped(operation, chosen) if skip_satisfied else {}
    to_do = [instance for instance in chosen if instance.id not in done]
    if dry_run:
        outcomes = planned(to_do)
    else:
        if operation.confirm and to_do and not yes:
            _ask(operation, to_do)
        outcomes = _run(cmd, operation, options, to_do, max_parallel, timeout, not no_wait)
    found = {**done, **{outcome.target.id: outcome for outcome in outcomes}}
    ordered = [found[instance.id] for instance in chosen]
    given = [option.name for option in operation.options if options.get(option.dest)]
    for line in report.tell(operation.name, ordered, given):
        get_logger(__name__).warning(line)
    report.leave_after_output(cmd.cli_ctx, report.status_of(ordered))
    return [report.outcome_row(operation.name, outcome) for outcome in ordered]


def _run(
    cmd: Any,
    operation: Operation,
    options: dict[str, Any],
    instances: list[Instance],
    parallel: int | None,
    timeout: int,
    wait: bool,
) -> list[Outcome[Instance]]:
    from azext_flexcompare._client_factory import WORKERS, compute_client
    from azext_flexcompare.fanout import Limits, fan_out
    from azext_flexcompare.interruption import interruptible
    from azext_flexcompare.sending import sender

    send = sender(operation, options, partial(compute_client, cmd.cli_ctx))
    with interruptible() as interrupted:
        return fan_out(instances, send, Limits(parallel, timeout, WORKERS, wait), interrupted)


def _choose(cmd: Any, command: str, choice: Choice, source: str = "compute") -> list[Instance]:
    from azure.cli.core.azclierror import ValidationError

    from azext_flexcompare._client_factory import arm_client, compute_client
    from azext_flexcompare.members import Reader, find_members
    from azext_flexcompare.resource_graph import find_in_graph
    from azext_flexcompare.selection import ChoiceError, select

    reader = Reader(partial(compute_client, cmd.cli_ctx), command)
    if source == "resource-graph":
        members, named = find_in_graph(partial(arm_client, cmd.cli_ctx), reader, choice), choice
    else:
        members, named = find_members(reader, choice)
    try:
        return select(members, named)
    except ChoiceError as error:
        message = str(error)
        raise ValidationError(f"{message[0].upper()}{message[1:]}.", recommendation=error.helps) from error


def _ask(operation: Operation, instances: list[Instance]) -> None:
    from azure.cli.core.azclierror import ManualInterrupt, NoTTYError
    from knack.prompting import NoTTYException, prompt_y_n

    from azext_flexcompare.report import describe

    count = f"{len(instances)} instance{'s' * (len(instances) != 1)} of {describe(i.scale_set for i in instances)}"
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
    from azure.cli.core.azclierror import RequiredArgumentMissingError

    whole_sets = choice.ids is None or any("/virtualmachinescalesets/" in one.lower() for one in choice.ids)
    if whole_sets and choice.names is None and not operation.everyInstance:
        raise RequiredArgumentMissingError(
            f"{operation.name} does not act on every instance unless told to: --instance-ids is missing.",
            recommendation="Name the instances, or give `--instance-ids '*'` for every one.",
        )
