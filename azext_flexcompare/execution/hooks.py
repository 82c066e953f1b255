"""The commands of `--before-batch` and `--after-batch`: run with the batch on standard input, and recorded."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from knack.log import get_logger

from azext_flexcompare.execution.monitor import Monitor
from azext_flexcompare.execution.user_command import CommandResult, Shell, variables_of
from azext_flexcompare.instances import Instance
from azext_flexcompare.joblog import records
from azext_flexcompare.joblog.hook_records import HookRecords
from azext_flexcompare.output import rows
from azext_flexcompare.scheduler.outcome import Outcome

BEFORE, AFTER = "before-batch", "after-batch"


class HookCall(NamedTuple):
    """A hook that is about to run: which one, for which instances of which batch, and their outcomes.

    `alone` is the only instance where each instance of a batch has a turn of its own.
    """

    name: str
    batch: int
    instances: Sequence[Instance]
    outcomes: Sequence[Outcome[Instance]] = ()
    alone: Instance | None = None


class Hooks(NamedTuple):
    """The hooks of a run, and what its job log says of those that ran before."""

    monitor: Monitor
    shell: Shell
    commands: dict[str, str | None]
    timeout: float
    echo: Callable[[str], None] | None = None
    earlier: HookRecords = HookRecords()

    def run(self, call: HookCall) -> bool:
        """Run a hook, if there is one and it did not end before; stop the run and return False where it fails."""
        command = self.commands.get(call.name)
        if command is None:
            return True
        result = self._run(command, call)
        if result.problem and not self.monitor.interrupted():
            self.monitor.stop(f"Stopped by --{call.name}: {_what(call)}: {result.problem}")
        return result.problem is None

    def ended(self, call: HookCall) -> bool:
        """Check whether the hook succeeded in the part of the run that the log has."""
        return self.earlier.ended(call.name, call.batch, call.alone and call.alone.id)

    def warn_of_repetition(self, call: HookCall) -> None:
        """Warn where a hook that ran before, in vain, is about to run again."""
        known = call.name, call.batch, call.alone and call.alone.id
        if self.commands.get(call.name) and self.earlier.begun(*known):
            get_logger(__name__).warning(
                "The command of --%s ran for %s before, and nothing was sent; it runs again.", call.name, _what(call)
            )

    def _run(self, command: str, call: HookCall) -> CommandResult:
        alone = {"instance": call.alone.id} if call.alone else {}
        what = {"hook": call.name, "batch": call.batch, **alone}
        self.monitor.write(records.record("hook", state="begun", **what))
        self.monitor.sync()
        if call.alone is None:
            self.monitor.show(f"running --{call.name}")
        of = {"VMSS_FLEX_HOOK": call.name, "VMSS_FLEX_BATCHES": str(self.monitor.batch[1])}
        variables = {**variables_of(self.monitor.operation, call.batch, call.alone), **of}
        result = self.shell.run(
            command, variables, timeout=self.timeout, stdin=json.dumps(self._input(call)), echo=self.echo
        )
        if not self.monitor.interrupted():
            end = {"exit": result.status, "seconds": result.seconds}
            self.monitor.write(records.record("hook", state="ended", **what, **end))
            self.monitor.sync()
        return result

    def _input(self, call: HookCall) -> dict[str, Any]:
        operation = self.monitor.operation
        outcomes = {"outcomes": [rows.outcome_row(operation, one) for one in call.outcomes]}
        return {
            "operation": operation.name,
            "batch": call.batch,
            "total": self.monitor.batch[1],
            "instances": [{"name": one.name, **rows.instance_row(one)} for one in call.instances],
            **(outcomes if call.name == AFTER else {}),
        }


def _what(call: HookCall) -> str:
    return call.alone.name if call.alone else f"batch {call.batch}"
