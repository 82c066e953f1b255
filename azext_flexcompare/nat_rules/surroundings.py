"""The network around instances, read by a list of each kind of resource in each resource group that has one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.network import list_resources, nic_ids
from azext_flexcompare.arm.network_bodies import Body
from azext_flexcompare.instances import Instance, last_name
from azext_flexcompare.nat_rules.addresses import Surroundings, configurations_of, public_address_ids
from azext_flexcompare.selection.choose import choose
from azext_flexcompare.selection.resource_graph import as_read, resources_in_graph
from azext_flexcompare.selection.selection import Choice

COMPUTE = "compute"  # the source that every command reads where it may; the providers are asked themselves
LISTS: dict[str, Callable[[Azure, Iterable[str], str], dict[str, Body]]] = {
    COMPUTE: list_resources,
    "resource-graph": resources_in_graph,
}
PARTS = ("ipConfigurations", "frontendIPConfigurations", "backendAddressPools", "inboundNatRules")


def read_surroundings(
    azure: Azure, instances: Sequence[Instance], *, balanced: bool = True, source: str = COMPUTE
) -> Surroundings:
    """Read the network interfaces of instances, their load balancers if these matter, and the public addresses."""
    list_them = LISTS[source]
    nics = list_nics_around(azure, instances, source)
    balancers = {lb for one in instances for each in configurations_of(one, nics) for lb in each.load_balancers}
    found = list_them(azure, balancers, "listing the load balancers") if balanced else {}
    used = _only(found, balancers)
    addresses = [
        *public_address_ids(nics.values(), "ipConfigurations"),
        *public_address_ids(used.values(), "frontendIPConfigurations"),
    ]
    listed = list_them(azure, addresses, "listing the public addresses")
    return Surroundings(nics, used, _only(listed, addresses))


def choose_around(cli_ctx: Any, command: str, choice: Choice, source: str) -> list[Instance]:
    """Choose instances with the references to their network interfaces, from a source."""
    chosen = choose(cli_ctx, command, choice, source)
    return chosen if source == COMPUTE else [as_read(one) for one in chosen]


def list_nics_around(azure: Azure, instances: Sequence[Instance], source: str = COMPUTE) -> dict[str, Body]:
    """List the network interfaces of instances, by id in lower case."""
    ids = [nic for one in instances for nic, _ in nic_ids(one)]
    return _only(LISTS[source](azure, ids, "listing the network interfaces"), ids)


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
