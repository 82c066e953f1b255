"""The tables of `-o table`."""

from __future__ import annotations

from typing import Any

WAITED = "[].{Instance:instance, Zone:zone, FD:faultDomain, Status:status, Seconds:durationSeconds, Why:error.code}"
LISTED = (
    "[].{Instance:instance, Zone:zone, FD:faultDomain, PowerState:powerState,"
    " Provisioning:provisioningState, Size:vmSize}"
)
SHOWN = "[].{Name:name, Location:location, Size:hardwareProfile.vmSize, Zone:zones[0], State:provisioningState}"
VIEWED = (
    "[].{Instance:instance, Zone:zone, FD:faultDomain, PowerState:powerState,"
    " Agent:instanceView.vmAgent.statuses[0].displayStatus, Health:instanceView.vmHealth.status.displayStatus}"
)
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
TRANSLATED = (
    "[].{Call:call, Count:count, OnFlexible:onFlexible, Instead:instead || '', Rewritten:rewritten, Review:review,"
    " First:places[0]}"
)
SETS = "[].{ScaleSet:scaleSet, Operation:operation, Status:status, Seconds:durationSeconds, Why:error.code || reason}"

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
LIVE = {
    "Uniform": ("uniform", 30),
    "AzVmssFlex": ("azVmssFlex", 22),
    "Applies": ("applies", 7),
    "Of": ("instances", 5),
    "WhyNot": ("whyNot", 40),
}


def comparison(rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Format the rows of `compare` in 120 columns; a text that is cut ends in an ellipsis."""
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


def _reasons(why_not: dict[str, list[str]]) -> str:
    return "; ".join(f"{len(names)} {why}" for why, names in why_not.items())


def _cut(value: object, width: int) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= width else text[: width - 1] + "…"
