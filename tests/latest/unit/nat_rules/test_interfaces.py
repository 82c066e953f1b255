"""Network interfaces and addresses of chosen instances."""

from __future__ import annotations

from typing import Any

import pytest
from azure.cli.core.azclierror import RequiredArgumentMissingError, ResourceNotFoundError

from armsim import Simulator
from azext_flexcompare.nat_rules.interfaces import (
    connection_info,
    keys_of,
    list_nics_of,
    list_public_ips,
    require_names,
    show_nic,
)
from azext_flexcompare.selection.selection import Choice
from tests.latest.helpers.factories import DB, instance
from tests.latest.helpers.network import reset_to_addresses

FLEX = Choice("rg", "flex")
SET = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachineScaleSets/web"


def test_names_that_two_instances_share_are_told_apart_by_their_groups() -> None:
    one, other, another = instance("a"), instance("A", DB), instance("b")
    assert list(keys_of([one, other, another]).values()) == ["a.rg", "A.db-rg", "b"]


@pytest.mark.parametrize(
    "choice", [Choice("rg", "web"), Choice(ids=(SET,)), Choice(ids=(SET, f"{SET}/virtualMachines/a"))]
)
def test_instances_are_to_be_named(choice: Choice) -> None:
    with pytest.raises(RequiredArgumentMissingError):
        require_names("nic show", choice)


def test_an_interface_is_found_by_its_name_among_those_of_named_instances(cli_ctx: Any, sim: Simulator) -> None:
    names = reset_to_addresses(sim)
    choice = FLEX._replace(names=(names[2], names[0]))
    rows = list_nics_of(cli_ctx, choice)
    assert [row["instance"] for row in rows] == [names[2], names[2], names[0]]
    assert show_nic(cli_ctx, choice, rows[2]["name"]) == rows[2]
    with pytest.raises(ResourceNotFoundError, match="called other"):
        show_nic(cli_ctx, choice, "other")


def test_an_instance_without_a_public_address_has_no_row(cli_ctx: Any, sim: Simulator) -> None:
    names = reset_to_addresses(sim)
    assert [row["instance"] for row in list_public_ips(cli_ctx, FLEX)] == [names[1], names[5]]


def test_an_endpoint_is_under_the_name_that_az_vmss_would_give_it(cli_ctx: Any, sim: Simulator) -> None:
    names = reset_to_addresses(sim)
    assert list(connection_info(cli_ctx, FLEX._replace(names=(names[0],)))) == [f"instance {names[0]}"]
    sim.reset(vms=0)
    assert connection_info(cli_ctx, FLEX) == {}
