"""Backend addresses of a load balancer's pool and the ports that rules over the pool map to them.

Members and their types: LoadBalancerBackendAddress and NatRulePortMapping of loadBalancer.json, api-version 2024-01-01.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from armsim.network.documents import Body


def backend_addresses(pool: Body, members: Sequence[str], load_balancer: Body) -> list[Body]:
    """Return the backend addresses of a pool, one for each IP configuration in it, by its id.

    `load_balancer` has the rules. A rule over the pool gives its ports to the members in their order, one to each.
    """
    rules = [rule for rule in load_balancer["inboundNatRules"] if _is_over(rule["properties"], pool)]
    return [_backend_address(member, [*_mappings(rules, place)]) for place, member in enumerate(members)]


def _is_over(rule: Body, pool: Body) -> bool:
    target = str((rule.get("backendAddressPool") or {}).get("id", ""))
    return "frontendPortRangeStart" in rule and target.lower() == pool["id"].lower()


def _mappings(rules: Sequence[Body], place: int) -> list[dict[str, Any]]:
    return [
        {
            "inboundNatRuleName": rule["name"],
            "frontendPort": rule["properties"]["frontendPortRangeStart"] + place,
            "backendPort": rule["properties"]["backendPort"],
        }
        for rule in rules
        if rule["properties"]["frontendPortRangeStart"] + place <= rule["properties"]["frontendPortRangeEnd"]
    ]


def _backend_address(member: str, mappings: list[dict[str, Any]]) -> Body:
    parts = member.split("/")
    properties: Body = {"networkInterfaceIPConfiguration": {"id": member}}
    if mappings:
        properties["inboundNatRulesPortMapping"] = mappings
    return {"name": f"{parts[4]}_{parts[8]}{parts[10]}", "properties": properties}
