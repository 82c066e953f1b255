"""Bodies of load balancers and network interfaces: NAT rules and IP configurations in them, and edits of them.

Each edit returns a copy to be sent as a PUT, without what Azure does not accept back, and changes nothing else. The
shape of the bodies and their read-only properties: loadBalancer.json and networkInterface.json of Microsoft.Network,
api-version 2024-01-01.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

from azext_flexcompare.instances import last_name

T = TypeVar("T")
Body = dict[str, Any]

REFERENCES, POOLS = "loadBalancerInboundNatRules", "loadBalancerBackendAddressPools"

# Azure fills these in again. Sending them back can fail: a PUT is refused if a frontend in it refers to a rule that
# the same PUT removes (Azure/azure-libraries-for-net#740 shows such a refusal).
Paths = dict[str, frozenset[str]]  # path in a body -> keys there; the entries of a list have the path of the list
CHILD = frozenset({"type", "etag"})
STATE = frozenset({"provisioningState"})
READ_ONLY_OF_LOAD_BALANCER: Paths = {
    "": frozenset({"name", "type", "etag"}),
    ".properties": STATE | {"resourceGuid"},
    ".properties.frontendIPConfigurations": CHILD,
    ".properties.frontendIPConfigurations.properties": STATE
    | {"inboundNatRules", "inboundNatPools", "outboundRules", "loadBalancingRules"},
    ".properties.backendAddressPools": CHILD,
    ".properties.backendAddressPools.properties": STATE
    | {"backendIPConfigurations", "loadBalancingRules", "outboundRule", "outboundRules", "inboundNatRules"},
    ".properties.backendAddressPools.properties.loadBalancerBackendAddresses.properties": frozenset(
        {"networkInterfaceIPConfiguration", "inboundNatRulesPortMapping"}
    ),
    ".properties.loadBalancingRules": CHILD,
    ".properties.loadBalancingRules.properties": STATE,
    ".properties.probes": CHILD,
    ".properties.probes.properties": STATE | {"loadBalancingRules"},
    ".properties.inboundNatRules": CHILD,
    ".properties.inboundNatRules.properties": STATE | {"backendIPConfiguration"},
    ".properties.inboundNatPools": CHILD,
    ".properties.inboundNatPools.properties": STATE,
    ".properties.outboundRules": CHILD,
    ".properties.outboundRules.properties": STATE,
}
READ_ONLY_OF_NIC: Paths = {
    "": frozenset({"name", "type", "etag"}),
    ".properties": STATE
    | {"virtualMachine", "privateEndpoint", "tapConfigurations", "macAddress", "primary", "vnetEncryptionSupported"}
    | {"hostedWorkloads", "dscpConfiguration", "resourceGuid"},
    ".properties.dnsSettings": frozenset({"appliedDnsServers", "internalFqdn", "internalDomainNameSuffix"}),
    ".properties.ipConfigurations": frozenset({"etag"}),
    ".properties.ipConfigurations.properties": STATE | {"privateLinkConnectionProperties"},
}


class RuleError(Exception):
    """A reason why a rule cannot be planned, as a sentence, and the recommendation for it."""

    def __init__(self, message: str, recommendation: str = "") -> None:
        super().__init__(message)
        self.recommendation = recommendation


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


class IpConfiguration(NamedTuple):
    """An IP configuration of a network interface (NIC) of an instance."""

    instance: str
    nic: Body
    id: str

    @property
    def rules(self) -> set[str]:
        """Return the ids, in lower case, of the NAT rules to which it refers."""
        return {one.lower() for one in self._ids(REFERENCES)}

    @property
    def pools(self) -> set[str]:
        """Return the ids, in lower case, of the backend pools to which it belongs."""
        return {one.lower() for one in self._ids(POOLS)}

    @property
    def load_balancers(self) -> list[str]:
        """Return the ids of the load balancers of its rules and pools."""
        return [one.rsplit("/", 2)[0] for one in [*self._ids(REFERENCES), *self._ids(POOLS)]]

    def _ids(self, key: str) -> list[str]:
        references = _ip_configuration(self.nic, self.id)["properties"].get(key) or ()
        return [id_ for one in references if (id_ := id_of(one))]


def same(one: str | None, other: str | None) -> bool:
    """Compare ids and names as Azure does, ignoring case."""
    return (one or "").lower() == (other or "").lower()


def entries(body: Body, key: str) -> list[Any]:
    """Return a list in the properties of a body; it is empty where the body has none."""
    found: list[Any] = (body.get("properties") or {}).get(key) or []
    return found


def id_of(reference: Body | None) -> str | None:
    """Return the id of a reference to another resource, or None."""
    return reference.get("id") if reference else None


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


def primary_ip_configuration(
    instance: str, nic_ids: Sequence[tuple[str, bool]], nics: dict[str, Body]
) -> IpConfiguration:
    """Find the primary IP configuration of the primary NIC.

    `nic_ids` has the id of each NIC of the instance and whether it is the primary one. Raises RuleError if there is no
    such IP configuration.
    """
    found = _primary(nic_ids, lambda one: one[1])
    if found is None or found[0].lower() not in nics:
        raise RuleError(f"{instance} has no primary network interface in its resource group.")
    nic = nics[found[0].lower()]
    primary = _primary(entries(nic, "ipConfigurations"), lambda one: bool(one["properties"].get("primary")))
    if primary is None:
        raise RuleError(f"Network interface {nic['name']} of {instance} has no primary IP configuration.")
    return IpConfiguration(instance, nic, primary["id"])


def ip_configurations(
    instance: str, nic_ids: Sequence[tuple[str, bool]], nics: dict[str, Body]
) -> list[IpConfiguration]:
    """List the IP configurations of the NICs of an instance."""
    own = [nics[one.lower()] for one, _ in nic_ids if one.lower() in nics]
    return [IpConfiguration(instance, nic, one["id"]) for nic in own for one in entries(nic, "ipConfigurations")]


def remove_keys(value: Any, keys: Paths, path: str = "") -> Any:
    """Return a copy of a body without the keys at these paths."""
    if isinstance(value, list):
        return [remove_keys(one, keys, path) for one in value]
    if not isinstance(value, dict):
        return value
    removed = keys.get(path, frozenset())
    return {key: remove_keys(value[key], keys, f"{path}.{key}") for key in value if key not in removed}


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
    properties = _ip_configuration(after, ip_configuration)["properties"]
    before = properties.get(REFERENCES) or []
    properties[REFERENCES] = edit(before)
    return None if properties[REFERENCES] == before else after


def _ip_configuration(nic: Body, id_: str) -> Body:
    found: Body | None = next((one for one in entries(nic, "ipConfigurations") if same(one["id"], id_)), None)
    if found is None:
        raise RuleError(f"IP configuration {last_name(id_)} does not exist any more.")
    return found


def _primary(candidates: Sequence[T], is_primary: Callable[[T], bool]) -> T | None:
    marked = candidates if len(candidates) == 1 else [one for one in candidates if is_primary(one)]
    return marked[0] if len(marked) == 1 else None
