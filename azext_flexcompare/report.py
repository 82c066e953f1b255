"""How is a run told: the list on standard output, the rest on standard error, and the exit status?"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import jmespath

from azext_flexcompare.outcome import BAD, Exit, Outcome, Status, exit_status
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
    returned = {"output": _output(operation.returns, outcome.result)} if operation.returns else {}
    return {**instance_row(outcome.target), **_ended(operation.name, outcome), **returned}


def _output(returns: str, result: Any) -> str | None:
    return "\n".join(jmespath.search(returns, result) or ()) if result else None


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
        "batch": 1,
        "startedAt": _utc(outcome.started),
        "finishedAt": _utc(outcome.finished),
        "durationSeconds": outcome.seconds,
        "operationUrl": outcome.url,
    }


def tell(
    operation: str, outcomes: Sequence[Outcome[Instance]], options: Sequence[str] = (), home: str | None = None
) -> list[str]:
    """Say what a user must know besides the list: equal errors folded into one line, and how to retry.

    `options` are the names of the operation's own options that were given; their values may be secrets. `home` is the
    subscription in which a command without one acts.
    """
    lines = folded(outcomes)
    left = [one for one in outcomes if one.status in (*BAD, Status.NOT_STARTED)]
    unseen = sum(one.status == Status.INTERRUPTED for one in outcomes)
    if unseen:
        lines.append(f"{unseen} Interrupted: sent, but not seen to the end; operationUrl shows how each ended.")
    if left:
        again = f", with {', '.join(options)} as before" if options else ""
        named = "--vmss-name" if "--name" in options else "-n"  # as in `az vmss extension`
        retry = _retry(operation, left, named, home)
        lines.append(f"{len(left)} of {len(outcomes)} did not succeed. To retry: {retry}{again}")
    return lines


def folded(outcomes: Iterable[Outcome[Any]]) -> list[str]:
    """Fold equal errors into one line each, with the names of their instances."""
    groups: dict[tuple[str, str], list[str]] = {}
    for outcome in outcomes:
        if outcome.error:
            named = rf"(?<![\w.-]){re.escape(outcome.target.name)}(?![\w-])"
            said = f"{outcome.error.code}: {re.sub(named, '<instance>', outcome.error.message)}"
            groups.setdefault((outcome.status, said), []).append(outcome.target.name)
    return [f"{len(names)} {status}: {said} ({_some(names)})" for (status, said), names in groups.items()]


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


def status_of(outcomes: Sequence[Outcome[Any]]) -> Exit:
    """Choose the exit status of a run."""
    return exit_status(outcome.status for outcome in outcomes)


def _retry(operation: str, left: Sequence[Outcome[Instance]], named: str, home: str | None) -> str:
    command = f"az vmss-flex {operation}"
    if len(left) > IDS_SHOWN:
        return f"{command} --ids @file, with the ids of this list whose status is not Succeeded, one a line"
    sets = {outcome.target.scale_set for outcome in left}
    (only, *more) = sets
    if more or only.subscription != home:
        return f"{command} --ids {shlex.join(outcome.target.id for outcome in left)}"
    names = shlex.join(outcome.target.name for outcome in left)
    return f"{command} -g {shlex.quote(only.resource_group)} {named} {shlex.quote(only.name)} --instance-ids {names}"


def _some(names: Sequence[str]) -> str:
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _utc(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None
