"""Details of instances."""

from __future__ import annotations

from types import SimpleNamespace as Bag
from typing import Any

import pytest

from armsim import Simulator
from azext_flexcompare.nat_rules import details
from azext_flexcompare.selection.choose import choose
from azext_flexcompare.selection.selection import Choice
from tests.latest.helpers.network import reset_to_addresses


def test_what_is_not_known_of_the_guest_is_null() -> None:
    nothing = {"vmAgent": None, "applicationHealth": None}
    empty = Bag(vm_agent=Bag(statuses=[]), vm_health=Bag(status=None))
    assert details._health(None) == details._health(empty) == nothing
    assert details._computer_name(Bag(instance_view=None, os_profile=None)) is None
    assert details._computer_name(Bag(instance_view=Bag(computer_name="x"), os_profile=None)) == "x"


def test_each_row_keeps_its_own_fields(cli_ctx: Any, sim: Simulator) -> None:
    names = reset_to_addresses(sim)
    chosen = choose(cli_ctx, "list-instances", Choice("rg", "flex", names=(names[5], names[3])))
    rows = details.add_details(cli_ctx, chosen, [{"instance": one.name} for one in chosen])
    assert [(row["instance"], row["priority"], row["latestModelApplied"]) for row in rows] == [
        (names[5], "Spot", True),
        (names[3], "Regular", False),
    ]


def test_a_list_that_may_not_be_read_leaves_the_rest(
    cli_ctx: Any, sim: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    sim.add_fault({"action": "nic-list", "fault": {"status": 403, "code": "AuthorizationFailed"}})
    chosen = choose(cli_ctx, "list-instances", Choice("rg", "flex"))
    rows = details.add_details(cli_ctx, chosen, [{} for _ in chosen])
    assert {(row["privateIps"], row["vmAgent"]) for row in rows} == {(None, "Ready")}
    assert "could not be read" in caplog.text
