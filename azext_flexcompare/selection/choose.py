"""The selection of a command: its instances, or an error of the CLI."""

from __future__ import annotations

from functools import partial
from typing import Any

from azure.cli.core.azclierror import ValidationError

from azext_flexcompare.arm.clients import arm_client, compute_client
from azext_flexcompare.arm.scale_sets import Reader
from azext_flexcompare.instances import Instance
from azext_flexcompare.selection.members import find_members
from azext_flexcompare.selection.resource_graph import find_in_graph
from azext_flexcompare.selection.selection import Choice, ChoiceError, select


def choose(cli_ctx: Any, command: str, choice: Choice, source: str = "compute") -> list[Instance]:
    """Read the members of the given sets, and return the selected ones; see `select` for the errors.

    `source` is the service to read from. A command that acts must use `compute`.
    """
    reader = Reader(partial(compute_client, cli_ctx), command)
    if source == "resource-graph":
        members, named = find_in_graph(partial(arm_client, cli_ctx), reader, choice), choice
    else:
        members, named = find_members(reader, choice)
    try:
        return select(members, named)
    except ChoiceError as error:
        message = str(error)
        raise ValidationError(f"{message[0].upper()}{message[1:]}.", recommendation=error.helps) from error
