"""How is a run told: the list on standard output, the rest on standard error, and the exit status?"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import jmespath

from azext_flexcompare.failure import Error
from azext_flexcompare.outcome import BAD, NO_ENDING, UNFINISHED, Ending, Exit, Outcome, Status, exit_status
from azext_flexcompare.selection import Instance, ScaleSet
from azext_flexcompare.table import Operation

NAMES_SHOWN = 10
IDS_SHOWN = 50


def instance_row(instance: Instance) -> dict[str, Any]:
    """Name an instance and its place, as every list of ours begins."""
    return {
        "instance": instance.name,
        "id": instance.id,
        "resourceGroup": instance.resource_group,
        "scaleSet": instance.scale_set.name,
        "zone": instance.zone,
        "faultDomain": instance.fault_domain,
    }


def listed_row(instance: Instance) -> dict[str, Any]:
    """Describe an instance as `list-instances` does; `name` and `instanceId` are those of `az vmss list-instances`."""
    return {
        **instance_row(instance),
        "powerState": instance.power_state,
        "provisioningState": instance.provisioning_state,
        "vmSize": instance.size,
        "location": instance.location,
        "tags": instance.tags,
        "name": instance.name,
        "instanceId": instance.name,
    }


def outcome_row(operation: Operation, outcome: Outcome[Instance]) -> dict[str, Any]:
    """Write one outcome as the contract has it, with what the operation returned if it returns anything."""
    return {**instance_row(outcome.target), **ended(operation, outcome)}


def ended(operation: Operation, outcome: Outcome[Instance]) -> dict[str, Any]:
    """Write what became of an instance, without saying again what it is."""
    return {**_ended(operation.name, outcome), **returned_by(operation, outcome)}


def returned_by(operation: Operation, outcome: Outcome[Any]) -> dict[str, Any]:
    """Write what an operation returned, if it returns anything."""
    return {"output": _output(operation.returns, outcome.result)} if operation.returns else {}


def _output(returns: str, result: Any) -> str | None:
    if isinstance(result, str):  # it was written down before
        return result
    return "\n".join(jmespath.search(returns, result) or ()) if result else None


def waited_row(operation: str, outcome: Outcome[Instance]) -> dict[str, Any]:
    """Write what came of waiting for an instance."""
    return {**instance_row(outcome.target), **_ended(operation, outcome)}


def set_row(operation: str, outcome: Outcome[ScaleSet]) -> dict[str, Any]:
    """Write the outcome of a call to a whole set."""
    target = outcome.target
    place = {"scaleSet": target.name, "id": target.id, "resourceGroup": target.resource_group}
    return {**place, **_ended(operation, outcome)}


def _ended(operation: str, outcome: Outcome[Any]) -> dict[str, Any]:
    return {
        "operation": operation,
        "status": outcome.status,
        "error": outcome.error and outcome.error._asdict(),
        "reason": outcome.reason,
        "batch": outcome.batch,
        "startedAt": utc(outcome.started),
        "finishedAt": utc(outcome.finished),
        "durationSeconds": outcome.seconds,
        "operationUrl": outcome.url,
    }


class Retry(NamedTuple):
    """What it takes to do again what did not succeed.

    `options` are the names of the operation's own options that were given; their values may be secrets. `home` is the
    subscription in which a command without one acts, `log` the job log of the run.
    """

    operation: str
    options: Sequence[str] = ()
    home: str | None = None
    engine: str = "vm"
    log: str | None = None


def tell(outcomes: Sequence[Outcome[Instance]], retry: Retry, ending: Ending = NO_ENDING) -> list[str]:
    """Say what a user must know besides the list: equal errors folded into one line, why it stopped, how to retry."""
    lines = folded(outcomes)
    left = [one for one in outcomes if one.status in (*BAD, Status.NOT_STARTED)]
    unseen = sum(one.status == Status.INTERRUPTED for one in outcomes)
    lines += [why for why in (ending.stopped, ending.unseen) if why]
    lines += [_throttled(ending.waits)] if ending.waits else []
    if unseen:
        lines.append(f"{unseen} Interrupted: sent, but not seen to the end; operationUrl shows how each ended.")
    again = f", with {', '.join(retry.options)} as before" if retry.options else ""
    if left:
        lines.append(f"{len(left)} of {len(outcomes)} did not succeed. To retry: {_command(retry, left)}{again}")
    if retry.log and (ending.unseen or any(one.status in UNFINISHED for one in outcomes)):
        lines.append(f"To go on: az vmss-flex {retry.operation} --resume {shlex.quote(retry.log)}{again}")
    return lines


def folded(outcomes: Iterable[Outcome[Any]]) -> list[str]:
    """Fold equal errors into one line each, with the names of their instances."""
    groups: dict[tuple[str, Error], list[str]] = {}
    for outcome in outcomes:
        if outcome.error:
            said = nameless(outcome.error, outcome.target.name)
            groups.setdefault((outcome.status, said), []).append(outcome.target.name)
    return [
        f"{len(names)} {status}: {said.code}: {said.message} ({some(names)})"
        for (status, said), names in groups.items()
    ]


def nameless(error: Error, name: str) -> Error:
    """Take the name of its instance out of an error, so that the same error of another instance equals it."""
    if name not in error.message:
        return error
    named = rf"(?<![\w.-]){re.escape(name)}(?![\w-])"
    return Error(error.code, re.sub(named, "<instance>", error.message))


def as_shown(resource: Any) -> dict[str, Any]:
    """Write a model of the SDK as the CLI does."""
    from azure.cli.core.commands import AzCliCommandInvoker
    from knack.util import todict

    shown: dict[str, Any] = todict(resource, AzCliCommandInvoker.remove_additional_prop_layer)
    return shown


def leave_after_output(cli_ctx: Any, status: Exit) -> None:
    """Make the process exit with a status once its output has been written.

    A command that returns always exits 0, and one that raises prints nothing; leaving from the event that the CLI
    raises after the output gives both (knack 0.14, EVENT_CLI_SUCCESSFUL_EXECUTE).
    """
    from knack.events import EVENT_CLI_SUCCESSFUL_EXECUTE

    def leave(*_: Any, **__: Any) -> None:
        raise SystemExit(int(status))

    if status is not Exit.WELL:
        cli_ctx.register_event(EVENT_CLI_SUCCESSFUL_EXECUTE, leave)


def status_of(outcomes: Sequence[Outcome[Any]], ending: Ending = NO_ENDING) -> Exit:
    """Choose the exit status of a run."""
    return exit_status((outcome.status for outcome in outcomes), ending)


def _throttled(waits: Sequence[float]) -> str:
    times = f"{len(waits)} time{'s' * (len(waits) != 1)}"
    asked = f", and asked for waits of up to {max(waits):g} s" if any(waits) else ""
    return f"Throttled {times}: Azure refused a request as one too many{asked}."


def _command(retry: Retry, left: Sequence[Outcome[Instance]]) -> str:
    command = f"az vmss-flex {retry.operation}"
    if retry.log:
        return f"{command} --retry-failed {shlex.quote(retry.log)}"
    engine = f" --engine {retry.engine}" if retry.engine != "vm" else ""
    if len(left) > IDS_SHOWN:
        return f"{command} --ids @file{engine}, with the ids of this list whose status is not Succeeded, one a line"
    sets = {outcome.target.scale_set for outcome in left}
    (only, *more) = sets
    if more or only.subscription != retry.home:
        return f"{command} --ids {shlex.join(outcome.target.id for outcome in left)}{engine}"
    named = "--vmss-name" if "--name" in retry.options else "-n"  # as in `az vmss extension`
    names = shlex.join(outcome.target.name for outcome in left)
    place = f"-g {shlex.quote(only.resource_group)} {named} {shlex.quote(only.name)}"
    return f"{command} {place} --instance-ids {names}{engine}"


def some(names: Sequence[str]) -> str:
    """Name the first few of many."""
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def utc(moment: datetime | None) -> str | None:
    """Write a time as Azure does."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None
