"""The scale sets of VMs that are named by id."""

from __future__ import annotations

from collections import Counter

import pytest
from azure.cli.core.azclierror import AzureResponseError, ValidationError

from armsim import Simulator
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.scale_sets import Reader
from azext_flexcompare.selection.members import find_members
from azext_flexcompare.selection.selection import Choice
from tests.latest.helpers.worlds import many_sets


@pytest.fixture
def reader(azure: Azure) -> Reader:
    return Reader(azure.compute, "restart")


def test_many_ids_of_one_set_cost_two_requests_and_none_of_the_set(reader: Reader, sim: Simulator) -> None:
    ids = tuple(sim.vm_id(name) for name in sim.names("flex"))
    members, _ = find_members(reader, Choice(ids=ids))
    assert len(members) == len(ids)
    assert [one["action"] for one in sim.requests()].count("get") == 1
    assert len(sim.requests()) == 2


def test_a_machine_without_a_set_is_refused_by_its_id(reader: Reader, sim: Simulator) -> None:
    with pytest.raises(ValidationError, match=sim.vm_id("lonely")):
        find_members(reader, Choice(ids=(sim.vm_id("lonely"),)))


def test_vms_that_may_not_be_listed_are_read_one_by_one(reader: Reader, sim: Simulator) -> None:
    for action in ("scaleSet", "list"):
        sim.add_fault({"action": action, "fault": {"status": 403}})
    ids = tuple(sim.vm_id(name) for name in reversed(sim.names("flex")[:3]))
    members, named = find_members(reader, Choice(ids=ids))
    assert {one.id.lower() for one in members} == {one.lower() for one in ids}
    assert named.names == ids
    assert {one.scale_set.name for one in members} == {"flex"}


def test_any_other_refusal_of_the_list_is_an_error(reader: Reader, sim: Simulator) -> None:
    sim.add_fault({"action": "list", "fault": {"status": 400, "code": "Bad"}})
    with pytest.raises(AzureResponseError, match="Bad"):
        find_members(reader, Choice(ids=(sim.vm_id(sim.names("flex")[0]),)))


def ids_of(sim: Simulator) -> tuple[str, ...]:
    return tuple(sim.vm_id(name) for scale_set in sim.scale_sets for name in sim.names(scale_set))


def test_the_sets_of_many_vms_are_found_side_by_side_with_two_requests_each(reader: Reader, sim: Simulator) -> None:
    many_sets(sim, 20, latency=0.1)
    members, named = find_members(reader, Choice(ids=ids_of(sim)))
    assert (len(members), named.names) == (40, ids_of(sim))
    assert Counter(one["action"] for one in sim.requests()) == {"get": 20, "list": 20}
    assert sim.counts()["peakInFlight"] >= 4


def test_vms_of_many_sets_are_read_without_a_429(reader: Reader, sim: Simulator) -> None:
    many_sets(sim, 20, limits=True, limits_capacity=0.08)
    members, _ = find_members(reader, Choice(ids=ids_of(sim)))
    assert len(members) == 40
    assert {one["status"] for one in sim.requests()} == {200}


def test_vms_of_many_sets_that_may_not_be_listed_are_read_side_by_side(reader: Reader, sim: Simulator) -> None:
    many_sets(sim, 10, instances=4, latency=0.1)
    sim.add_fault({"action": "list", "fault": {"status": 403}})
    members, named = find_members(reader, Choice(ids=ids_of(sim)))
    assert (len(members), named.names) == (40, ids_of(sim))
    assert Counter(one["action"] for one in sim.requests()) == {"get": 40, "list": 10}
    assert sim.counts()["peakInFlight"] >= 10


def test_of_vms_with_names_of_their_own_few_are_read_before_their_set_is_listed(reader: Reader, sim: Simulator) -> None:
    names = ["anna", "bert", "carl", "dora", "emil", "fritz", "gustav", "hans"]
    scale_sets = {"flex": {"mode": "Flexible", "instances": names}}
    sim.reset(world={"resourceGroups": {"rg": {"scaleSets": scale_sets}}})
    members, _ = find_members(reader, Choice(ids=ids_of(sim)))
    assert len(members) == len(names)
    assert Counter(one["action"] for one in sim.requests()) == {"get": 2, "list": 1}


def test_the_vms_that_are_in_no_set_are_named_in_their_order(reader: Reader, sim: Simulator) -> None:
    gone = tuple(f"{sim.vm_id('lonely')}{end}" for end in ("_b", "_a"))
    with pytest.raises(ValidationError) as refused:
        find_members(reader, Choice(ids=(gone[0], sim.vm_id(sim.names("flex")[0]), sim.vm_id("lonely"), gone[1])))
    assert str(refused.value).endswith(f": {gone[0]}, {sim.vm_id('lonely')}, {gone[1]}")
