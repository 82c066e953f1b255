"""`compare --by command -g -n`: each `az vmss` command with what to type instead for a scale set."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from azure.cli.core._profile import Profile

from azext_flexcompare.instances import Instance
from azext_flexcompare.selection.choose import choose
from azext_flexcompare.selection.selection import Choice
from azext_flexcompare.table.comparison import command_entries, command_rows


def commands_for(cli_ctx: Any, choice: Choice, name: str | None) -> list[dict[str, Any]]:
    """Return the rows of the `az vmss` commands, each with the command lines for a set and its instances."""
    chosen = choose(cli_ctx, "compare", choice)
    home: str = Profile(cli_ctx=cli_ctx).get_subscription_id()
    rows = zip(command_rows(name), command_entries(name), strict=True)
    return [{**row, "commands": fill_in(entry.get("paste"), chosen, home)} for row, entry in rows]


def fill_in(template: str | None, instances: Sequence[Instance], home: str) -> list[str]:
    """Fill in a command line for the set of instances, or for each of them where it names a VM.

    `home` is the default subscription; another one is named.
    """
    if template is None:
        return []
    lines = [_line(template, one, home) for one in instances]
    return list(dict.fromkeys(lines))


def _line(template: str, instance: Instance, home: str) -> str:
    scale_set = instance.scale_set
    values = {"group": scale_set.resource_group, "set": scale_set.name, "vm": instance.name}
    elsewhere = scale_set.subscription.lower() != home.lower()
    end = f" --subscription {shlex.quote(scale_set.subscription)}" if elsewhere else ""
    return template.format(**{key: shlex.quote(value) for key, value in values.items()}) + end
