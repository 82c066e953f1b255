"""Which instances does a command work on: read, chosen, or refused in the CLI's own way?"""

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
    """Read the members of the sets that were named, and choose among them; see `select` for what is refused.

    `source` is where they are read from; whatever acts must leave it at `compute`.
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
