"""How do results look under `-o table`?"""

from __future__ import annotations

from typing import Any

OUTCOMES = (
    "[].{Instance:instance, Zone:zone, FaultDomain:faultDomain, Status:status,"
    " Seconds:durationSeconds, Why:error.code || reason}"
)
LISTED = (
    "[].{Instance:instance, Zone:zone, FaultDomain:faultDomain, PowerState:powerState,"
    " Provisioning:provisioningState, Size:vmSize}"
)
SHOWN = "[].{Name:name, Location:location, Size:hardwareProfile.vmSize, Zone:zones[0], State:provisioningState}"
VIEWED = (
    "[].{Instance:instance, Zone:zone, FaultDomain:faultDomain, PowerState:powerState,"
    " Agent:instanceView.vmAgent.statuses[0].displayStatus, Health:instanceView.vmHealth.status.displayStatus}"
)

COLUMNS = {  # heading: (field, characters); with the space between them they fit 120 columns
    "Section": ("section", 19),
    "Uniform": ("uniform", 30),
    "AzVmssFlex": ("azVmssFlex", 33),
    "Support": ("support", 7),
    "Evidence": ("evidence", 10),
}


def comparison(rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Lay the equivalence table out in 120 columns; what is cut ends in an ellipsis and stands whole in JSON."""
    return [
        {
            **{heading: _cut(row[field], width) for heading, (field, width) in COLUMNS.items()},
            "Today": "differs" if row["today"] else "",
        }
        for row in rows
    ]


def _cut(text: str | None, width: int) -> str:
    text = (text or "").removeprefix("az vmss-flex ")
    return text if len(text) <= width else text[: width - 1] + "…"
