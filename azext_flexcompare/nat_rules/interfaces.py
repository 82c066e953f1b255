"""The commands `nic`, `list-instance-public-ips` and `list-instance-connection-info`.

`az vmss` refuses them for Flexible sets, or asks for them by a path that only Uniform sets have. Their output has the
shape of those commands in azure-cli 2.91.0, with the instance added to each entry of a list.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from azure.cli.core.azclierror import RequiredArgumentMissingError, ResourceNotFoundError
from knack.log import get_logger

from azext_flexcompare.arm.clients import azure_of
from azext_flexcompare.arm.network_bodies import same
from azext_flexcompare.instances import Instance
from azext_flexcompare.nat_rules.addresses import administrative_port, own_nics, public_address_ids, reach_of
from azext_flexcompare.nat_rules.surroundings import COMPUTE, choose_around, list_nics_around, read_surroundings
from azext_flexcompare.output.flat import flatten
from azext_flexcompare.output.messages import first_names
from azext_flexcompare.selection.selection import Choice

Row = dict[str, Any]


def list_nics(cli_ctx: Any, choice: Choice, source: str = COMPUTE, command: str = "nic list") -> list[Row]:
    """List the network interfaces of the chosen instances, in the order chosen."""
    chosen = choose_around(cli_ctx, command, choice, source)
    nics = list_nics_around(azure_of(cli_ctx), chosen, source)
    return [_row(one, nic) for one in chosen for nic in own_nics(one, nics)]


def list_nics_of(cli_ctx: Any, choice: Choice, source: str = COMPUTE) -> list[Row]:
    """List the network interfaces of named instances; raises RequiredArgumentMissingError where none is named."""
    require_names("nic list-vm-nics", choice)
    return list_nics(cli_ctx, choice, source, "nic list-vm-nics")


def show_nic(cli_ctx: Any, choice: Choice, name: str, source: str = COMPUTE) -> Row:
    """Return the network interface of that name; raises ResourceNotFoundError where no named instance has it."""
    require_names("nic show", choice)
    rows = list_nics(cli_ctx, choice, source, "nic show")
    found = next((row for row in rows if same(row["name"], name)), None)
    if found is None:
        raise ResourceNotFoundError(
            f"The named instances have no network interface called {name}.",
            recommendation=f"They have: {first_names([row['name'] for row in rows]) or 'none'}.",
        )
    return found


def list_public_ips(cli_ctx: Any, choice: Choice, source: str = COMPUTE) -> list[Row]:
    """List the public addresses of the chosen instances, without those that have no address yet."""
    chosen = choose_around(cli_ctx, "list-instance-public-ips", choice, source)
    around = read_surroundings(azure_of(cli_ctx), chosen, balanced=False, source=source)
    found = [
        (one, around.addresses.get(id_.lower()))
        for one in chosen
        for id_ in public_address_ids(own_nics(one, around.nics), "ipConfigurations")
    ]
    return [_row(one, body) for one, body in found if body and body["properties"].get("ipAddress")]


def connection_info(cli_ctx: Any, choice: Choice, source: str = COMPUTE) -> dict[str, str]:
    """Return the address and port by which each chosen instance is reached from outside.

    Raises ResourceNotFoundError where none of them is, as the command of `az vmss` does.
    """
    chosen = choose_around(cli_ctx, "list-instance-connection-info", choice, source)
    around = read_surroundings(azure_of(cli_ctx), chosen, source=source)
    keys = keys_of(chosen)
    found = {
        f"instance {keys[one.id]}": reach_of(one, around).public_endpoint(administrative_port(one.resource))
        for one in chosen
    }
    missing = [key.removeprefix("instance ") for key, endpoint in found.items() if endpoint is None]
    if chosen and len(missing) == len(chosen):
        raise ResourceNotFoundError(
            "None of the chosen instances has a NAT rule or a public address.",
            recommendation="`az vmss-flex nat-rule create` creates a rule for each instance.",
        )
    if missing:
        get_logger(__name__).warning(
            "Without a NAT rule of a known port and without a public address: %s", first_names(missing)
        )
    return {key: str(endpoint) for key, endpoint in found.items() if endpoint}


def keys_of(instances: Sequence[Instance]) -> dict[str, str]:
    """Return the name of each instance by its id, with its resource group where another one has the same name."""
    times = Counter(one.name.lower() for one in instances)
    return {
        one.id: f"{one.name}.{one.resource_group}" if times[one.name.lower()] > 1 else one.name for one in instances
    }


def require_names(command: str, choice: Choice) -> None:
    """Raise RequiredArgumentMissingError where no instance is named, which `az vmss` demands too."""
    if not choice.names_instances:
        raise RequiredArgumentMissingError(
            f"{command} is for named instances: --instance-id is missing.",
            recommendation="Name the instances, or use `az vmss-flex nic list` for all of them.",
        )


def _row(instance: Instance, body: Any) -> Row:
    return {"instance": instance.name, "scaleSet": instance.scale_set.name, **flatten(body)}
