"""From names and ids to scale sets and their instances."""

from __future__ import annotations

import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError, ValidationError

from armsim import Simulator
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.scale_sets import Reader
from azext_flexcompare.selection.members import find_members, read_scale_sets
from azext_flexcompare.selection.selection import Choice


@pytest.fixture
def reader(azure: Azure) -> Reader:
    return Reader(azure.compute, "restart")


def test_a_set_that_is_named_twice_is_read_once(reader: Reader, sim: Simulator) -> None:
    one = sim.scale_sets["flex"]
    sets, vms = read_scale_sets(reader, Choice(ids=(one, one.upper(), sim.vm_id("lonely"))))
    assert ([found.name for found in sets], vms) == (["flex"], [sim.vm_id("lonely")])
    assert sum(request["method"] == "GET" for request in sim.requests()) == 2


def test_the_ids_of_a_choice_become_its_names(reader: Reader, sim: Simulator) -> None:
    members, named = find_members(reader, Choice(ids=(sim.scale_sets["other"],)))
    assert [one.name for one in members] == sim.names("other")
    assert named.names == tuple(one.id for one in members)


def test_many_ids_of_one_set_cost_two_requests_and_none_of_the_set(reader: Reader, sim: Simulator) -> None:
    ids = tuple(sim.vm_id(name) for name in sim.names("flex"))
    members, _ = find_members(reader, Choice(ids=ids))
    assert len(members) == len(ids)
    assert [one["action"] for one in sim.requests()].count("get") == 1
    assert len(sim.requests()) == 2


def test_a_machine_without_a_set_is_refused_by_its_id(reader: Reader, sim: Simulator) -> None:
    with pytest.raises(ValidationError, match=sim.vm_id("lonely")):
        find_members(reader, Choice(ids=(sim.vm_id("lonely"),)))


def test_what_is_no_id_is_refused_before_anything_is_read(reader: Reader, sim: Simulator) -> None:
    with pytest.raises(InvalidArgumentValueError):
        find_members(reader, Choice(ids=(sim.scale_sets["flex"], "web")))
    assert sim.requests() == []
