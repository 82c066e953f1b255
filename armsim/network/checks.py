"""Validation of load balancers and network interfaces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from armsim.arm.errors import ArmError
from armsim.network.documents import LOAD_BALANCER, NIC, Body, Document, Network, references

_REFERENCES = {
    "loadBalancingRules": {
        "frontendIPConfiguration": "frontendIPConfigurations",
        "backendAddressPool": "backendAddressPools",
        "probe": "probes",
    },
    "inboundNatRules": {
        "frontendIPConfiguration": "frontendIPConfigurations",
        "backendAddressPool": "backendAddressPools",
    },
    "inboundNatPools": {"frontendIPConfiguration": "frontendIPConfigurations"},
    "outboundRules": {"backendAddressPool": "backendAddressPools"},
}
"""What the parts of a load balancer refer to by id, and of which kind that must be."""

_MENTIONS = ("inboundNatRules", "loadBalancingRules", "outboundRules", "inboundNatPools")
"""What a frontend of a body may mention: read-only, and yet each must be there (azure-libraries-for-net#740)."""

_PROTOCOLS = {"tcp", "udp", "all"}


class Claim(NamedTuple):
    """The ports of a frontend that a rule takes."""

    rule: str
    frontend: str
    protocol: str
    first: int
    last: int

    def meets(self, other: Claim) -> bool:
        """Return whether two rules take the same port."""
        protocols = {self.protocol, other.protocol}
        same = len(protocols) == 1 or "all" in protocols
        return same and self.frontend == other.frontend and self.first <= other.last and other.first <= self.last


def check_load_balancer(document: Document, network: Network) -> None:
    """Raise the provider's refusal of a body for a load balancer, in the order: names, references, ports."""
    for kind in (*_REFERENCES, "frontendIPConfigurations", "backendAddressPools", "probes"):
        _check_names(document, kind)
    for kind, members in _REFERENCES.items():
        for part in document.parts(kind):
            _check_part(document, kind, part, members)
    _check_frontends(document, network)
    claims: list[Claim] = []
    for claim in _claims(document):
        taken = next((other for other in claims if claim.meets(other)), None)
        if taken:
            message = (
                f"Load balancing rules {taken.rule} and {claim.rule} use the same frontend port, protocol and "
                "frontend IP configuration."
            )
            raise ArmError(400, "RulesUseSameFrontendPortProtocolAndIPConfig", message, [])
        claims.append(claim)


def check_removals(before: Document, after: Body, network: Network) -> None:
    """Raise where a body leaves out a rule or a pool that a NIC refers to."""
    users = network.users()
    kinds = {"inboundNatRules": "loadBalancerInboundNatRules", "backendAddressPools": "loadBalancerBackendAddressPools"}
    for kind, reference in kinds.items():
        left = {str(one.get("name")).lower() for one in after["properties"].get(kind) or []}
        for part in before.parts(kind):
            identifier = before.part_id(kind, part["name"])
            used = users.get((reference, identifier.lower()))
            if used and part["name"].lower() not in left:
                name = kind[0].upper() + kind[1:-1]
                message = f"{name} {identifier} cannot be deleted because it is in use by {used[0]}."
                raise ArmError(400, f"InUse{name}CannotBeDeleted", message, [])


def check_nic(nic: Document, network: Network) -> None:
    """Raise unless what a NIC refers to exists, and each NAT rule has one user and each configuration one port."""
    _check_names(nic, "ipConfigurations")
    users = network.users()
    ports: dict[tuple[str, str, int], str] = {}
    for configuration, kind, target in references(nic):
        own = nic.part_id("ipConfigurations", configuration)
        if kind == "loadBalancerBackendAddressPools":
            if _part_of(network, target, "backendAddressPools") is None:
                raise _missing(target, own)
            continue
        rule = _part_of(network, target, "inboundNatRules")
        if rule is None:
            raise _missing(target, own)
        _check_user(rule, target, own, users)
        port = (own, str(rule.get("protocol")).lower(), rule.get("backendPort", 0))
        if ports.setdefault(port, target) != target:
            message = f"Inbound NAT rules {ports[port]} and {target} use the same backend port, protocol and {own}."
            raise ArmError(400, "RulesUseSameBackendPortProtocolAndIPConfig", message, [])


def _check_user(rule: Body, target: str, own: str, users: dict[tuple[str, str], list[str]]) -> None:
    others = [one for one in users.get(("loadBalancerInboundNatRules", target), ()) if one.lower() != own.lower()]
    if others or rule.get("backendAddressPool"):
        user = others[0] if others else rule["backendAddressPool"]["id"]
        message = f"Inbound NAT rule {target} cannot be used by {own}, as it is in use by {user}."
        raise ArmError(400, "InboundNatRuleInUse", message, [])


def _part_of(network: Network, identifier: str, kind: str) -> Body | None:
    """Return the properties of the part of any load balancer that an id names."""
    for load_balancer in network.load_balancers.values():
        for part in load_balancer.parts(kind):
            if load_balancer.part_id(kind, part["name"]).lower() == identifier.lower():
                properties: Body = part["properties"]
                return properties
    return None


def _missing(identifier: str, user: str) -> ArmError:
    message = (
        f"Resource {identifier} referenced by resource {user} was not found. Please make sure that the referenced "
        "resource exists, and that both resources are in the same region."
    )
    return ArmError(400, "InvalidResourceReference", message, [])


def _check_names(document: Document, kind: str) -> None:
    seen: set[str] = set()
    for part in document.parts(kind):
        if not (isinstance(part, dict) and part.get("name")):
            raise _invalid(f"{document.id}: a member of {kind} needs a name.")
        if not isinstance(part.setdefault("properties", {}), dict):
            raise _invalid(f"{document.part_id(kind, part['name'])}: the properties must be an object.")
        if part["name"].lower() in seen:
            message = f"Resource {document.id} has two child resources with the same name ({part['name']})."
            raise ArmError(400, "DuplicateResourceName", message, [])
        seen.add(part["name"].lower())


def _check_part(document: Document, kind: str, part: Body, members: dict[str, str]) -> None:
    own = document.part_id(kind, part["name"])
    for member, wanted in members.items():
        identifier = (part["properties"].get(member) or {}).get("id")
        if identifier and not document.has(identifier, wanted):
            raise _missing(identifier, own)
    if kind == "outboundRules":
        return
    if not part["properties"].get("frontendIPConfiguration"):
        raise _invalid(f"{own} has no frontendIPConfiguration.")
    _check_ports(own, kind, part["properties"])


def _check_ports(own: str, kind: str, properties: Body) -> None:
    if str(properties.get("protocol")).lower() not in _PROTOCOLS:
        raise _invalid(f"{own} has the protocol '{properties.get('protocol')}', not Tcp, Udp or All.")
    ranged = "frontendPortRangeStart" in properties or "frontendPortRangeEnd" in properties
    names = ["frontendPortRangeStart", "frontendPortRangeEnd"] if ranged else ["frontendPort"]
    for name in (*names, "backendPort"):
        port = properties.get(name)
        lowest = 0 if kind == "loadBalancingRules" else 1
        if not isinstance(port, int) or not lowest <= port <= 65535 - (name != "backendPort"):
            raise _invalid(f"{own} has the {name} '{port}'.")
    if ranged and properties["frontendPortRangeStart"] > properties["frontendPortRangeEnd"]:
        raise _invalid(f"{own} has a port range that ends before it starts.")
    if ranged and kind == "inboundNatRules" and not properties.get("backendAddressPool"):
        raise _invalid(f"{own} has a port range and no backendAddressPool.")


def _check_frontends(document: Document, network: Network) -> None:
    known = {one.id.lower() for one in network.public_ips.values()}
    for frontend in document.parts("frontendIPConfigurations"):
        own = document.part_id("frontendIPConfigurations", frontend["name"])
        address = (frontend["properties"].get("publicIPAddress") or {}).get("id")
        if address and address.lower() not in known:
            raise _missing(address, own)
        for kind in _MENTIONS:
            for mention in frontend["properties"].get(kind) or []:
                if not document.has(mention["id"], kind):
                    raise _missing(mention["id"], own)


def _claims(document: Document) -> Iterator[Claim]:
    for kind in ("loadBalancingRules", "inboundNatRules", "inboundNatPools"):
        for part in document.parts(kind):
            properties: dict[str, Any] = part["properties"]
            first: int = properties.get("frontendPortRangeStart", properties.get("frontendPort", 0))
            last = properties.get("frontendPortRangeEnd", first)
            frontend = properties["frontendIPConfiguration"]["id"].lower()
            protocol = properties["protocol"].lower()
            yield Claim(document.part_id(kind, part["name"]), frontend, protocol, first, last=last)


def _invalid(message: str) -> ArmError:
    details = [{"code": "InvalidJson", "message": message}]
    return ArmError(400, "InvalidRequestFormat", "Cannot parse the request.", details)


CHECKS = {LOAD_BALANCER: check_load_balancer, NIC: check_nic}
