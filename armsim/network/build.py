"""Network of a new world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from armsim.identifiers import guid
from armsim.network.documents import LOAD_BALANCER, NIC, PUBLIC_IP, Body, Document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from armsim.world.model import Vm, World

IP_CONFIGURATION = "ipconfig1"


def add_nics(world: World, vm: Vm, nic_ids: Sequence[str]) -> None:
    """Add the network interfaces of a VM, the primary one first, with its public address where it has one."""
    for number, nic_id in enumerate(nic_ids):
        nic = _add_nic(world, vm, nic_id, primary=number == 0)
        if number == 0 and vm.spec.public_address:
            _add_address(world, vm, nic)


def _add_nic(world: World, vm: Vm, nic_id: str, primary: bool) -> Document:
    number, network = len(world.network.nics), f"{world.group_id(vm.spec.group)}/providers/Microsoft.Network"
    properties: Body = {
        "subnet": {"id": f"{network}/virtualNetworks/vnet/subnets/default"},
        "privateIPAddress": f"10.0.{number // 250}.{number % 250 + 4}",
        "privateIPAllocationMethod": "Dynamic",
        "privateIPAddressVersion": "IPv4",
        "primary": True,
    }
    mac = guid("mac", nic_id).replace("-", "")[:6].upper()
    body: Body = {
        "tags": dict(vm.spec.tags),
        "properties": {
            "ipConfigurations": [{"name": IP_CONFIGURATION, "properties": properties}],
            "macAddress": f"00-0D-3A-{mac[:2]}-{mac[2:4]}-{mac[4:]}",
            "primary": primary,
            "enableAcceleratedNetworking": False,
            "enableIPForwarding": False,
        },
    }
    name, group = nic_id.rpartition("/")[2], nic_id.split("/")[4]
    ordinal = world.next_ordinal()
    nic = Document(NIC, name, group, vm.spec.location, id=nic_id, ordinal=ordinal, body=body, owner=vm.spec.id)
    world.network.add(nic)
    return nic


def _add_address(world: World, vm: Vm, nic: Document) -> None:
    """Add the public address of a VM, which goes with it, to its network interface."""
    configuration = nic.parts("ipConfigurations")[0]
    name = f"{vm.spec.name}-ip"
    identifier = f"{world.group_id(nic.group)}/providers/{PUBLIC_IP}/{name}"
    body = _address_body(world)
    body["properties"] |= {
        "ipConfiguration": {"id": nic.part_id("ipConfigurations", configuration["name"])},
        "deleteOption": "Delete",
    }
    ordinal, owner = world.next_ordinal(), vm.spec.id
    world.network.add(
        Document(PUBLIC_IP, name, nic.group, vm.spec.location, id=identifier, ordinal=ordinal, body=body, owner=owner)
    )
    configuration["properties"]["publicIPAddress"] = {"id": identifier}


def add_load_balancer(world: World, group: str, location: str, name: str, properties: dict[str, Any]) -> None:
    """Add a load balancer: a public address for every frontend, the NICs of scale sets in its pools.

    A pool is a list of scale sets, or an object: of scale sets, of the VMs that are in it by their IP address, and of
    administrative states by the names of VMs. Without an `sku` it is Standard.
    """
    start = f"{world.group_id(group)}/providers"
    identifier = f"{start}/{LOAD_BALANCER}/{name}"
    frontends = [
        _frontend(world, group, location, f"{name}-{frontend}-ip", name=frontend)
        for frontend in properties.get("frontends", ["loadBalancerFrontEnd"])
    ]
    pools = properties.get("backendPools", {})
    body: Body = {
        "sku": {"name": properties.get("sku", "Standard"), "tier": "Regional"},
        "properties": {
            "frontendIPConfigurations": frontends,
            "backendAddressPools": [{"name": pool, "properties": {}} for pool in pools],
            "inboundNatRules": _rules(identifier, properties.get("natRules", {})),
            "loadBalancingRules": _rules(identifier, properties.get("loadBalancingRules", {})),
            "probes": [_probe(name, port) for name, port in properties.get("probes", {}).items()],
            "outboundRules": _outbound(identifier, properties.get("outboundRules", {})),
            "inboundNatPools": [],
        },
    }
    document = Document(LOAD_BALANCER, name, group, location, id=identifier, ordinal=world.next_ordinal(), body=body)
    world.network.add(document)
    for pool, members in pools.items():
        _fill(world, document, pool, members if isinstance(members, dict) else {"scaleSets": members})
    for rule, entry in properties.get("natRules", {}).items():
        if "vm" in entry:
            nic = _primary_nic(world, group, entry["vm"])
            _refer(nic, "loadBalancerInboundNatRules", document.part_id("inboundNatRules", rule))


def _frontend(world: World, group: str, location: str, address: str, name: str) -> Body:
    identifier = f"{world.group_id(group)}/providers/{PUBLIC_IP}/{address}"
    body = _address_body(world)
    ordinal = world.next_ordinal()
    world.network.add(Document(PUBLIC_IP, address, group, location, id=identifier, ordinal=ordinal, body=body))
    return {
        "name": name,
        "properties": {"publicIPAddress": {"id": identifier}, "privateIPAllocationMethod": "Dynamic"},
    }


def _address_body(world: World) -> Body:
    number = len(world.network.public_ips)
    return {
        "sku": {"name": "Standard", "tier": "Regional"},
        "properties": {
            "publicIPAddressVersion": "IPv4",
            "publicIPAllocationMethod": "Static",
            "idleTimeoutInMinutes": 4,
            "ipAddress": f"203.0.113.{number % 250 + 4}",
            "ipTags": [],
        },
    }


def _rules(load_balancer: str, rules: dict[str, dict[str, Any]]) -> list[Body]:
    """Return rules of their short form: frontend and pool by name, the rest as ARM writes it."""
    bodies = []
    for name, entry in rules.items():
        properties: Body = {"protocol": "Tcp", "idleTimeoutInMinutes": 4, "enableFloatingIP": False}
        properties |= {key: value for key, value in entry.items() if key not in {"frontend", "pool", "vm", "probe"}}
        frontend = entry.get("frontend", "loadBalancerFrontEnd")
        properties["frontendIPConfiguration"] = {"id": f"{load_balancer}/frontendIPConfigurations/{frontend}"}
        if "pool" in entry:
            properties["backendAddressPool"] = {"id": f"{load_balancer}/backendAddressPools/{entry['pool']}"}
        if "probe" in entry:
            properties["probe"] = {"id": f"{load_balancer}/probes/{entry['probe']}"}
        bodies.append({"name": name, "properties": properties})
    return bodies


def _probe(name: str, port: int) -> Body:
    properties = {"protocol": "Tcp", "port": port, "intervalInSeconds": 5, "numberOfProbes": 2, "probeThreshold": 1}
    return {"name": name, "properties": properties}


def _outbound(load_balancer: str, rules: dict[str, dict[str, Any]]) -> list[Body]:
    return [
        {
            "name": name,
            "properties": {
                "protocol": "All",
                "frontendIPConfigurations": [
                    {"id": f"{load_balancer}/frontendIPConfigurations/{entry.get('frontend', 'loadBalancerFrontEnd')}"}
                ],
                "backendAddressPool": {"id": f"{load_balancer}/backendAddressPools/{entry['pool']}"},
            },
        }
        for name, entry in rules.items()
    ]


def _fill(world: World, load_balancer: Document, pool: str, members: dict[str, Any]) -> None:
    group, identifier = load_balancer.group, load_balancer.part_id("backendAddressPools", pool)
    states, addresses = members.get("adminStates", {}), []
    for name in members.get("scaleSets", ()):
        scale_set = world.scale_sets[group.lower(), name.lower()]
        for vm in world.members_of(scale_set.id):
            nic = _primary_nic(world, group, vm.spec.name)
            _refer(nic, "loadBalancerBackendAddressPools", identifier)
            if vm.spec.name in states:
                configuration = nic.part_id("ipConfigurations", IP_CONFIGURATION).lower()
                world.network.admin_states[identifier.lower(), configuration] = states[vm.spec.name]
    for name in members.get("addresses", ()):
        network = f"{world.group_id(group)}/providers/Microsoft.Network/virtualNetworks/vnet"
        properties: Body = {
            "ipAddress": _primary_nic(world, group, name).parts("ipConfigurations")[0]["properties"][
                "privateIPAddress"
            ],
            "virtualNetwork": {"id": network},
            **({"adminState": states[name]} if name in states else {}),
        }
        addresses.append({"name": f"{name}-address", "properties": properties})
    if addresses:
        part = next(one for one in load_balancer.parts("backendAddressPools") if one["name"] == pool)
        part["properties"]["loadBalancerBackendAddresses"] = addresses


def _primary_nic(world: World, group: str, vm: str) -> Document:
    owner = world.vms[group.lower(), vm.lower()].spec.id
    nics = world.network.nics.values()
    return next(nic for nic in nics if nic.owner == owner and nic.body["properties"]["primary"])


def _refer(nic: Document, kind: str, identifier: str) -> None:
    properties = nic.body["properties"]["ipConfigurations"][0]["properties"]
    properties[kind] = [*properties.get(kind, []), {"id": identifier}]
