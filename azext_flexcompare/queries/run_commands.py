"""Commands that read managed run commands: `run-command list`, `run-command show`, `run-command wait`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from azure.core.exceptions import ResourceNotFoundError as NotThere

from azext_flexcompare.arm.calls import read_once, with_headers
from azext_flexcompare.arm.clients import Azure, EndlessListError, azure_of, entries_of
from azext_flexcompare.arm.polling import Completed
from azext_flexcompare.arm.rate_limits import limits, rate_limit_key
from azext_flexcompare.arm.responses import NO_RETRY, poll_errors, remaining
from azext_flexcompare.instances import Instance
from azext_flexcompare.output import rows
from azext_flexcompare.output.conclusion import conclude_counted
from azext_flexcompare.output.script_result import ENDED, execution_state, judge_script, parse_script_result
from azext_flexcompare.queries.show import conclude_found, found_row, read_each, require_found
from azext_flexcompare.queries.wait import Awaited, compile_custom
from azext_flexcompare.scheduler.interruption import interruptible
from azext_flexcompare.scheduler.observer import Observer
from azext_flexcompare.scheduler.outcome import Error
from azext_flexcompare.scheduler.poller import Acceptance, Failure, Poll, Poller
from azext_flexcompare.scheduler.scheduler import send_and_poll
from azext_flexcompare.scheduler.service import Service
from azext_flexcompare.selection.choose import choose
from azext_flexcompare.selection.selection import Choice

VIEW = "instanceView"
Condition = Callable[[Any], object]


def list_run_commands(cli_ctx: Any, choice: Choice, expand: str | None) -> list[dict[str, Any]]:
    """Return a row for each chosen instance with its managed run commands."""

    def read(azure: Azure, instance: Instance) -> Poller:
        commands = azure.compute(instance.subscription).virtual_machine_run_commands
        with poll_errors():
            pages = commands.list_by_virtual_machine(instance.resource_group, instance.name, expand=expand, **NO_RETRY)
            try:
                return Completed(entries_of(pages))
            except EndlessListError as error:  # nor would the next reading end
                raise Failure(Error("AnswerUnreadable", f"The list cannot be read: {error}.")) from error

    outcomes = read_each(cli_ctx, "run-command list", choice, read)
    conclude_found(cli_ctx, outcomes)
    return [found_row(outcome, runCommands=outcome.result) for outcome in outcomes]


def show_run_command(cli_ctx: Any, choice: Choice, name: str, *, with_view: bool) -> list[dict[str, Any]]:
    """Return a row for each chosen instance with its run command of that name, None where it has none.

    Raises ResourceNotFoundError where no chosen instance has it.
    """

    def read(azure: Azure, instance: Instance) -> Poller:
        commands = azure.compute(instance.subscription).virtual_machine_run_commands
        get = partial(read_once, commands.get_by_virtual_machine, instance.resource_group, instance.name, name)
        return get(expand=VIEW) if with_view else get()

    outcomes = read_each(cli_ctx, "run-command show", choice, read)
    require_found(outcomes, f"a run command called {name}", listed_by="run-command list")
    conclude_found(cli_ctx, outcomes)
    return [found_row(outcome, runCommand=outcome.result) for outcome in outcomes]


def wait_for_run_command(
    cli_ctx: Any, choice: Choice, name: str, awaited: Awaited, *, timing: tuple[int | None, int]
) -> list[dict[str, Any]]:
    """Wait until a run command of each chosen instance is in the awaited state, or else until its script has ended.

    `timing` are the seconds between two polls, and those to wait at most.
    """
    interval, timeout = timing
    conditions = _conditions(awaited)
    chosen = choose(cli_ctx, "run-command wait", choice)
    gone_allowed = awaited.deleted or awaited.exists
    watch = partial(_Watch, azure_of(cli_ctx), name, conditions or [_has_ended], interval, gone_allowed)
    with interruptible() as interrupted:
        service = Service[Instance](rate_limit_key)
        outcomes = send_and_poll(chosen, watch, limits(timeout, sends=None), Observer(interrupted), service=service)
    if not conditions:
        outcomes = [judge_script(one, fail_on_stderr=False) for one in outcomes]
    conclude_counted(cli_ctx, outcomes)
    return [
        {**rows.waited_row("run-command wait", one), **parse_script_result(one.result)._asdict()} for one in outcomes
    ]


def _conditions(awaited: Awaited) -> list[Condition]:
    """List the conditions that were asked for, each of a run command, None where there is none."""
    custom = awaited.custom and compile_custom(awaited.custom, "az vmss-flex run-command show --instance-view")
    named: list[tuple[object, Condition]] = [
        (awaited.created or awaited.updated, lambda one: one is not None and _succeeded(one)),
        (awaited.deleted, lambda one: one is None),
        (awaited.exists, lambda one: one is not None),
        (custom, lambda one: one is not None and bool(custom and custom(rows.to_dict(one)))),
    ]
    return [condition for wanted, condition in named if wanted]


def _succeeded(found: Any) -> bool:
    state = found.provisioning_state
    if state in ("Failed", "Canceled"):
        raise Failure(Error(state, f"The provisioningState of the run command is {state}."))
    return bool(state == "Succeeded")


def _has_ended(found: Any) -> bool:
    return execution_state(_as_read(found)) in ENDED


def _as_read(found: Any) -> Any:
    """Return a run command as the service returns it, None where there is none."""
    return found and found.serialize(keep_readonly=True)


@dataclass(eq=False)
class _Watch:
    """The poller of one run command; `gone_allowed` is whether there may be none."""

    azure: Azure
    name: str
    conditions: Sequence[Condition]
    interval: float | None
    gone_allowed: bool
    instance: Instance

    @property
    def acceptance(self) -> Acceptance:
        """Return an acceptance without a request, so that the run command is polled."""
        return Acceptance(Poll(done=False, retry_after=self.interval))

    def poll(self) -> Poll:
        """Read the run command once."""
        found, left = self._read()
        if found is None and not self.gone_allowed:
            raise Failure(Error("ResourceNotFound", f"The instance has no run command called {self.name}."))
        done = all(condition(found) for condition in self.conditions)
        return Poll(done, self.interval, left, result=_as_read(found))

    def _read(self) -> tuple[Any, float | None]:
        commands = self.azure.compute(self.instance.subscription).virtual_machine_run_commands
        place = (self.instance.resource_group, self.instance.name, self.name)
        with poll_errors():
            try:
                found, headers = commands.get_by_virtual_machine(*place, expand=VIEW, cls=with_headers, **NO_RETRY)
            except NotThere as error:
                return None, remaining(error.response.headers) if error.response else None
        return found, remaining(headers)
