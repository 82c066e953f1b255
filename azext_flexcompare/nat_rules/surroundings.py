"""The network around instances, read by a list of each kind of resource in each resource group that has one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.network import list_resources, nic_ids, read_nics
from azext_flexcompare.arm.network_bodies import Body
from azext_flexcompare.instances import Instance, last_name
from azext_flexcompare.nat_rules.addresses import Surroundings, configurations_of, public_address_ids

PARTS = ("ipConfigurations", "frontendIPConfigurations", "backendAddressPools", "inboundNatRules")


def read_surroundings(azure: Azure, instances: Sequence[Instance], *, balanced: bool = True) -> Surroundings:
    """Read the network interfaces of instances, their load balancers if these matter, and the public addresses."""
    nics = _only(read_nics(azure, instances), (nic for one in instances for nic, _ in nic_ids(one)))
    balancers = {lb for one in instances for each in configurations_of(one, nics) for lb in each.load_balancers}
    found = list_resources(azure, balancers, "listing the load balancers") if balanced else {}
    used = _only(found, balancers)
    addresses = [
        *public_address_ids(nics.values(), "ipConfigurations"),
        *public_address_ids(used.values(), "frontendIPConfigurations"),
    ]
    listed = list_resources(azure, addresses, "listing the public addresses")
    return Surroundings(nics, used, _only(listed, addresses))


def _only(bodies: dict[str, Body], ids: Iterable[str]) -> dict[str, Body]:
    wanted = {one.lower() for one in ids}
    return {key: with_parts(body) for key, body in bodies.items() if key in wanted}


def with_parts(body: Body) -> Body:
    """Return a body whose parts have what their readers rely on: an id, a name and properties; others are left out."""
    properties = dict(body.get("properties") or {})
    for kind in PARTS:
        parts = [one for one in properties.get(kind) or () if isinstance(one, dict) and isinstance(one.get("id"), str)]
        properties[kind] = [
            {"name": last_name(one["id"]), **one, "properties": one.get("properties") or {}} for one in parts
        ]
    return {**body, "properties": properties}
