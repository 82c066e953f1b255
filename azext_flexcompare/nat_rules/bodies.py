"""NAT rules in the bodies of load balancers and network interfaces, and edits of them.

Each edit returns a copy to be sent as a PUT, without what Azure does not accept back, and changes nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from azext_flexcompare.arm.network_bodies import (
    READ_ONLY_OF_LOAD_BALANCER,
    READ_ONLY_OF_NIC,
    REFERENCES,
    Body,
    entries,
    find_ip_configuration,
    id_of,
    remove_keys,
    same,
)


class Rule(NamedTuple):
    """An inbound NAT rule.

    `ip_configuration` is the IP configuration that it leads to, `pool` the backend pool of a rule v2.
    """

    name: str
    id: str
    frontend: str
    port: int | None
    backend_port: int | None
    protocol: str
    ip_configuration: str | None = None
    pool: str | None = None

    def is_for(self, backend_port: int, protocol: str) -> bool:
        """Return whether it forwards this port of this protocol."""
        return self.backend_port == backend_port and same(self.protocol, protocol)


def rules_of(lb: Body) -> list[Rule]:
    """List the NAT rules of a load balancer, for a single VM and for a pool (v2)."""
    return [_rule(entry) for entry in entries(lb, "inboundNatRules")]


def add_rules(lb: Body, rules: Iterable[Rule]) -> Body | None:
    """Return a load balancer with the rules added, or None if there are none to add."""
    added = [_entry(rule) for rule in rules]
    if not added:
        return None
    after: Body = remove_keys(lb, READ_ONLY_OF_LOAD_BALANCER)
    after["properties"]["inboundNatRules"] = [*entries(after, "inboundNatRules"), *added]
    return after


def remove_rules(lb: Body, rules: Iterable[Rule]) -> Body | None:
    """Return a load balancer with the rules removed, or None if it has none of them."""
    removed = {rule.name.lower() for rule in rules}
    after: Body = remove_keys(lb, READ_ONLY_OF_LOAD_BALANCER)
    before = entries(after, "inboundNatRules")
    kept = [one for one in before if one["name"].lower() not in removed]
    after["properties"]["inboundNatRules"] = kept
    return None if kept == before else after


def add_reference(nic: Body, ip_configuration: str, rule: str) -> Body | None:
    """Return a NIC with a reference from an IP configuration to a rule added, or None if it is there."""
    return _edit_references(
        nic, ip_configuration, lambda ids: ids if any(same(one["id"], rule) for one in ids) else [*ids, {"id": rule}]
    )


def remove_references(nic: Body, ip_configuration: str, rules: Iterable[str]) -> Body | None:
    """Return a NIC with the references from an IP configuration to rules removed, or None if it has none of them."""
    removed = {rule.lower() for rule in rules}
    return _edit_references(nic, ip_configuration, lambda ids: [one for one in ids if one["id"].lower() not in removed])


def _rule(entry: Body) -> Rule:
    properties = entry["properties"]
    return Rule(
        name=entry["name"],
        id=entry["id"],
        frontend=id_of(properties.get("frontendIPConfiguration")) or "",
        port=properties.get("frontendPort") or None,
        backend_port=properties.get("backendPort"),
        protocol=properties.get("protocol") or "",
        ip_configuration=id_of(properties.get("backendIPConfiguration")),
        pool=id_of(properties.get("backendAddressPool")),
    )


def _entry(rule: Rule) -> Body:
    properties = {
        "frontendIPConfiguration": {"id": rule.frontend},
        "protocol": rule.protocol,
        "frontendPort": rule.port,
        "backendPort": rule.backend_port,
    }
    return {"name": rule.name, "properties": properties}


def _edit_references(nic: Body, ip_configuration: str, edit: Callable[[list[Body]], list[Body]]) -> Body | None:
    after = remove_keys(nic, READ_ONLY_OF_NIC)
    properties = find_ip_configuration(after, ip_configuration)["properties"]
    before = properties.get(REFERENCES) or []
    properties[REFERENCES] = edit(before)
    return None if properties[REFERENCES] == before else after
