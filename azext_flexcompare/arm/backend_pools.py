"""Backend address pools in the bodies of load balancers, and edits of the administrative states of their members.

Pure functions over bodies that have been read. An edit returns a copy to be sent as the PUT of the pool, because the
PUT of a load balancer does not write backend addresses (Azure/azure-rest-api-specs#11234).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from azext_flexcompare.arm.network_bodies import (
    CHILD,
    STATE,
    Body,
    IpConfiguration,
    Paths,
    entries,
    find_ip_configuration,
    id_of,
    remove_keys,
    same,
)

NONE, UP, DOWN = "None", "Up", "Down"
POOLS, ADDRESSES = "backendAddressPools", "loadBalancerBackendAddresses"
READ_ONLY_OF_POOL: Paths = {
    "": CHILD,
    ".properties": STATE
    | {"backendIPConfigurations", "loadBalancingRules", "outboundRule", "outboundRules", "inboundNatRules"},
    f".properties.{ADDRESSES}": CHILD | {"id"},
    f".properties.{ADDRESSES}.properties": STATE | {"inboundNatRulesPortMapping"},
}
STANDARD = "standard"


class Member(NamedTuple):
    """A backend address of a pool, by its name, and its administrative state."""

    name: str
    state: str
    ip_configuration: str | None = None
    ip_address: str | None = None
    network: str | None = None  # id of the virtual network, or of a subnet

    def leads_to(self, ip_configuration: IpConfiguration) -> bool:
        """Check whether it is the address of an IP configuration."""
        if self.ip_configuration:
            return same(self.ip_configuration, ip_configuration.id)
        own = find_ip_configuration(ip_configuration.nic, ip_configuration.id)["properties"]
        subnet = (id_of(own.get("subnet")) or "").lower()
        same_network = bool(self.network) and f"{subnet}/".startswith(f"{str(self.network).lower()}/")
        return same_network and self.ip_address == own.get("privateIPAddress")


def members_of(pool: Body) -> list[Member]:
    """List the backend addresses of a pool; one without a state has the state None."""
    return [_member(one) for one in entries(pool, ADDRESSES)]


def with_states(pool: Body, states: Mapping[str, str]) -> Body | None:
    """Return a pool with administrative states set, by the names of its addresses; None if nothing changes."""
    after: Body = remove_keys(pool, READ_ONLY_OF_POOL)
    changed = False
    for address in entries(after, ADDRESSES):
        state = states.get(_name(address))
        if state is not None and not same(state, _state(address)):
            address.setdefault("properties", {})["adminState"] = state
            changed = True
    return after if changed else None


def why_not_drained(lb: Body, pool: Body) -> str | None:
    """Return why an administrative state does not take the members of a pool out of rotation, or None.

    Basic load balancers have no such state, and a load balancing rule without a health probe ignores it (Microsoft,
    Administrative state in Azure Load Balancer, https://learn.microsoft.com/azure/load-balancer/admin-state-overview).
    """
    sku = (lb.get("sku") or {}).get("name") or "Basic"
    if sku.lower() != STANDARD:
        return f"load balancer {lb['name']} is of the {sku} SKU, which has no administrative states"
    bare = [one["name"] for one in rules_to(lb, pool) if not one["properties"].get("probe")]
    return f"its load balancing rule {bare[0]} has no health probe" if bare else None


def has_traffic_to_drain(lb: Body, pool: Body) -> bool:
    """Check whether a load balancing rule leads to a pool; one for outbound or NAT rules alone gets no connections."""
    own = pool.get("properties") or {}
    others = [*(own.get("outboundRules") or ()), *(own.get("inboundNatRules") or ()), own.get("outboundRule")]
    return bool(rules_to(lb, pool)) or not any(others)


def rules_to(lb: Body, pool: Body) -> list[Body]:
    """List the load balancing rules that lead to a pool."""
    return [one for one in entries(lb, "loadBalancingRules") if pool["id"].lower() in _pools_of(one)]


def others_in_rotation(pool: Body, leaving: Collection[str]) -> bool:
    """Check whether a pool has a member that is not Down and is not one of those that leave."""
    return any(not same(one.state, DOWN) and one.name not in leaving for one in members_of(pool))


def _pools_of(rule: Body) -> set[str]:
    properties = rule["properties"]
    listed = [properties.get("backendAddressPool"), *(properties.get("backendAddressPools") or ())]
    return {found.lower() for one in listed if (found := id_of(one))}


def _member(address: Body) -> Member:
    properties = address.get("properties") or {}
    return Member(
        _name(address),
        _state(address),
        ip_configuration=id_of(properties.get("networkInterfaceIPConfiguration")),
        ip_address=properties.get("ipAddress"),
        network=id_of(properties.get("subnet")) or id_of(properties.get("virtualNetwork")),
    )


def _name(address: Body) -> str:
    name: str = address.get("name") or ""
    return name


def _state(address: Body) -> str:
    state: str = (address.get("properties") or {}).get("adminState") or NONE
    return state
