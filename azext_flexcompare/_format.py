"""The tables of `-o table`."""

from __future__ import annotations

from textwrap import wrap
from typing import Any

WAITED = "[].{Instance:instance, Zone:zone, FD:faultDomain, Status:status, Seconds:durationSeconds, Why:error.code}"
SHOWN = "[].{Name:name, Location:location, Size:hardwareProfile.vmSize, Zone:zones[0], State:provisioningState}"
VIEWED = (
    "[].{Instance:instance, Zone:zone, FD:faultDomain, PowerState:powerState,"
    " Agent:instanceView.vmAgent.statuses[0].displayStatus, Health:instanceView.vmHealth.status.displayStatus}"
)
PUBLIC_IPS = "[].{Instance:instance, Address:ipAddress, Name:name, Group:resourceGroup, Fqdn:dnsSettings.fqdn}"
EXTENSION = (
    "[].{Instance:instance, Extension:extension.name, Publisher:extension.publisher,"
    " Version:extension.typeHandlerVersion, State:extension.provisioningState, Why:error.code}"
)
PROTECTION = (
    "[].{Instance:instance, Locks:join(', ', locks[].join(' ', [level, name])), ScaleIn:protectFromScaleIn,"
    " ScaleSetActions:protectFromScaleSetActions, Why:error.code}"
)
NAT_OUTCOMES = (
    "[].{Instance:instance, Status:status, Rule:rule || join(', ', rules[].rule || `[]`), Address:frontendAddress,"
    " Port:frontendPort, BackendPort:backendPort, Why:error.code || reason}"
)
NAT_RULES = (
    "[].{Instance:instance, LoadBalancer:loadBalancer, Rule:rule, Address:frontendAddress, Port:frontendPort,"
    " BackendPort:backendPort, Protocol:protocol}"
)
DRAINED = (
    "[].{Instance:instance, Zone:zone, FD:faultDomain, Status:status, Pools:join(', ', pools[].pool),"
    " Before:join(', ', pools[].adminStateBefore), Why:error.code || reason}"
)
TRANSLATED = (
    "[].{Call:call, Count:count, OnFlexible:onFlexible, Instead:instead || '', Rewritten:rewritten, Review:review,"
    " First:places[0]}"
)
SETS = "[].{ScaleSet:scaleSet, Operation:operation, Status:status, Seconds:durationSeconds, Why:error.code || reason}"

LISTED = {
    "Zone": "zone",
    "FD": "faultDomain",
    "PowerState": "powerState",
    "Provisioning": "provisioningState",
    "Size": "vmSize",
}
DETAILS = {
    "Computer": "computerName",
    "Private": "privateIps",
    "Public": "publicIps",
    "Latest": "latestModelApplied",
    "Agent": "vmAgent",
    "Health": "applicationHealth",
    "Priority": "priority",
}

REASON = 60  # characters; the JSON output has the whole text
COLUMNS = {  # heading: (field, characters); with the space between them they fit 120 columns
    "Section": ("section", 19),
    "Uniform": ("uniform", 30),
    "AzVmssFlex": ("azVmssFlex", 33),
    "Support": ("support", 7),
    "Evidence": ("evidence", 10),
}


BY_COMMAND = {
    "AzVmss": ("azVmss", 42),
    "OnFlexible": ("onFlexible", 10),
    "Instead": ("instead", 44),
    "Evidence": ("evidence", 10),
}
COMMANDS = {
    "AzVmss": ("azVmss", 32),
    "OnFlexible": ("onFlexible", 10),
    "Commands": ("commands", 72),
}
JOBS = {  # with the space between them they fit 80 columns
    "Job": ("time", 20),
    "Operation": ("operation", 11),
    "ScaleSets": ("sets", 10),
    "State": ("state", 11),
    "Exit": ("exit", 4),
    "Done": ("done", 9),
    "Bad": ("bad", 3),
}
UNENDED = ("InProgress", "Unfinished", "Waiting", "NotStarted", "Interrupted")
VALUE = 60  # characters of a line of `job show`
LIVE = {
    "Uniform": ("uniform", 30),
    "AzVmssFlex": ("azVmssFlex", 22),
    "Applies": ("applies", 7),
    "Of": ("instances", 5),
    "WhyNot": ("whyNot", 40),
}


def jobs(rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Format the rows of `job list` in 80 columns; a job is shown by the time at the beginning of its name."""
    return [
        _format_row(
            {
                **row,
                "time": row["job"].partition("-")[0],
                "sets": ", ".join(row["scaleSets"]),
                "done": f"{_ended(row['statuses'])}/{row['instances']}",
                "bad": row["statuses"].get("Failed", 0) + row["statuses"].get("TimedOut", 0),
            },
            JOBS,
        )
        for row in rows
    ]


def job(row: dict[str, Any]) -> list[dict[str, str]]:
    """Format `job show` as a line for each property that has a value, in 80 columns."""
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
    return [
        {"Property": name if line == 0 else "", "Value": text}
        for name, value in shown.items()
        for line, text in enumerate(wrap(value, VALUE, break_on_hyphens=False) or [""])
    ]


def _job_of_several(row: dict[str, Any]) -> str:
    statuses = ", ".join(f"{number} {name}" for name, number in row["statuses"].items())
    ended = row["state"] if row["exit"] is None else f"{row['state']} with {row['exit']}"
    share = f"share {row['shard']}, " if row["shard"] else ""
    return f"{row['job']}: {share}{ended}, {row['durationSeconds']} s; {statuses}"


def comparison(rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Format the rows of `compare` in 120 columns; a text that is cut ends in an ellipsis."""
    if rows and "commands" in rows[0]:
        return [_format_row({**row, "commands": _first_of(row["commands"])}, COMMANDS) for row in rows]
    if rows and "onFlexible" in rows[0]:
        return [_format_row(row, BY_COMMAND) for row in rows]
    if rows and "applies" in rows[0]:
        return [_format_row({**row, "whyNot": _reasons(row["whyNot"])}, LIVE) for row in rows]
    return [{**_format_row(row, COLUMNS), "Today": "differs" if row["today"] else ""} for row in rows]


def extensions(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Format a line for each extension of each instance."""
    return [
        {
            "Instance": row["instance"],
            "Extension": extension.get("name"),
            "Publisher": extension.get("publisher"),
            "Version": extension.get("typeHandlerVersion"),
            "State": extension.get("provisioningState"),
        }
        for row in rows
        for extension in row["extensions"] or [{}]
    ]


def _first_of(commands: list[str]) -> str:
    more = f"(1 of {len(commands)}) " if len(commands) > 1 else ""
    return more + "".join(commands[:1])


def listed(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Format the rows of `list-instances`, with the set and the group if there are several."""
    several = len({row["scaleSet"] for row in rows}) > 1, len({row["resourceGroup"] for row in rows}) > 1
    places = {
        heading: field
        for heading, field, shown in zip(("ScaleSet", "Group"), ("scaleSet", "resourceGroup"), several, strict=True)
        if shown
    }
    columns = {"Instance": "instance", **places, **LISTED}
    columns |= {key: field for key, field in DETAILS.items() if rows and field in rows[0]}
    return [{heading: row[field] for heading, field in columns.items()} for row in rows]


def interface(nic: dict[str, Any]) -> dict[str, Any]:
    """Format the line of a network interface."""
    addresses = [one.get("privateIPAddress") or "" for one in nic.get("ipConfigurations") or ()]
    return {
        "Instance": nic["instance"],
        "Name": nic.get("name"),
        "Group": nic.get("resourceGroup"),
        "Primary": nic.get("primary"),
        "Private": ",".join(filter(None, addresses)),
        "Mac": nic.get("macAddress"),
    }


def interfaces(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Format a line for each network interface."""
    return [interface(row) for row in rows]


def connections(found: dict[str, str]) -> list[dict[str, str]]:
    """Format a line for each instance that can be reached."""
    return [{"Instance": key.removeprefix("instance "), "Endpoint": endpoint} for key, endpoint in found.items()]


def outcomes(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Format a line for each instance, with its batch if there are several."""
    batched = any((row["batch"] or 1) > 1 for row in rows)
    return [
        {
            "Instance": row["instance"],
            "Zone": row["zone"],
            "FD": row["faultDomain"],
            **({"Batch": row["batch"]} if batched else {}),
            "Status": row["status"],
            "Seconds": row["durationSeconds"],
            "Why": (row["error"] or {}).get("code") or (row["reason"] and _cut(row["reason"], REASON)),
        }
        for row in rows
    ]


def outputs(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Format one line for all instances with the same outcome and output."""
    groups: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        text = row["output"] or (row["error"] or {}).get("code") or row["reason"] or ""
        groups.setdefault((row["status"], text.strip()), []).append(row["instance"])
    return [
        {"Instances": len(names), "Status": status, "Output": text, "Named": _cut(", ".join(names), 40)}
        for (status, text), names in groups.items()
    ]


def _format_row(row: dict[str, Any], columns: dict[str, tuple[str, int]]) -> dict[str, str]:
    short = {**row, "azVmssFlex": (row.get("azVmssFlex") or "").removeprefix("az vmss-flex ")}
    return {heading: _cut(short[field], width) for heading, (field, width) in columns.items()}


def _ended(statuses: dict[str, int]) -> int:
    return sum(number for status, number in statuses.items() if status not in UNENDED)


def _reasons(why_not: dict[str, list[str]]) -> str:
    return "; ".join(f"{len(names)} {why}" for why, names in why_not.items())


def _cut(value: object, width: int) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= width else text[: width - 1] + "…"
