"""Queries to Azure Resource Graph and its answers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from armsim import Simulator
from armsim.resourcegraph.lexer import read_tokens
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.instances import ScaleSet
from azext_flexcompare.selection import resource_graph
from azext_flexcompare.selection.resource_graph import _instance, instances_in_graph, literal, query
from tests.latest.helpers.factories import WEB, scale_set
from tests.latest.helpers.hostile import OUT, hostile
from tests.latest.helpers.worlds import many_sets


@given(hostile.filter(lambda text: text.isprintable()))
def test_no_name_ends_its_quotation_in_a_query(name: str) -> None:
    [found, end] = read_tokens(literal(name))
    assert (found.kind, found.text, end.kind) == ("string", name, "end")


@pytest.mark.parametrize("name", OUT)
def test_no_known_way_out_ends_its_quotation_in_a_query(name: str) -> None:
    [found, _] = read_tokens(literal(name))
    assert (found.kind, found.text) == ("string", name)


def test_a_query_compares_the_whole_id() -> None:
    assert f"properties.virtualMachineScaleSet.id =~ '{WEB.id}'" in query([WEB])


def test_a_row_becomes_an_instance() -> None:
    view = {"powerState": {"code": "PowerState/running"}, "platformFaultDomain": 2}
    properties = {
        "extended": {"instanceView": view},
        "provisioningState": "Succeeded",
        "hardwareProfile": {"vmSize": "B1"},
    }
    row = {"id": "/vm", "name": "vm", "location": "here", "zones": ["3"], "tags": None, "properties": properties}
    found = _instance(row, WEB)
    assert found[:10] == ("/vm", "vm", WEB, "3", 2, "running", {}, "Succeeded", "B1", "here")


@pytest.mark.parametrize("properties", [None, {}, {"extended": None}, {"extended": {"instanceView": None}}])
def test_what_resource_graph_does_not_know_is_none(properties: dict[str, Any] | None) -> None:
    found = _instance({"id": "/vm", "name": "vm", "location": "here", "properties": properties}, WEB)
    assert (found.zone, found.fault_domain, found.power_state, found.size) == (None, None, None, None)


def test_a_set_is_listed_page_by_page(azure: Azure, flex: ScaleSet, sim: Simulator) -> None:
    client, pages = azure.arm(sim.subscription), []

    class Small:
        """The client, with pages of two rows."""

        def post(self, path: str, body: dict[str, Any]) -> Any:
            pages.append(path)
            return client.post(path, {**body, "options": {**body["options"], "$top": 2}})

    found = instances_in_graph(Small(), [flex])
    assert sorted(one.name for one in found) == sorted(sim.names("flex"))
    assert len(pages) == 3


def test_many_sets_are_asked_for_in_one_query_and_keep_their_order(azure: Azure, sim: Simulator) -> None:
    many_sets(sim, 9)
    sets = [scale_set(f"set{place}", subscription=sim.subscription) for place in (7, 2, 5)]
    found = instances_in_graph(azure.arm(sim.subscription), sets)
    assert [one.scale_set.name for one in found] == ["set7", "set7", "set2", "set2", "set5", "set5"]
    assert len(sim.requests()) == 1


def test_more_queries_than_the_service_takes_are_paced(
    azure: Azure, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    many_sets(sim, 16, limits=True)
    monkeypatch.setattr(resource_graph, "SETS", 1)
    sets = [scale_set(f"set{place}", subscription=sim.subscription) for place in range(16)]
    assert len(instances_in_graph(azure.arm(sim.subscription), sets)) == 32
    assert [one["status"] for one in sim.requests()] == [200] * 16
