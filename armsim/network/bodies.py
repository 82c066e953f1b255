"""ARM bodies of the resources of the network provider.

What a resource owns is kept as it was written; what refers to it from elsewhere is added here, which is how both
ends of a reference always agree.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from armsim.identifiers import guid
from armsim.network.documents import LOAD_BALANCER, NIC, Body, Document, Network
from armsim.network.port_mappings import port_mappings

if TYPE_CHECKING:
    from collections.abc import Iterable

PARTS = {
    LOAD_BALANCER: (
        "frontendIPConfigurations", "backendAddressPools", "loadBalancingRules", "probes", "inboundNatRules",
        "outboundRules", "inboundNatPools",
    ),
    NIC: ("ipConfigurations",),
}  # fmt: skip
"""The parts that are resources of their own, with an id and an etag."""

_POOLS, _RULES = "loadBalancerBackendAddressPools", "loadBalancerInboundNatRules"


def describe(document: Document, network: Network) -> Body:
    """Return a whole resource."""
    body = deepcopy(document.body)
    parts = {kind: body["properties"].get(kind) or [] for kind in PARTS.get(document.kind, ())}
    for kind, members in parts.items():
        body["properties"][kind] = [_part(document, kind, member) for member in members]
    if document.kind == LOAD_BALANCER:
        _link(body["properties"], network)
        if is_standard(document):
            _add_addresses(body["properties"], network)
    body["properties"] |= {"provisioningState": document.provisioning, "resourceGuid": guid("network", document.id)}
    if document.kind == NIC and document.owner:
        body["properties"]["virtualMachine"] = {"id": document.owner}
    return {
        "name": document.name,
        "id": document.id,
        "etag": document.etag,
        "type": document.kind,
        "location": document.location,
        **body,
    }


def is_standard(load_balancer: Document) -> bool:
    """Return whether a load balancer is of the SKU whose pools have addresses."""
    return str(load_balancer.body.get("sku", {}).get("name", "Basic")).lower() == "standard"


def describe_pool(document: Document, name: str, network: Network) -> Body | None:
    """Return one backend address pool."""
    pools = describe(document, network)["properties"]["backendAddressPools"]
    return next((pool for pool in pools if pool["name"].lower() == name.lower()), None)


def address_name(configuration: str) -> str:
    """Return the name of the backend address of a NIC's IP configuration: that of its group, its NIC and its own."""
    parts = configuration.split("/")
    return f"{parts[4]}_{parts[8]}{parts[10]}"


def describe_rule(document: Document, name: str, network: Network) -> Body | None:
    """Return one inbound NAT rule."""
    rules = describe(document, network)["properties"]["inboundNatRules"]
    return next((rule for rule in rules if rule["name"].lower() == name.lower()), None)


def _part(document: Document, kind: str, member: Body) -> Body:
    provider = "networkInterfaces" if document.kind == NIC else "loadBalancers"
    return {
        **member,
        "id": document.part_id(kind, member["name"]),
        "etag": document.etag,
        "type": f"Microsoft.Network/{provider}/{kind}",
        "properties": {**member.get("properties", {}), "provisioningState": document.provisioning},
    }


def _add_addresses(parts: Body, network: Network) -> None:
    """Add the backend addresses of NICs, and to those of IP addresses the NIC that has them."""
    users = network.users()
    for pool in parts["backendAddressPools"]:
        listed = pool["properties"].get("loadBalancerBackendAddresses", [])
        for address in listed:
            found = network.with_address(address["properties"].get("ipAddress"))
            if found:
                address["properties"]["networkInterfaceIPConfiguration"] = {"id": found}
        for place, configuration in enumerate(users.get((_POOLS, pool["id"].lower()), ())):
            state = network.admin_states.get((pool["id"].lower(), configuration.lower()))
            properties = {
                "networkInterfaceIPConfiguration": {"id": configuration},
                "inboundNatRulesPortMapping": port_mappings(parts["inboundNatRules"], pool, place),
                **({"adminState": state} if state else {}),
            }
            listed.append({"name": address_name(configuration), "properties": properties})
        pool["properties"]["loadBalancerBackendAddresses"] = listed


def _link(properties: Body, network: Network) -> None:
    """Add the references from NICs and between the parts of a load balancer."""
    users = network.users()
    for pool in properties["backendAddressPools"]:
        _add(pool, "backendIPConfigurations", users.get((_POOLS, pool["id"].lower()), ()))
    for rule in properties["inboundNatRules"]:
        for user in users.get((_RULES, rule["id"].lower()), ()):
            rule["properties"]["backendIPConfiguration"] = {"id": user}
    for kind in ("loadBalancingRules", "inboundNatRules", "inboundNatPools"):
        for rule in properties[kind]:
            _back(properties["frontendIPConfigurations"], rule, "frontendIPConfiguration", kind)
            if kind != "inboundNatPools":
                _back(properties["backendAddressPools"], rule, "backendAddressPool", kind)
            if kind == "loadBalancingRules":
                _back(properties["probes"], rule, "probe", kind)
    _link_outbound(properties)


def _link_outbound(properties: Body) -> None:
    for rule in properties["outboundRules"]:
        wanted = {one["id"].lower() for one in rule["properties"].get("frontendIPConfigurations", ())}
        for frontend in properties["frontendIPConfigurations"]:
            if frontend["id"].lower() in wanted:
                _add(frontend, "outboundRules", [rule["id"]])
        _back(properties["backendAddressPools"], rule, "backendAddressPool", "outboundRules")


def _back(targets: Iterable[Body], rule: Body, member: str, kind: str) -> None:
    wanted = str((rule["properties"].get(member) or {}).get("id", "")).lower()
    for target in targets:
        if target["id"].lower() == wanted:
            _add(target, kind, [rule["id"]])


def _add(part: Body, member: str, identifiers: Iterable[str]) -> None:
    links: list[Any] = [{"id": identifier} for identifier in identifiers]
    if links:
        part["properties"][member] = part["properties"].get(member, []) + links
