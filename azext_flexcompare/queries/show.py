"""Commands that show chosen instances: `show`, `extension show`, `extension list`, `protection show`.

One request for each instance, many at a time, through the scheduler that sends operations.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from azure.cli.core.azclierror import ResourceNotFoundError

from azext_flexcompare.arm.calls import read_once
from azext_flexcompare.arm.clients import Azure, azure_of
from azext_flexcompare.arm.locks import OURS, locks_of, scale_set_view
from azext_flexcompare.arm.rate_limits import READS, limits, rate_limit_key
from azext_flexcompare.instances import Instance
from azext_flexcompare.output import rows
from azext_flexcompare.output.conclusion import conclude
from azext_flexcompare.scheduler.interruption import interruptible
from azext_flexcompare.scheduler.observer import Observer
from azext_flexcompare.scheduler.outcome import UNFINISHED, Error, Outcome
from azext_flexcompare.scheduler.poller import Poller
from azext_flexcompare.scheduler.scheduler import send_and_poll
from azext_flexcompare.scheduler.service import Service
from azext_flexcompare.selection.choose import choose
from azext_flexcompare.selection.selection import Choice

TIMEOUT = 300  # seconds for each instance, throttling included
NOT_FOUND_CODES = ("ResourceNotFound", "NotFound")


def show_extension(cli_ctx: Any, choice: Choice, name: str) -> list[dict[str, Any]]:
    """Return a row for each chosen instance with its extension of that name, None where it has none.

    Raises ResourceNotFoundError where no chosen instance has it.
    """

    def read(azure: Azure, instance: Instance) -> Poller:
        extensions = azure.compute(instance.subscription).virtual_machine_extensions
        return read_once(extensions.get, instance.resource_group, instance.name, name, expand="instanceView")

    outcomes = read_each(cli_ctx, "extension show", choice, read)
    require_found(outcomes, f"an extension called {name}", listed_by="extension list")
    conclude_found(cli_ctx, outcomes)
    return [found_row(outcome, extension=outcome.result) for outcome in outcomes]


def require_found(outcomes: Sequence[Outcome[Instance]], what: str, *, listed_by: str) -> None:
    """Raise ResourceNotFoundError where no instance has what was asked for; a command lists what they have."""
    if all(outcome.error and outcome.error.code in NOT_FOUND_CODES for outcome in outcomes):
        raise ResourceNotFoundError(
            f"None of the {len(outcomes)} chosen instances has {what}.",
            recommendation=f"`az vmss-flex {listed_by}` shows what they have.",
        )


def list_extensions(cli_ctx: Any, choice: Choice) -> list[dict[str, Any]]:
    """Return a row for each chosen instance with its extensions."""

    def read(azure: Azure, instance: Instance) -> Poller:
        extensions = azure.compute(instance.subscription).virtual_machine_extensions
        found = read_once(extensions.list, instance.resource_group, instance.name)
        return found._replace(result=found.result.value or [])

    outcomes = read_each(cli_ctx, "extension list", choice, read)
    conclude_found(cli_ctx, outcomes)
    return [found_row(outcome, extensions=outcome.result) for outcome in outcomes]


def show_protection(cli_ctx: Any, choice: Choice) -> list[dict[str, Any]]:
    """Return a row for each chosen instance with its locks, inherited ones too, and its protection policy."""
    outcomes = read_each(cli_ctx, "protection show", choice, scale_set_view)
    locks = locks_of(azure_of(cli_ctx), [outcome.target for outcome in outcomes])
    conclude_found(cli_ctx, outcomes)
    return [
        found_row(
            outcome,
            locks=[
                {**lock._asdict(), "inherited": not lock.is_on(outcome.target.id), "ours": lock.is_named(OURS)}
                for lock in locks
                if lock.holds_for(outcome.target.id)
            ],
            **_policy(outcome.result),
        )
        for outcome in outcomes
    ]


def show_instances(cli_ctx: Any, choice: Choice) -> list[Any]:
    """Return the chosen VMs whole, with what only the scale set shows of them under `scaleSetView`."""
    outcomes = read_each(cli_ctx, "show", choice, scale_set_view)
    # The VM has been read with the list, so a view that the set refuses is warned of, and is no failure.
    conclude(cli_ctx, [replace(one, error=None) for one in outcomes if one.status in UNFINISHED], harmless=outcomes)
    return [
        {**rows.to_dict(outcome.target.resource.model), "scaleSetView": _view(outcome.result)} for outcome in outcomes
    ]


def read_each(
    cli_ctx: Any, command: str, choice: Choice, read: Callable[[Azure, Instance], Poller]
) -> list[Outcome[Instance]]:
    """Read something of each chosen instance; return an outcome for each, with what was read as its result."""
    chosen = choose(cli_ctx, command, choice)
    with interruptible() as interrupted:
        service = Service[Instance](rate_limit_key)
        return send_and_poll(
            chosen,
            partial(read, azure_of(cli_ctx)),
            limits(TIMEOUT, sends=READS),
            Observer(interrupted),
            service=service,
        )


def conclude_found(cli_ctx: Any, outcomes: list[Outcome[Instance]]) -> None:
    """Set the messages and the exit status that follow the output; what an instance does not have is no failure."""
    conclude(cli_ctx, [one for one in outcomes if not _is_not_found(one.error)])


def _is_not_found(error: Error | None) -> bool:
    return error is not None and error.code in NOT_FOUND_CODES


def found_row(outcome: Outcome[Instance], **found: Any) -> dict[str, Any]:
    """Return the row of an instance with what was read of it."""
    error = None if _is_not_found(outcome.error) else outcome.error
    return {**rows.instance_row(outcome.target), **found, "error": error and error._asdict()}


def _policy(view: Any) -> dict[str, Any]:
    policy = getattr(view, "protection_policy", None)
    return {
        "protectFromScaleIn": getattr(policy, "protect_from_scale_in", None),
        "protectFromScaleSetActions": getattr(policy, "protect_from_scale_set_actions", None),
    }


def _view(view: Any) -> dict[str, Any] | None:
    return view and {"latestModelApplied": view.latest_model_applied, "protectionPolicy": _policy(view)}
