"""Which NAT rule and which port does each instance get, and what does that make of a load balancer and of a NIC?

Pure functions over bodies that have been read already: nothing here sends a request. What the bodies look like, and
what of them is read-only: loadBalancer.json and networkInterface.json of Microsoft.Network, api-version 2024-01-01.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

from azext_flexcompare.instances import last_name

T = TypeVar("T")
Body = dict[str, Any]

LAST_PORT = 65534  # the greatest frontend port (loadBalancer.json, 2024-01-01)
SUFFIXES = {"tcp": "", "udp": "-udp", "all": "-all"}
REFERENCES, POOLS = "loadBalancerInboundNatRules", "loadBalancerBackendAddressPools"

# Azure makes these anew. To send them back is not only idle: a frontend that names a rule which the same PUT removes
# would be refused (Azure/azure-libraries-for-net#740 shows the refusal of a reference without its rule).
Paths = dict[str, frozenset[str]]  # where in a body, and which keys there; entries of a list have the path of the list
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
    """What cannot be planned: one sentence, and what helps."""

    def __init__(self, message: str, helps: str) -> None:
        super().__init__(message)
        self.helps = helps


class Wish(NamedTuple):
    """What each instance is to get; `frontend` is the name of a frontend of the load balancer, None its only one."""

    backend_port: int
    first_port: int
    frontend: str | None = None
    protocol: str = "Tcp"


class Rule(NamedTuple):
    """A NAT rule; `attached` is the NIC's configuration that it leads to, `pool` the backend pool of a rule v2."""

    name: str
    id: str
    frontend: str
    port: int | None
    backend_port: int | None
    protocol: str
    attached: str | None = None
    pool: str | None = None

    def is_for(self, backend_port: int, protocol: str) -> bool:
        """Say whether it forwards this port of this protocol."""
        return self.backend_port == backend_port and same(self.protocol, protocol)


class Place(NamedTuple):
    """Where an instance is in the network: a NIC of it and the id of one of its configurations."""

    instance: str
    nic: Body
    configuration: str

    @property
    def rules(self) -> set[str]:
        """Give the ids, in lower case, of the NAT rules to which it refers."""
        return {one.lower() for one in self._ids(REFERENCES)}

    @property
    def pools(self) -> set[str]:
        """Give the ids, in lower case, of the backend pools that it is in."""
        return {one.lower() for one in self._ids(POOLS)}

    @property
    def load_balancers(self) -> list[str]:
        """Give the ids of the load balancers to which its rules and pools belong."""
        return [one.rsplit("/", 2)[0] for one in [*self._ids(REFERENCES), *self._ids(POOLS)]]

    def _ids(self, key: str) -> list[str]:
        return [one["id"] for one in _configuration(self.nic, self.configuration)["properties"].get(key) or ()]


class Grant(NamedTuple):
    """The rule of an instance, whether the load balancer has it, and whether the NIC refers to it."""

    rule: Rule
    there: bool
    referred: bool


def same(one: str | None, other: str | None) -> bool:
    """Compare ids and names as Azure does, without regard to case."""
    return (one or "").lower() == (other or "").lower()


def rules_of(lb: Body) -> list[Rule]:
    """List the NAT rules of a load balancer, those for one machine and those over a pool (v2)."""
    return [_rule(entry) for entry in _list(lb, "inboundNatRules")]


def frontend_of(lb: Body, name: str | None) -> Body:
    """Find the frontend of a load balancer by its name, or its only one; raises RuleError naming those there are."""
    frontends: list[Body] = _list(lb, "frontendIPConfigurations")
    fitting = [one for one in frontends if name is None or same(one["name"], name)]
    if len(fitting) == 1:
        return fitting[0]
    named = ", ".join(one["name"] for one in frontends) or "none"
    problem = f"has no frontend called {name}" if name else f"has {len(frontends)} frontends"
    raise RuleError(f"the load balancer {lb['name']} {problem}", f"Give --frontend-ip-name; there are: {named}.")


def taken(lb: Body, frontend: str, protocol: str) -> set[int]:
    """List the ports of a frontend that a rule of this protocol cannot have, because something else has them."""
    entries = [one for kind in ("inboundNatRules", "inboundNatPools", "loadBalancingRules") for one in _list(lb, kind)]
    return {
        port
        for entry in entries
        if same(_id(entry["properties"].get("frontendIPConfiguration")), frontend)
        and _overlap(entry["properties"].get("protocol"), protocol)
        for port in _ports(entry["properties"])
    }


def grant(lb: Body, places: Sequence[Place], wish: Wish) -> list[Grant]:
    """Say which rule each place gets: the one it has, or a new one on the next free port, in the order of the places.

    Raises RuleError where the ports do not suffice or the frontend is not to be found.
    """
    frontend: str = frontend_of(lb, wish.frontend)["id"]
    rules = [rule for rule in rules_of(lb) if not rule.pool]
    kept: list[Rule | None] = []
    for place in places:
        rule = _kept(place, rules, frontend, wish)
        kept.append(rule if rule not in kept else None)  # namesakes of two resource groups
    names = {rule.name.lower() for rule in rules_of(lb)}
    ports = _free(taken(lb, frontend, wish.protocol), wish, kept.count(None))
    return [
        Grant(rule, there=True, referred=rule.id.lower() in place.rules)
        if rule
        else Grant(_new(lb, place, frontend, wish, names, next(ports)), there=False, referred=False)
        for place, rule in zip(places, kept, strict=True)
    ]


def with_rules(lb: Body, rules: Iterable[Rule]) -> Body | None:
    """Write a load balancer with further rules, and nothing else changed; None where there are none."""
    added = [_entry(rule) for rule in rules]
    if not added:
        return None
    after: Body = without(lb, READ_ONLY_OF_LOAD_BALANCER)
    after["properties"]["inboundNatRules"] = [*_list(after, "inboundNatRules"), *added]
    return after


def without_rules(lb: Body, rules: Iterable[Rule]) -> Body | None:
    """Write a load balancer without rules, and nothing else changed; None where it has none of them."""
    gone = {rule.name.lower() for rule in rules}
    after: Body = without(lb, READ_ONLY_OF_LOAD_BALANCER)
    before = _list(after, "inboundNatRules")
    kept = [one for one in before if one["name"].lower() not in gone]
    after["properties"]["inboundNatRules"] = kept
    return None if kept == before else after


def referring(nic: Body, configuration: str, rule: str) -> Body | None:
    """Write a NIC whose configuration also refers to a rule; None where it does already."""
    return _edited(
        nic, configuration, lambda ids: ids if any(same(one["id"], rule) for one in ids) else [*ids, {"id": rule}]
    )


def not_referring(nic: Body, configuration: str, rules: Iterable[str]) -> Body | None:
    """Write a NIC whose configuration refers to none of these rules; None where it does not."""
    gone = {rule.lower() for rule in rules}
    return _edited(nic, configuration, lambda ids: [one for one in ids if one["id"].lower() not in gone])


def ours(lb: Body, place: Place, backend_port: int | None) -> list[Rule]:
    """List the rules that were made here for a place: by their name, and not attached to anything else."""
    return [
        rule
        for rule in rules_of(lb)
        if not rule.pool
        and backend_port in (None, rule.backend_port)
        and _has_our_name(rule, place.instance)
        and (rule.attached is None or same(rule.attached, place.configuration))
    ]


def leading_to(lb: Body, place: Place) -> list[Rule]:
    """List every NAT rule that leads to a place: its own, and each v2 of its pools, with its port if Azure tells it."""
    rules, pools = rules_of(lb), place.pools
    pooled = [one for one in rules if one.pool and one.pool.lower() in pools]
    return _attached([one for one in rules if not one.pool], place) + [
        rule._replace(port=_mapped(lb, rule, place)) for rule in pooled
    ]


def advice(lb: Body, places: Sequence[Place], wish: Wish) -> str | None:
    """Say so where one rule v2 over a backend pool leads, or could lead, to all of several places.

    For several machines of a pool Microsoft recommends it, and goes on supporting rules for one machine (Microsoft,
    Inbound NAT rules, https://learn.microsoft.com/azure/load-balancer/inbound-nat-rules).
    """
    shared = set.intersection(*(place.pools for place in places)) if len(places) > 1 else set()
    pools = [one for one in _list(lb, "backendAddressPools") if one["id"].lower() in shared]
    if not pools:
        return None
    for rule in rules_of(lb):
        if rule.pool and rule.pool.lower() in shared and rule.is_for(wish.backend_port, wish.protocol):
            return (
                f"NAT rule {rule.name} (v2) leads to port {wish.backend_port} of every machine in pool "
                f"{last_name(rule.pool)} already; `az vmss-flex nat-rule list` shows it."
            )
    return (
        f"All {len(places)} instances are in backend pool {pools[0]['name']}: one NAT rule v2 over it (`az network lb "
        "inbound-nat-rule create --backend-pool-name --frontend-port-range-start --frontend-port-range-end`) would "
        "also give later instances a port. Rules of their own are for ports that must stay as they are, or for some "
        "instances only."
    )


def place_of(instance: str, interfaces: Sequence[tuple[str, bool]], nics: dict[str, Body]) -> Place:
    """Find the primary configuration of the primary NIC; `interfaces` are the machine's NIC ids, and which is primary.

    Raises RuleError where there is no such thing.
    """
    found = _primary(interfaces, lambda one: one[1])
    if found is None or found[0].lower() not in nics:
        raise RuleError(f"{instance} has no primary network interface in its resource group", "")
    nic = nics[found[0].lower()]
    configuration = _primary(_list(nic, "ipConfigurations"), lambda one: bool(one["properties"].get("primary")))
    if configuration is None:
        raise RuleError(f"{nic['name']} of {instance} has no primary configuration", "")
    return Place(instance, nic, configuration["id"])


def every_place(instance: str, interfaces: Sequence[tuple[str, bool]], nics: dict[str, Body]) -> list[Place]:
    """List every configuration of every NIC of a machine."""
    own = [nics[one.lower()] for one, _ in interfaces if one.lower() in nics]
    return [Place(instance, nic, one["id"]) for nic in own for one in _list(nic, "ipConfigurations")]


def without(value: Any, gone: Paths, path: str = "") -> Any:
    """Copy a body without what stands at these paths."""
    if isinstance(value, list):
        return [without(one, gone, path) for one in value]
    if not isinstance(value, dict):
        return value
    idle = gone.get(path, frozenset())
    return {key: without(value[key], gone, f"{path}.{key}") for key in value if key not in idle}


def _kept(place: Place, rules: Iterable[Rule], frontend: str, wish: Wish) -> Rule | None:
    fitting = [rule for rule in rules if rule.is_for(wish.backend_port, wish.protocol)]
    attached = _attached(fitting, place)
    # An earlier run that did not come to the NIC has left a rule that leads nowhere yet.
    stray = [one for one in fitting if not one.attached and same(one.frontend, frontend)]
    return next(iter(attached or [one for one in stray if same(one.name, _base(place.instance, wish))]), None)


def _attached(rules: Iterable[Rule], place: Place) -> list[Rule]:
    referred = place.rules
    return [rule for rule in rules if rule.id.lower() in referred or same(rule.attached, place.configuration)]


def _free(used: set[int], wish: Wish, count: int) -> Iterator[int]:
    free = [port for port in range(wish.first_port, LAST_PORT + 1) if port not in used]
    if len(free) < count:
        raise RuleError(
            f"{count} ports are needed, and from {wish.first_port} to {LAST_PORT} only {len(free)} are free",
            "Give a smaller --frontend-port-start, or another --frontend-ip-name.",
        )
    return iter(free)


def _new(lb: Body, place: Place, frontend: str, wish: Wish, names: set[str], port: int) -> Rule:
    base = _base(place.instance, wish)
    name = next(one for one in _numbered(base) if one.lower() not in names)
    names.add(name.lower())
    return Rule(name, f"{lb['id']}/inboundNatRules/{name}", frontend, port, wish.backend_port, wish.protocol)


def _base(instance: str, wish: Wish) -> str:
    return f"{instance}-{wish.backend_port}{SUFFIXES[wish.protocol.lower()]}"


def _numbered(base: str) -> Iterator[str]:
    yield base
    number = 1
    while True:
        number += 1
        yield f"{base}-{number}"


def _has_our_name(rule: Rule, instance: str) -> bool:
    base = f"{instance}-{rule.backend_port}{SUFFIXES.get(rule.protocol.lower(), '')}"
    return re.fullmatch(rf"{re.escape(base)}(-[0-9]+)?", rule.name, re.IGNORECASE) is not None


def _rule(entry: Body) -> Rule:
    properties = entry["properties"]
    return Rule(
        entry["name"],
        entry["id"],
        _id(properties.get("frontendIPConfiguration")) or "",
        properties.get("frontendPort") or None,
        properties.get("backendPort"),
        properties.get("protocol") or "",
        _id(properties.get("backendIPConfiguration")),
        _id(properties.get("backendAddressPool")),
    )


def _entry(rule: Rule) -> Body:
    properties = {
        "frontendIPConfiguration": {"id": rule.frontend},
        "protocol": rule.protocol,
        "frontendPort": rule.port,
        "backendPort": rule.backend_port,
    }
    return {"name": rule.name, "properties": properties}


def _ports(properties: Body) -> Iterable[int]:
    first = properties.get("frontendPortRangeStart")
    if first:
        return range(first, properties["frontendPortRangeEnd"] + 1)
    return [properties["frontendPort"]] if properties.get("frontendPort") else []


def _overlap(one: str | None, other: str) -> bool:
    return same(one, other) or "all" in ((one or "").lower(), other.lower())


def _mapped(lb: Body, rule: Rule, place: Place) -> int | None:
    pool: Body = next((one for one in _list(lb, "backendAddressPools") if same(one["id"], rule.pool)), {})
    for address in _list(pool, "loadBalancerBackendAddresses"):
        properties = address.get("properties") or {}
        if same(_id(properties.get("networkInterfaceIPConfiguration")), place.configuration):
            ports = properties.get("inboundNatRulesPortMapping") or ()
            return next((one["frontendPort"] for one in ports if same(one.get("inboundNatRuleName"), rule.name)), None)
    return None


def _edited(nic: Body, configuration: str, edit: Callable[[list[Body]], list[Body]]) -> Body | None:
    after = without(nic, READ_ONLY_OF_NIC)
    properties = _configuration(after, configuration)["properties"]
    before = properties.get(REFERENCES) or []
    properties[REFERENCES] = edit(before)
    return None if properties[REFERENCES] == before else after


def _configuration(nic: Body, configuration: str) -> Body:
    found: Body | None = next((one for one in _list(nic, "ipConfigurations") if same(one["id"], configuration)), None)
    if found is None:
        raise RuleError(f"there is no configuration {last_name(configuration)} any more", "")
    return found


def _primary(entries: Sequence[T], is_primary: Callable[[T], bool]) -> T | None:
    marked = entries if len(entries) == 1 else [one for one in entries if is_primary(one)]
    return marked[0] if len(marked) == 1 else None


def _list(body: Body, key: str) -> list[Any]:
    found: list[Any] = (body.get("properties") or {}).get(key) or []
    return found


def _id(reference: Body | None) -> str | None:
    return reference.get("id") if reference else None
