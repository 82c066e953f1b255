"""The ports that inbound NAT rules over a pool map to its members.

Members and their types: NatRulePortMapping of loadBalancer.json, api-version 2024-01-01.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from armsim.network.documents import Body


def port_mappings(rules: Sequence[Body], pool: Body, place: int) -> list[Body]:
    """Return the port mappings of the member at a place of a pool: each rule gives one of its ports to each member."""
    return [
        {
            "inboundNatRuleName": rule["name"],
            "frontendPort": rule["properties"]["frontendPortRangeStart"] + place,
            "backendPort": rule["properties"]["backendPort"],
        }
        for rule in rules
        if _is_over(rule["properties"], pool)
        and rule["properties"]["frontendPortRangeStart"] + place <= rule["properties"]["frontendPortRangeEnd"]
    ]


def _is_over(rule: Body, pool: Body) -> bool:
    target = str((rule.get("backendAddressPool") or {}).get("id", ""))
    return "frontendPortRangeStart" in rule and target.lower() == pool["id"].lower()
