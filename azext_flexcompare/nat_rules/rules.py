"""The plan of NAT rules and frontend ports: which rule each instance gets, has, or loses.

Pure functions over bodies that have been read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from azext_flexcompare.arm.network_bodies import Body, EditError, IpConfiguration, entries, id_of, same
from azext_flexcompare.instances import last_name
from azext_flexcompare.nat_rules.bodies import Rule, rules_of

LAST_PORT = 65534  # the greatest frontend port (loadBalancer.json, 2024-01-01)
SUFFIXES = {"tcp": "", "udp": "-udp", "all": "-all"}


class RuleRequest(NamedTuple):
    """The rule that each instance is to get.

    `frontend` is the name of a frontend of the load balancer; None stands for its only one.
    """

    backend_port: int
    first_port: int
    frontend: str | None = None
    protocol: str = "Tcp"


class Assignment(NamedTuple):
    """The rule of an instance, whether the load balancer has it, and whether the NIC refers to it."""

    rule: Rule
    exists: bool
    referenced: bool


def frontend_of(lb: Body, name: str | None) -> Body:
    """Find the frontend of a load balancer by its name, or its only one.

    Raises EditError with the names of the frontends if there is no such one.
    """
    frontends: list[Body] = entries(lb, "frontendIPConfigurations")
    matching = [one for one in frontends if name is None or same(one["name"], name)]
    if len(matching) == 1:
        return matching[0]
    names = ", ".join(one["name"] for one in frontends) or "none"
    problem = f"has no frontend called {name}" if name else f"has {len(frontends)} frontends"
    raise EditError(f"Load balancer {lb['name']} {problem}.", f"Specify --frontend-ip-name. Its frontends: {names}.")


def used_ports(lb: Body, frontend: str, protocol: str) -> set[int]:
    """List the ports of a frontend that are not free for a rule of this protocol."""
    kinds = ("inboundNatRules", "inboundNatPools", "loadBalancingRules")
    return {
        port
        for kind in kinds
        for entry in entries(lb, kind)
        if same(id_of(entry["properties"].get("frontendIPConfiguration")), frontend)
        and _overlap(entry["properties"].get("protocol"), protocol)
        for port in _ports(entry["properties"])
    }


def assign_rules(lb: Body, ip_configurations: Sequence[IpConfiguration], request: RuleRequest) -> list[Assignment]:
    """Assign a rule to each IP configuration: the one it has, or a new one on the next free port, in their order.

    Raises EditError if there are not enough free ports or no such frontend.
    """
    frontend: str = frontend_of(lb, request.frontend)["id"]
    rules = [rule for rule in rules_of(lb) if not rule.pool]
    existing: list[Rule | None] = []
    for ip_configuration in ip_configurations:
        rule = _existing(ip_configuration, rules, frontend, request)
        existing.append(rule if rule not in existing else None)  # equal names in two resource groups
    names = {rule.name.lower() for rule in rules_of(lb)}
    ports = _free_ports(used_ports(lb, frontend, request.protocol), request, existing.count(None))
    return [
        Assignment(rule, exists=True, referenced=rule.id.lower() in ip_configuration.rules)
        if rule
        else Assignment(
            _new_rule(
                lb, frontend, request, name=_free_name(ip_configuration.instance, request, names), port=next(ports)
            ),
            exists=False,
            referenced=False,
        )
        for ip_configuration, rule in zip(ip_configurations, existing, strict=True)
    ]


def created_rules(lb: Body, ip_configuration: IpConfiguration, backend_port: int | None) -> list[Rule]:
    """List the rules that `nat-rule create` made for an instance: by their name, unless they lead elsewhere."""
    return [
        rule
        for rule in rules_of(lb)
        if not rule.pool
        and backend_port in (None, rule.backend_port)
        and _has_created_name(rule, ip_configuration.instance)
        and (rule.ip_configuration is None or same(rule.ip_configuration, ip_configuration.id))
    ]


def rules_leading_to(lb: Body, ip_configuration: IpConfiguration) -> list[Rule]:
    """List the NAT rules that lead to an IP configuration: its own, and those of its pools with the port, if known."""
    rules, pools = rules_of(lb), ip_configuration.pools
    pool_rules = [one for one in rules if one.pool and one.pool.lower() in pools]
    return _attached([one for one in rules if not one.pool], ip_configuration) + [
        rule._replace(port=_mapped_port(lb, rule, ip_configuration)) for rule in pool_rules
    ]


def recommend_pool_rule(lb: Body, ip_configurations: Sequence[IpConfiguration], request: RuleRequest) -> str | None:
    """Recommend one rule v2 for a backend pool if all of several instances are in it, or name the one there is.

    Microsoft recommends it for several VMs of a pool, and goes on supporting rules for a single VM (Microsoft, Inbound
    NAT rules, https://learn.microsoft.com/azure/load-balancer/inbound-nat-rules).
    """
    several = len(ip_configurations) > 1
    shared = set.intersection(*(one.pools for one in ip_configurations)) if several else set()
    pools = [one for one in entries(lb, "backendAddressPools") if one["id"].lower() in shared]
    if not pools:
        return None
    for rule in rules_of(lb):
        if rule.pool and rule.pool.lower() in shared and rule.is_for(request.backend_port, request.protocol):
            return (
                f"NAT rule {rule.name} (v2) already leads to port {request.backend_port} of every instance in pool "
                f"{last_name(rule.pool)}. To show its ports, use `az vmss-flex nat-rule list`."
            )
    return (
        f"All {len(ip_configurations)} instances are in backend pool {pools[0]['name']}. One NAT rule v2 for the pool "
        "(`az network lb inbound-nat-rule create --backend-pool-name --frontend-port-range-start "
        "--frontend-port-range-end`) would also cover instances that are added later. Use a rule per instance for "
        "ports that must not change, or for some of the instances only."
    )


def _new_rule(lb: Body, frontend: str, request: RuleRequest, *, name: str, port: int) -> Rule:
    return Rule(
        name=name,
        id=f"{lb['id']}/inboundNatRules/{name}",
        frontend=frontend,
        port=port,
        backend_port=request.backend_port,
        protocol=request.protocol,
    )


def _existing(
    ip_configuration: IpConfiguration, rules: Iterable[Rule], frontend: str, request: RuleRequest
) -> Rule | None:
    matching = [rule for rule in rules if rule.is_for(request.backend_port, request.protocol)]
    attached = _attached(matching, ip_configuration)
    # A run that ended before it wrote the NIC left a rule that leads nowhere.
    loose = [one for one in matching if not one.ip_configuration and same(one.frontend, frontend)]
    name = _rule_name(ip_configuration.instance, request.backend_port, request.protocol)
    return next(iter(attached or [one for one in loose if same(one.name, name)]), None)


def _attached(rules: Iterable[Rule], ip_configuration: IpConfiguration) -> list[Rule]:
    referenced = ip_configuration.rules
    return [rule for rule in rules if rule.id.lower() in referenced or same(rule.ip_configuration, ip_configuration.id)]


def _free_ports(used: set[int], request: RuleRequest, count: int) -> Iterator[int]:
    free = [port for port in range(request.first_port, LAST_PORT + 1) if port not in used]
    if len(free) < count:
        raise EditError(
            f"{count} ports are needed, and only {len(free)} are free from {request.first_port} to {LAST_PORT}.",
            "Specify a lower --frontend-port-start or another --frontend-ip-name.",
        )
    return iter(free)


def _free_name(instance: str, request: RuleRequest, used: set[str]) -> str:
    """Choose a name for a rule that is not in use, and add it to those in use."""
    base = _rule_name(instance, request.backend_port, request.protocol)
    name, number = base, 1
    while name.lower() in used:
        number += 1
        name = f"{base}-{number}"
    used.add(name.lower())
    return name


def _rule_name(instance: str, backend_port: int | None, protocol: str) -> str:
    return f"{instance}-{backend_port}{SUFFIXES.get(protocol.lower(), '')}"


def _has_created_name(rule: Rule, instance: str) -> bool:
    base = _rule_name(instance, rule.backend_port, rule.protocol)
    return re.fullmatch(rf"{re.escape(base)}(-[0-9]+)?", rule.name, re.IGNORECASE) is not None


def _ports(properties: Body) -> Iterable[int]:
    first = properties.get("frontendPortRangeStart")
    if first:
        return range(first, properties["frontendPortRangeEnd"] + 1)
    return [properties["frontendPort"]] if properties.get("frontendPort") else []


def _overlap(one: str | None, other: str) -> bool:
    return same(one, other) or "all" in ((one or "").lower(), other.lower())


def _mapped_port(lb: Body, rule: Rule, ip_configuration: IpConfiguration) -> int | None:
    pool: Body = next((one for one in entries(lb, "backendAddressPools") if same(one["id"], rule.pool)), {})
    for address in entries(pool, "loadBalancerBackendAddresses"):
        properties = address.get("properties") or {}
        if same(id_of(properties.get("networkInterfaceIPConfiguration")), ip_configuration.id):
            ports = properties.get("inboundNatRulesPortMapping") or ()
            return next((one["frontendPort"] for one in ports if same(one.get("inboundNatRuleName"), rule.name)), None)
    return None
