"""The selection of a command: its instances, or an error of the CLI."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from random import SystemRandom
from typing import Any

from azure.cli.core.azclierror import ArgumentUsageError, ValidationError
from knack.log import get_logger

from azext_flexcompare.arm.clients import arm_client, azure_of, compute_client
from azext_flexcompare.arm.latest_model import outdated_instances
from azext_flexcompare.arm.scale_sets import Reader
from azext_flexcompare.arm.typed import typed
from azext_flexcompare.instances import Instance
from azext_flexcompare.selection.members import find_members
from azext_flexcompare.selection.resource_graph import find_in_graph
from azext_flexcompare.selection.selection import Choice, ChoiceError, select, take_sample
from azext_flexcompare.selection.shares import take_share


def choose(cli_ctx: Any, command: str, choice: Choice, source: str = "compute") -> list[Instance]:
    """Read the members of the given sets, and return the selected ones; see `select` for the errors.

    `source` is the service to read from. A command that acts must use `compute`.
    """
    reader = Reader(partial(compute_client, cli_ctx), command, typed(cli_ctx))
    if source == "resource-graph":
        _check_graph(choice)
        members, named = find_in_graph(partial(arm_client, cli_ctx), reader, choice), choice
    else:
        members, named = find_members(reader, choice)
    if not members and choice.takes_all:
        place = choice.resource_group or "the subscription"
        sets = f"the scale sets of {place}" if choice.all_sets else "the scale sets that --ids names"
        get_logger(__name__).warning("No instances: %s.", choice.scale_set or sets)
        return []
    return choose_among(cli_ctx, members, named)


def choose_among(cli_ctx: Any, members: list[Instance], choice: Choice) -> list[Instance]:
    """Choose among members that have been read; raises ValidationError for what is refused.

    A share without instances is no error. It is taken before --outdated, which sends a request for each instance.
    """
    with choice_errors():
        selected = select(members, choice)
        chosen = take_share(selected, choice.shard) if choice.shard else selected
        if choice.outdated and chosen:
            chosen = outdated_instances(azure_of(cli_ctx), chosen)
        if not chosen and not choice.shard:
            raise ChoiceError("every instance that the other filters leave is on the latest model", "Omit --outdated.")
    if not chosen:
        others = " on an earlier model" if choice.outdated else ""
        get_logger(__name__).warning(
            "Share %s has no instance%s; %s selected in all.", choice.shard, others, f"{len(selected):,}"
        )
        return []
    return take_sample(chosen, choice.sample, SystemRandom()) if choice.sample else chosen


@contextmanager
def choice_errors() -> Iterator[None]:
    """Raise a ChoiceError as an error of the CLI."""
    try:
        yield
    except ChoiceError as error:
        message = str(error)
        raise ValidationError(f"{message[0].upper()}{message[1:]}.", recommendation=error.helps) from error


def _check_graph(choice: Choice) -> None:
    for flag, given in (("--unhealthy", choice.unhealthy), ("--outdated", choice.outdated)):
        if given:
            raise ArgumentUsageError(
                f"--source resource-graph does not show what {flag} needs.",
                recommendation="Omit --source to read from the compute API.",
            )
