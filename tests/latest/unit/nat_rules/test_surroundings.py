"""Reading the network around instances."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from azure.cli.core.azclierror import AzCLIError

from armsim import Simulator
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.instances import Instance
from azext_flexcompare.nat_rules.surroundings import choose_around, read_surroundings, with_parts
from azext_flexcompare.selection.selection import Choice
from tests.latest.helpers.network import reset_to_addresses

Members = Callable[[], list[Instance]]


def test_each_kind_is_listed_once_in_each_group_that_has_one(azure: Azure, members: Members, sim: Simulator) -> None:
    names = reset_to_addresses(sim)
    instances = members()
    before = len(sim.requests())
    found = read_surroundings(azure, instances)
    counts = Counter((one["action"], one["path"].split("/")[4].lower()) for one in sim.requests()[before:])
    kinds = [("nic-list", "rg"), ("nic-list", "net"), ("lb-list", "rg"), ("public-ip-list", "rg")]
    assert counts == dict.fromkeys([*kinds, ("public-ip-list", "net")], 1)
    assert len(found.nics) == len(names) + 1  # one has two; those of other machines are left out
    assert [one.rpartition("/")[2] for one in found.load_balancers] == ["flex-lb"]


def test_load_balancers_are_not_read_where_they_do_not_matter(azure: Azure, members: Members, sim: Simulator) -> None:
    found = read_surroundings(azure, members(), balanced=False)
    assert (found.load_balancers, found.addresses) == ({}, {})
    assert {"lb-list", "public-ip-list"}.isdisjoint(one["action"] for one in sim.requests())


def test_resource_graph_takes_one_query_for_each_kind_and_finds_the_same(
    cli_ctx: Any, azure: Azure, members: Members, sim: Simulator
) -> None:
    reset_to_addresses(sim)
    lists = read_surroundings(azure, members())
    before = len(sim.requests())
    chosen = choose_around(cli_ctx, "nic list", Choice("rg", "flex"), "resource-graph")
    found = read_surroundings(azure, chosen, source="resource-graph")
    assert Counter(one["action"] for one in sim.requests()[before:]) == {"scaleSet": 1, "arg": 4}
    for of_graph, of_lists in zip(found, lists, strict=True):
        assert of_graph.keys() == of_lists.keys()
        for id_, body in of_lists.items():
            named = {name: body.get(name) for name in ("id", "name", "type", "location", "properties")}
            assert {name: of_graph[id_].get(name) for name in named} == named


def test_a_query_that_is_refused_is_an_error_that_names_the_source(
    azure: Azure, members: Members, sim: Simulator
) -> None:
    sim.add_fault({"action": "arg", "fault": {"status": 403, "code": "AuthorizationFailed", "message": "No."}})
    with pytest.raises(AzCLIError, match="network interfaces in Resource Graph"):
        read_surroundings(azure, members(), source="resource-graph")


def test_a_list_that_may_not_be_read_is_an_error_that_names_it(azure: Azure, members: Members, sim: Simulator) -> None:
    sim.add_fault({"action": "lb-list", "fault": {"status": 403, "code": "AuthorizationFailed", "message": "No."}})
    with pytest.raises(AzCLIError, match="listing the load balancers"):
        read_surroundings(azure, members())


def test_a_part_that_is_none_is_left_out_and_what_it_lacks_is_empty() -> None:
    assert with_parts({"id": "n", "properties": None})["properties"]["ipConfigurations"] == []
    parts = [None, {"name": "x"}, {"id": "/a/one"}, {"id": "/a/b", "name": "two", "properties": {"c": 1}}]
    found = with_parts({"id": "n", "properties": {"inboundNatRules": parts, "kept": 1}})["properties"]
    assert found["kept"] == 1
    assert found["inboundNatRules"] == [
        {"id": "/a/one", "name": "one", "properties": {}},
        {"id": "/a/b", "name": "two", "properties": {"c": 1}},
    ]
