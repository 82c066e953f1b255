"""From names and ids to scale sets and their instances."""

from __future__ import annotations

from collections import Counter

import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError, ResourceNotFoundError

from armsim import Simulator
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.rate_limits import CONNECTIONS
from azext_flexcompare.arm.scale_sets import Reader
from azext_flexcompare.selection.members import find_members, read_scale_sets
from azext_flexcompare.selection.selection import Choice
from tests.latest.helpers.worlds import many_sets


@pytest.fixture
def reader(azure: Azure) -> Reader:
    return Reader(azure.compute, "restart")


def test_a_set_that_is_named_twice_is_read_once(reader: Reader, sim: Simulator) -> None:
    one = sim.scale_sets["flex"]
    sets, vms = read_scale_sets(reader, Choice(ids=(one, one.upper(), sim.vm_id("lonely"))))
    assert ([found.name for found in sets], vms) == (["flex"], [sim.vm_id("lonely")])
    assert sum(request["method"] == "GET" for request in sim.requests()) == 1


def test_the_ids_of_a_choice_become_its_names(reader: Reader, sim: Simulator) -> None:
    members, named = find_members(reader, Choice(ids=(sim.scale_sets["other"],)))
    assert [one.name for one in members] == sim.names("other")
    assert named.names == tuple(one.id for one in members)


def test_what_is_no_id_is_refused_before_anything_is_read(reader: Reader, sim: Simulator) -> None:
    with pytest.raises(InvalidArgumentValueError):
        find_members(reader, Choice(ids=(sim.scale_sets["flex"], "web")))
    assert sim.requests() == []


def test_many_sets_are_read_by_one_list_and_a_list_of_each_side_by_side(reader: Reader, sim: Simulator) -> None:
    ids = many_sets(sim, 20, latency=0.2)
    members, named = find_members(reader, Choice(ids=ids))
    assert (len(members), named.names) == (40, tuple(one.id for one in members))
    assert Counter(one["action"] for one in sim.requests()) == {"listAllScaleSets": 1, "list": 20}
    assert 4 <= sim.counts()["peakInFlight"] <= CONNECTIONS


def test_reads_side_by_side_are_never_refused(reader: Reader, sim: Simulator) -> None:
    ids = many_sets(sim, 30, limits=True, limits_capacity=0.1)  # 25 reads at once, and 25 more a second
    members, _ = find_members(reader, Choice(ids=ids))
    assert len(members) == 60
    assert [one["status"] for one in sim.requests()] == [200] * 31


def test_every_flexible_set_of_a_group_is_read_by_one_list(
    reader: Reader, sim: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    seen = len(sim.requests())
    members, named = find_members(reader, Choice("rg", all_sets=True))
    assert [one.name for one in members] == sim.names("flex") + sim.names("other")
    assert named.names is None
    assert "Left out, since they are Uniform scale sets: uniform" in caplog.text
    assert [one["action"] for one in sim.requests()[seen:]] == ["listScaleSets", "list", "list"]
    sets, _ = read_scale_sets(reader, Choice("rg", all_sets=True, set_tags=(("ROLE", "cache"),)))
    assert [one.name for one in sets] == ["other"]


def test_every_flexible_set_of_a_subscription_is_read_by_one_list_and_named(
    reader: Reader, sim: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    seen = len(sim.requests())
    members, _ = find_members(reader, Choice(all_sets=True))
    assert [one.name for one in members] == [name for one in ("flex", "other", "flex2") for name in sim.names(one)]
    assert [one["action"] for one in sim.requests()[seen:]] == ["listAllScaleSets", "list", "list", "list"]
    assert f"subscription {sim.subscription}: the scale sets flex (rg), other (rg), flex2 (rg2)" in caplog.text
    with pytest.raises(ResourceNotFoundError, match="The subscription has no Flexible scale set with these tags"):
        read_scale_sets(reader, Choice(all_sets=True, set_tags=(("role", "db"),)))


@pytest.mark.parametrize(("group", "said"), [("nowhere", "nowhere"), ("empty", "empty has no Flexible scale set.")])
def test_a_group_without_a_flexible_set_is_refused(reader: Reader, sim: Simulator, group: str, said: str) -> None:
    sim.reset({"resourceGroups": {"empty": {"scaleSets": {"uniform": {"mode": "Uniform", "instances": 1}}}}})
    with pytest.raises(ResourceNotFoundError, match=said):
        read_scale_sets(reader, Choice(group, all_sets=True))


def test_tags_that_no_set_has_are_named_as_the_reason(reader: Reader) -> None:
    with pytest.raises(ResourceNotFoundError, match="no Flexible scale set with these tags"):
        read_scale_sets(reader, Choice("rg", all_sets=True, set_tags=(("role", "db"),)))
