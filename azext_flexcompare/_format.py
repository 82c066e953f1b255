"""The tables of `-o table`."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import wrap
from typing import Any

from azext_flexcompare.output.failing_rows import failing_last
from azext_flexcompare.output.output_groups import grouped_outputs
from azext_flexcompare.output.tables import GAP, Layout, Line, fit, terminal_width

OUTCOME = {"Status": "status", "Seconds": "durationSeconds", "Why": "why"}
PLACE = {"Zone": "zone", "FD": "faultDomain"}

SHOWN = Layout(
    {
        "Name": "name",
        "Location": "location",
        "Size": "hardwareProfile.vmSize",
        "Zone": "zones[0]",
        "State": "provisioningState",
    }
)
VIEWED = Layout(
    {
        "Instance": "instance",
        **PLACE,
        "PowerState": "powerState",
        "Agent": "instanceView.vmAgent.statuses[0].displayStatus",
        "Health": "instanceView.vmHealth.status.displayStatus",
    }
)
PUBLIC_IPS = Layout(
    {"Instance": "instance", "Address": "ipAddress", "Name": "name", "Fqdn": "dnsSettings.fqdn"}, ("Name",)
)
EXTENSION = Layout(
    {
        "Instance": "instance",
        "Extension": "extension.name",
        "Publisher": "extension.publisher",
        "Version": "extension.typeHandlerVersion",
        "State": "extension.provisioningState",
        "Why": "why",
    }
)
EXTENSIONS = Layout({heading: path.removeprefix("extension.") for heading, path in EXTENSION.columns.items()})
RUN_COMMAND = Layout(
    {
        "Instance": "instance",
        "RunCommand": "runCommand.name",
        "State": "runCommand.provisioningState",
        "Execution": "runCommand.instanceView.executionState",
        "ExitCode": "runCommand.instanceView.exitCode",
        "Why": "why",
    }
)
RUN_COMMANDS = Layout({heading: path.removeprefix("runCommand.") for heading, path in RUN_COMMAND.columns.items()})
PROTECTION = Layout(
    {
        "Instance": "instance",
        "Locks": "locks[].join(' ', [level, name])",
        "ScaleIn": "protectFromScaleIn",
        "ScaleSetActions": "protectFromScaleSetActions",
        "Why": "why",
    }
)
NAT_OUTCOME = Layout(
    {
        "Instance": "instance",
        "Status": "status",
        "Rule": "rule || rules[].rule",
        "Address": "frontendAddress",
        "Port": "frontendPort",
        "BackendPort": "backendPort",
        "Why": "why",
    }
)
NAT_RULES = Layout(
    {
        "Instance": "instance",
        "LoadBalancer": "loadBalancer",
        "Rule": "rule",
        "Address": "frontendAddress",
        "Port": "frontendPort",
        "BackendPort": "backendPort",
        "Protocol": "protocol",
    },
    ("Protocol",),
)
DRAIN_OUTCOME = Layout(
    {
        "Instance": "instance",
        **PLACE,
        "Status": "status",
        "Pools": "pools[].pool",
        "Before": "pools[].adminStateBefore",
        "Why": "why",
    },
    ("FD", "Zone", "Before"),
)
TRANSLATED = Layout(
    {
        "Call": "call",
        "Count": "count",
        "OnFlexible": "onFlexible",
        "Instead": "instead",
        "Rewritten": "rewritten",
        "Review": "review",
        "First": "places[0]",
    },
    ("First",),
)
SET_OUTCOME = Layout({"ScaleSet": "scaleSet", "Operation": "operation", **OUTCOME}, ("Operation",))
SPARE = ("FD", "Zone", "Batch")
BATCHED = Layout({"Instance": "instance", **PLACE, "Batch": "batch", **OUTCOME}, SPARE)
UNBATCHED = Layout({"Instance": "instance", **PLACE, **OUTCOME}, SPARE)
LISTED = Layout(
    {
        "Instance": "instance",
        **PLACE,
        "PowerState": "powerState",
        "Provisioning": "provisioningState",
        "Size": "vmSize",
        "Computer": "computerName",
        "Private": "privateIps",
        "Public": "publicIps",
        "Latest": "latestModelApplied",
        "Agent": "vmAgent",
        "Health": "applicationHealth",
        "Priority": "priority",
    },
    ("Size", "Computer", "Priority", "Provisioning", "FD", "Public"),
)
INTERFACES = Layout(
    {
        "Instance": "instance",
        "Name": "name",
        "Primary": "primary",
        "Private": "ipConfigurations[].privateIPAddress",
        "Mac": "macAddress",
    }
)
JOBS = Layout(
    {
        "Job": "time",
        "Operation": "operation",
        "ScaleSets": "scaleSets",
        "State": "state",
        "Exit": "exit",
        "Done": "done",
        "Bad": "bad",
    },
    ("ScaleSets",),
    readable=8,
    placed=False,
)
APIS = Layout(
    {
        "Section": "section",
        "Uniform": "uniform",
        "AzVmssFlex": "azVmssFlex",
        "Support": "support",
        "Evidence": "evidence",
        "Today": "today",
    },
    ("Section",),
    readable=22,
)
AZ_VMSS = Layout(
    {"AzVmss": "azVmss", "OnFlexible": "onFlexible", "Instead": "instead", "Evidence": "evidence"},
    ("Evidence",),
    readable=22,
)
TO_TYPE = Layout({"AzVmss": "azVmss", "OnFlexible": "onFlexible", "Commands": "commands"})
APPLYING = Layout(
    {"Uniform": "uniform", "AzVmssFlex": "azVmssFlex", "Applies": "applies", "Of": "instances", "WhyNot": "whyNot"}
)
UNENDED = ("InProgress", "Unfinished", "Waiting", "NotStarted", "Interrupted")


def outcomes(rows: list[dict[str, Any]]) -> list[Line]:
    """Format a line for each instance, with its batch if there are several."""
    batched = any((row.get("batch") or 1) > 1 for row in rows)
    return (BATCHED if batched else UNBATCHED)(failing_last(rows))


def set_outcomes(rows: list[dict[str, Any]]) -> list[Line]:
    """Format a line for each scale set."""
    return SET_OUTCOME(failing_last(rows))


def nat_outcomes(rows: list[dict[str, Any]]) -> list[Line]:
    """Format a line for each instance whose rules were changed."""
    return NAT_OUTCOME(failing_last(rows))


def drain_outcomes(rows: list[dict[str, Any]]) -> list[Line]:
    """Format a line for each instance that was taken out of rotation or put back."""
    return DRAIN_OUTCOME(failing_last(rows))


def outputs(rows: list[dict[str, Any]]) -> list[Line]:
    """Format one line for all instances with the same outcome and output; the output keeps its lines."""
    return fit(grouped_outputs(failing_last(rows), terminal_width()), terminal_width())


def extension(rows: list[dict[str, Any]]) -> list[Line]:
    """Format a line for each instance and the extension that it has."""
    return EXTENSION(failing_last(rows))


def protection(rows: list[dict[str, Any]]) -> list[Line]:
    """Format a line for each instance and what protects it."""
    return PROTECTION(failing_last(rows))


def extensions(rows: list[dict[str, Any]]) -> list[Line]:
    """Format a line for each extension of each instance."""
    return EXTENSIONS([{**extension, **row} for row in rows for extension in row["extensions"] or [{}]])


def run_command(rows: list[dict[str, Any]]) -> list[Line]:
    """Format a line for each instance and the managed run command that it has."""
    return RUN_COMMAND(failing_last(rows))


def run_commands(rows: list[dict[str, Any]]) -> list[Line]:
    """Format a line for each managed run command of each instance."""
    return RUN_COMMANDS([{**command, **row} for row in rows for command in row["runCommands"] or [{}]])


def connections(found: dict[str, str]) -> list[Line]:
    """Format a line for each instance that can be reached."""
    lines = [{"Instance": key.removeprefix("instance "), "Endpoint": endpoint} for key, endpoint in found.items()]
    return fit(lines, terminal_width())


def jobs(rows: list[dict[str, Any]]) -> list[Line]:
    """Format the rows of `job list`; a job is shown by the time at the beginning of its name."""
    return JOBS(
        [
            {
                **row,
                "time": row["job"].partition("-")[0],
                "done": f"{_ended(row['statuses'])}/{row['instances']}",
                "bad": row["statuses"].get("Failed", 0) + row["statuses"].get("TimedOut", 0),
            }
            for row in rows
        ]
    )


def job(row: dict[str, Any]) -> list[Line]:
    """Format `job show` as a line for each property that has a value."""
    texts = {
        **row,
        "scaleSets": ", ".join(row["scaleSets"]),
        "statuses": ", ".join(f"{number} {name}" for name, number in row["statuses"].items()),
        "gate": row["gate"] and f"{row['gate']['gate']}: waiting for {', '.join(row['gate']['instances'])}",
        "batch": row["batch"] and f"{row['batch']} of {row['batches']}",
        "batches": None,
        "hook": row["hook"] and f"{row['hook']['hook']}: running for {', '.join(row['hook']['instances'])}",
        "outOfRotation": ", ".join(row["outOfRotation"]),
        "inProgress": ", ".join(row["inProgress"]),
        "failed": ", ".join(one["instance"] for one in row["failed"]),
        "missingShares": ", ".join(row.get("missingShares", ())),
        "jobs": None,
    }
    texts |= {f"job {place}": _job_of_several(one) for place, one in enumerate(row.get("jobs", ()), 1)}
    shown = {name: str(value) for name, value in texts.items() if value not in (None, "")}
    room = terminal_width() - max(10, *map(len, shown)) - GAP  # the heading takes 10
    return [
        {"Property": name if line == 0 else "", "Value": text}
        for name, value in shown.items()
        for line, text in enumerate(wrap(value, room, break_on_hyphens=False) or [""])
    ]


def _job_of_several(row: dict[str, Any]) -> str:
    statuses = ", ".join(f"{number} {name}" for name, number in row["statuses"].items())
    ended = row["state"] if row["exit"] is None else f"{row['state']} with {row['exit']}"
    share = f"share {row['shard']}, " if row["shard"] else ""
    return f"{row['job']}: {share}{ended}, {row['durationSeconds']} s; {statuses}"


def comparison(rows: list[dict[str, Any]]) -> list[Line]:
    """Format the rows of `compare`; a text that is cut ends in an ellipsis."""
    kinds = {"commands": TO_TYPE, "onFlexible": AZ_VMSS, "applies": APPLYING}
    layout = next((one for field, one in kinds.items() if rows and field in rows[0]), APIS)
    return layout([_compared(row) for row in rows])


def _compared(row: dict[str, Any]) -> dict[str, Any]:
    shown: Mapping[str, Any] = {
        "azVmssFlex": (row.get("azVmssFlex") or "").removeprefix("az vmss-flex "),
        "azVmss": row["azVmss"].removeprefix("az vmss ") if isinstance(row.get("azVmss"), str) else "",
        "today": "differs" if row.get("today") else "",
        "commands": _first_of(row.get("commands") or []),
        "whyNot": "; ".join(f"{len(names)} {why}" for why, names in (row.get("whyNot") or {}).items()),
    }
    return {**row, **shown}


def _first_of(commands: list[str]) -> str:
    more = f"(1 of {len(commands)}) " if len(commands) > 1 else ""
    return more + "".join(commands[:1])


def _ended(statuses: dict[str, int]) -> int:
    return sum(number for status, number in statuses.items() if status not in UNENDED)
