"""How is a run told: the list on standard output, the rest on standard error, and the exit status?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from azext_flexcompare.outcome import BAD, Exit, Outcome, Status, exit_status
from azext_flexcompare.selection import Instance, ScaleSet

NAMES_SHOWN = 10
IDS_SHOWN = 50


def instance_row(instance: Instance) -> dict[str, Any]:
    """Name an instance and its place, as every list of ours begins."""
    return {
        "instance": instance.name,
        "id": instance.id,
        "resourceGroup": instance.scale_set.resource_group,
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


def outcome_row(operation: str, outcome: Outcome[Instance]) -> dict[str, Any]:
    """Write one outcome as the contract has it."""
    return {
        **instance_row(outcome.target),
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


def tell(operation: str, outcomes: Sequence[Outcome[Instance]], options: Iterable[str] = ()) -> list[str]:
    """Say what a user must know besides the list: equal errors folded into one line, and how to retry.

    `options` are the names of the operation's own options that were given; their values may be secrets.
    """
    groups: dict[tuple[str, str], list[str]] = {}
    for outcome in outcomes:
        if outcome.error:
            said = f"{outcome.error.code}: {outcome.error.message.replace(outcome.target.name, '<instance>')}"
            groups.setdefault((outcome.status, said), []).append(outcome.target.name)
    lines = [f"{len(names)} {status}: {said} ({_some(names)})" for (status, said), names in groups.items()]
    left = [one for one in outcomes if one.status in (*BAD, Status.NOT_STARTED)]
    unseen = sum(one.status == Status.INTERRUPTED for one in outcomes)
    if unseen:
        lines.append(f"{unseen} Interrupted: sent, but not seen to the end; operationUrl shows how each ended.")
    if left:
        again = "".join(f", with {option} as before" for option in options)
        lines.append(f"{len(left)} of {len(outcomes)} did not succeed. To retry: {_retry(operation, left)}{again}")
    return lines


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


def status_of(outcomes: Sequence[Outcome[Instance]]) -> Exit:
    """Choose the exit status of a run."""
    return exit_status(outcome.status for outcome in outcomes)


def describe(sets: Iterable[ScaleSet]) -> str:
    """Name scale sets in a sentence."""
    names = list(dict.fromkeys(one.name for one in sets))
    return f"scale set {names[0]}" if len(names) == 1 else f"the scale sets {', '.join(names)}"


def _retry(operation: str, left: Sequence[Outcome[Instance]]) -> str:
    command = f"az vmss-flex {operation}"
    if len(left) > IDS_SHOWN:
        return f"{command} --ids @file, with the ids of this list whose status is not Succeeded, one a line"
    sets = {outcome.target.scale_set for outcome in left}
    if len(sets) == 1:
        (only,) = sets
        names = " ".join(outcome.target.name for outcome in left)
        return f"{command} -g {only.resource_group} -n {only.name} --instance-ids {names}"
    return f"{command} --ids {' '.join(outcome.target.id for outcome in left)}"


def _some(names: Sequence[str]) -> str:
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _utc(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None
