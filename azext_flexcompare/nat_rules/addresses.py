"""The addresses of an instance: its own, and those of the NAT rules that lead to it.

Pure functions over bodies that have been read. In azure-cli 2.91.0, `az vmss list-instance-connection-info` reads the
ports of a rule over a pool from the `inboundNatRulesPortMapping` of the pool, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from azext_flexcompare.arm.network import nic_ids
from azext_flexcompare.arm.network_bodies import Body, IpConfiguration, entries, id_of, ip_configurations
from azext_flexcompare.instances import Instance
from azext_flexcompare.nat_rules.rules import rules_leading_to

SSH, RDP = 22, 3389


class Surroundings(NamedTuple):
    """The bodies of the network around instances, each by its id in lower case."""

    nics: Mapping[str, Body]
    load_balancers: Mapping[str, Body]
    addresses: Mapping[str, Body]


class Endpoint(NamedTuple):
    """An address and a port of it that lead to a port of an instance."""

    address: str
    port: int
    backend_port: int
    is_tcp: bool = True

    def __str__(self) -> str:
        """Return the address and port as one text."""
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


class Reach(NamedTuple):
    """How an instance is reached: by NAT rules, at public addresses and at private addresses of its own."""

    rules: list[Endpoint]
    public: list[str]
    private: list[str]

    def endpoint(self, port: int, *, private_first: bool = False) -> Endpoint | None:
        """Choose the endpoint for a TCP port: by a NAT rule, at a public address, or at a private one."""
        outside = [one for one in self.rules if one.is_tcp and one.backend_port == port]
        outside += [Endpoint(address, port, port) for address in self.public]
        inside = [Endpoint(address, port, port) for address in self.private]
        ordered = [*inside, *outside] if private_first else [*outside, *inside]
        return next(iter(ordered), None)

    def public_endpoint(self, port: int) -> Endpoint | None:
        """Choose the endpoint for a TCP port, or where there is none, that of any NAT rule."""
        return self._replace(private=[]).endpoint(port) or next(iter(self.rules), None)


def own_nics(instance: Instance, nics: Mapping[str, Body]) -> list[Body]:
    """List the network interfaces of an instance, the primary one first."""
    ordered = sorted(nic_ids(instance), key=lambda one: not one[1])
    return [nics[one.lower()] for one, _ in ordered if one.lower() in nics]


def public_address_ids(bodies: Iterable[Body], key: str) -> list[str]:
    """List the ids of the public addresses that the configurations under a key of bodies refer to."""
    found = [id_of(part["properties"].get("publicIPAddress")) for body in bodies for part in entries(body, key)]
    return [one for one in found if one]


def configurations_of(instance: Instance, nics: Mapping[str, Body]) -> list[IpConfiguration]:
    """List the IP configurations of an instance."""
    return ip_configurations(instance.name, nic_ids(instance), dict(nics))


def reach_of(instance: Instance, around: Surroundings) -> Reach:
    """Return how an instance is reached."""
    nics = own_nics(instance, around.nics)
    public = [around.addresses.get(one.lower()) for one in public_address_ids(nics, "ipConfigurations")]
    private = [one["properties"].get("privateIPAddress") for nic in nics for one in entries(nic, "ipConfigurations")]
    return Reach(
        _rules(configurations_of(instance, around.nics), around),
        [address for body in public if body and (address := _address(body))],
        sorted((address for address in private if address), key=lambda one: ":" in one),
    )


def administrative_port(resource: Any) -> int:
    """Return the port by which a VM is administered: RDP for Windows, SSH for others."""
    disk = resource.storage_profile and resource.storage_profile.os_disk
    return RDP if (disk and str(disk.os_type or "").lower() == "windows") else SSH


def _rules(configurations: Sequence[IpConfiguration], around: Surroundings) -> list[Endpoint]:
    """List the endpoints of the NAT rules that lead to the configurations, those with a public address first."""
    found: list[tuple[bool, Endpoint]] = []
    for lb in around.load_balancers.values():
        frontends = {one["id"].lower(): one["properties"] for one in entries(lb, "frontendIPConfigurations")}
        for rule in [rule for one in configurations for rule in rules_leading_to(lb, one)]:
            frontend = frontends.get(rule.frontend.lower(), {})
            public = around.addresses.get((id_of(frontend.get("publicIPAddress")) or "").lower())
            address = _address(public) if public else frontend.get("privateIPAddress")
            if address and rule.port and rule.backend_port:
                is_tcp = rule.protocol.lower() in ("tcp", "all")
                found.append((public is None, Endpoint(address, rule.port, rule.backend_port, is_tcp)))
    return [endpoint for _, endpoint in sorted(found, key=lambda one: one[0])]


def _address(body: Body) -> str | None:
    address: str | None = body["properties"].get("ipAddress")
    return address
