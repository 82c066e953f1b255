"""Scale sets that are named by name or id."""

from __future__ import annotations

from collections import Counter

import pytest
from azure.cli.core.azclierror import ResourceNotFoundError, ValidationError

from armsim import Simulator
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.scale_sets import Reader
from azext_flexcompare.selection.members import find_members
from azext_flexcompare.selection.named_sets import MANY
from azext_flexcompare.selection.selection import Choice
from tests.latest.helpers.worlds import many_sets


@pytest.fixture
def reader(azure: Azure) -> Reader:
    return Reader(azure.compute, "restart")


def test_the_first_set_that_cannot_be_read_is_the_error(reader: Reader, sim: Simulator) -> None:
    ids = many_sets(sim, 20)
    gone = [f"{one}-gone" for one in ids[3:5]]
    with pytest.raises(ResourceNotFoundError, match="set3-gone"):
        find_members(reader, Choice(ids=(*ids[:3], *gone, *ids[5:])))


@pytest.mark.parametrize(
    ("group", "name", "nearest"),
    [
        ("rg", "flx", "The nearest scale sets in rg are: flex"),
        ("RG", "othre", "The nearest scale sets in RG are: other"),
        ("rgg", "flex", "A scale set called flex is in: "),
        ("rgg", "nothing", "The nearest resource groups with scale sets are: "),
    ],
)
def test_an_unknown_set_is_reported_with_what_is_near(group: str, name: str, nearest: str, reader: Reader) -> None:
    with pytest.raises(ResourceNotFoundError) as refused:
        find_members(reader, Choice(group, name))
    assert refused.value.recommendations[0].startswith(nearest)


def test_an_unknown_set_is_reported_where_nothing_may_be_listed(reader: Reader, sim: Simulator) -> None:
    sim.add_fault({"action": "listAllScaleSets", "fault": {"status": 403}})
    with pytest.raises(ResourceNotFoundError):
        find_members(reader, Choice("rg", "flx"))


def test_an_unknown_set_is_reported_where_the_list_has_no_end(reader: Reader, sim: Simulator) -> None:
    link = f"{sim.url}/subscriptions/{sim.subscription}/providers/Microsoft.Compute/virtualMachineScaleSets"
    members = {"value": [], "nextLink": f"{link}?api-version=2024-11-01"}
    sim.add_fault({"action": "listAllScaleSets", "fault": {"kind": "answer", "members": members}})
    with pytest.raises(ResourceNotFoundError):
        find_members(reader, Choice("rg", "flx"))


def read_of(sim: Simulator) -> Counter[str]:
    return Counter(one["action"] for one in sim.requests() if one["action"] != "list")


def test_few_sets_are_read_by_themselves_and_many_by_one_list(reader: Reader, sim: Simulator) -> None:
    ids = many_sets(sim, MANY)
    find_members(reader, Choice(ids=ids[1:]))
    assert read_of(sim) == {"scaleSet": MANY - 1}
    many_sets(sim, MANY)
    members, _ = find_members(reader, Choice(ids=ids))
    assert read_of(sim) == {"listAllScaleSets": 1}
    assert list(dict.fromkeys(one.scale_set.id for one in members)) == list(ids)


def test_a_list_of_many_other_sets_is_not_read_to_its_end(reader: Reader, sim: Simulator) -> None:
    ids = many_sets(sim, 40, page_size=5)
    find_members(reader, Choice(ids=ids[3 : 3 + MANY]))
    assert read_of(sim) == {"listAllScaleSets": 1, "scaleSet": MANY - 2}


def test_sets_that_may_not_be_listed_are_read_by_themselves(reader: Reader, sim: Simulator) -> None:
    ids = many_sets(sim, MANY)
    sim.add_fault({"action": "listAllScaleSets", "fault": {"status": 403}})
    members, _ = find_members(reader, Choice(ids=ids))
    assert len(members) == 2 * MANY
    assert read_of(sim) == {"listAllScaleSets": 1, "scaleSet": MANY}


def test_a_uniform_set_among_many_is_refused(reader: Reader, sim: Simulator) -> None:
    scale_sets = {f"set{one}": {"mode": "Flexible" if one else "Uniform", "instances": 1} for one in range(MANY)}
    sim.reset(world={"resourceGroups": {"rg": {"scaleSets": scale_sets}}})
    with pytest.raises(ValidationError, match="set0 is a Uniform scale set"):
        find_members(reader, Choice(ids=tuple(sim.scale_sets.values())))
