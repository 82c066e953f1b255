"""Ask before something that cannot be undone."""

from __future__ import annotations

from collections.abc import Sequence

from azure.cli.core.azclierror import (
    ManualInterrupt,
    NoTTYError,
)
from knack.prompting import NoTTYException, prompt_y_n

from azext_flexcompare.instances import Instance, describe
from azext_flexcompare.table.entries import Operation


def count_of(instances: Sequence[Instance]) -> str:
    """Return `1 instance`, `2 instances` and so on."""
    return f"{len(instances)} instance{'s' * (len(instances) != 1)}"


def ask(operation: Operation, instances: list[Instance]) -> None:
    """Have the user agree, who is told how many instances of which set; raises where nobody can, or does not."""
    sets = describe(instance.scale_set for instance in instances)
    count = f"{count_of(instances)} of {sets}"
    try:
        agreed = prompt_y_n(f"{operation.name}: {count}. {operation.risk} Go on?")
    except NoTTYException as error:
        raise NoTTYError(
            f"{operation.name} asks before it acts on {count}, and there is no terminal to ask on.",
            recommendation="Give --yes if that is what you want.",
        ) from error
    if not agreed:
        raise ManualInterrupt("Operation cancelled; nothing was sent.")
