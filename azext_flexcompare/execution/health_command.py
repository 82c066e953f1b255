"""The check of `--health-gate command`: a command of the user's for each instance, healthy where its status is 0."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.private_address import PrivateAddresses
from azext_flexcompare.execution.health_gate import CHECKS, Check, Gate, Subject
from azext_flexcompare.execution.user_command import PREFIX, Shell, variables_of
from azext_flexcompare.instances import Instance
from azext_flexcompare.planning.run_options import COMMAND_GATE, RunOptions
from azext_flexcompare.table.entries import Operation

LIMIT = 60.0  # seconds for the command of one instance
SHORTEST = 1.0  # seconds that it is given at least


@dataclass(frozen=True)
class CommandCheck:
    """A check by a command, which must end by a moment of the monotonic clock."""

    command: str
    shell: Shell
    variables: Callable[[Instance], dict[str, str]]
    end: float

    def __call__(self, subject: Subject, found: Instance) -> str | None:
        """Return why the command did not succeed, or None."""
        del subject
        timeout = min(LIMIT, max(SHORTEST, self.end - time.monotonic()))
        problem = self.shell.run(self.command, self.variables(found), timeout=timeout).problem
        return problem and f"--health-command: {problem}"


def gate_of(
    run_options: RunOptions, operation: Operation, boots: bool, *, shell: Shell, azure: Azure
) -> Callable[[int], Gate] | None:
    """Return what makes the gate of a batch by its number, or None where there is no --health-gate."""
    names, command = run_options.health_gate, run_options.health_command
    if not names:
        return None
    checks: list[Check] = [check for name, check in CHECKS.items() if name in names]
    addresses = PrivateAddresses(azure)
    gate = Gate(" ".join(names), run_options.health_timeout, checks, boots, bake=run_options.bake)

    def variables(number: int, instance: Instance) -> dict[str, str]:
        return {**variables_of(operation, number, instance), f"{PREFIX}ADDRESS": addresses.of(instance)}

    def of_batch(number: int) -> Gate:
        if command is None or COMMAND_GATE not in names:
            return gate
        return gate._replace(command=partial(CommandCheck, command, shell, partial(variables, number)))

    return of_batch
