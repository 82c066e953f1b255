"""The question before an operation that cannot be undone."""

from __future__ import annotations

from azure.cli.core.azclierror import (
    ManualInterrupt,
    NoTTYError,
)
from knack.prompting import NoTTYException, prompt_y_n

from azext_flexcompare.instances import Instance, describe
from azext_flexcompare.output.text import show_invisible
from azext_flexcompare.table.entries import Operation
from azext_flexcompare.times import count


def ask(operation: Operation, instances: list[Instance]) -> None:
    """Ask you to confirm an operation on so many instances of which sets; raises where you do not, or cannot."""
    sets = describe(instance.scale_set for instance in instances)
    chosen = f"{count(len(instances), 'instance')} of {sets}"
    try:
        agreed = prompt_y_n(show_invisible(f"{operation.name}: {chosen}. {operation.risk} Continue?"))
    except NoTTYException as error:
        raise NoTTYError(
            f"{operation.name} needs your confirmation to act on {chosen}, and there is no terminal to ask on.",
            recommendation="Use --yes to confirm.",
        ) from error
    if not agreed:
        raise ManualInterrupt("Operation cancelled; nothing was sent.")
