"""Bodies of load balancers and network interfaces: IP configurations in them, and what a PUT leaves out.

A PUT has what was read, without what Azure does not accept back. The shape of the bodies and their read-only
properties: loadBalancer.json and networkInterface.json of Microsoft.Network, api-version 2024-01-01.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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


class EditError(Exception):
    """A reason why a body cannot be edited as planned, as a sentence, and the recommendation for it."""

    def __init__(self, message: str, recommendation: str = "") -> None:
        super().__init__(message)
        self.recommendation = recommendation


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
        references = find_ip_configuration(self.nic, self.id)["properties"].get(key) or ()
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


def primary_ip_configuration(
    instance: str, nic_ids: Sequence[tuple[str, bool]], nics: dict[str, Body]
) -> IpConfiguration:
    """Find the primary IP configuration of the primary NIC.

    `nic_ids` has the id of each NIC of the instance and whether it is the primary one. Raises EditError if there is no
    such IP configuration.
    """
    found = _primary(nic_ids, lambda one: one[1])
    if found is None or found[0].lower() not in nics:
        raise EditError(f"{instance} has no primary network interface in its resource group.")
    nic = nics[found[0].lower()]
    primary = _primary(entries(nic, "ipConfigurations"), lambda one: bool(one["properties"].get("primary")))
    if primary is None:
        raise EditError(f"Network interface {nic['name']} of {instance} has no primary IP configuration.")
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


def find_ip_configuration(nic: Body, id_: str) -> Body:
    """Find an IP configuration of a NIC by its id; raises EditError where it has none."""
    found: Body | None = next((one for one in entries(nic, "ipConfigurations") if same(one["id"], id_)), None)
    if found is None:
        raise EditError(f"IP configuration {last_name(id_)} does not exist any more.")
    return found


def _primary(candidates: Sequence[T], is_primary: Callable[[T], bool]) -> T | None:
    marked = candidates if len(candidates) == 1 else [one for one in candidates if is_primary(one)]
    return marked[0] if len(marked) == 1 else None
