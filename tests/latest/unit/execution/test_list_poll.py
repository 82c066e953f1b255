"""Listings of scale sets, and what instances show of their operations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given

from armsim import Simulator
from azext_flexcompare.arm import member_states
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.execution.list_poll import SetListPoll, list_poll_of
from azext_flexcompare.instances import Instance
from azext_flexcompare.planning.work import Skip, Work
from azext_flexcompare.scheduler.list_poll import CHEAP, COSTLY, SHARED, Sightings
from azext_flexcompare.scheduler.poller import Failure, Throttled
from tests.latest.helpers.factories import instance, scale_set
from tests.latest.helpers.hostile import Recorder, hostile

NO_CALL = Skip("It is only read.")
ENDED, BUSY, QUIET = Sightings([0], []), Sightings([], [0]), Sightings([], [])


def works(instances: list[Instance]) -> list[Work]:
    return [Work([one], NO_CALL) for one in instances]


def act(azure: Azure, one: Instance, action: str = "restart") -> None:
    azure.arm(one.subscription).post_answer(f"{one.id}/{action}?api-version=2024-11-01", None)


@given(hostile)
def test_no_name_of_a_set_leaves_the_filter_of_a_listing(name: str) -> None:
    asked = Recorder()
    one = scale_set(name)
    SetListPoll(asked.azure, []).read(works([instance("a", one)]))
    path, query = asked.only()
    assert path[-1] == "virtualMachines"
    assert query == {
        "$filter": "'virtualMachineScaleSet/id' eq '" + one.id.replace("'", "''") + "'",
        "$expand": "instanceView",
        "api-version": "2024-11-01",
    }


def test_an_instance_shows_nothing_then_that_it_is_busy_and_then_the_end_once(
    azure: Azure, members: Callable[[], list[Instance]], sim: Simulator
) -> None:
    sim.configure(seconds=60)
    targets = works(members()[:1])
    list_poll = SetListPoll(azure, targets)
    sights = [list_poll.read(targets)]
    act(azure, targets[0].instances[0])
    sights.append(list_poll.read(targets))
    sim.advance(600)
    sights += [list_poll.read(targets), list_poll.read(targets)]
    assert sights == [QUIET, BUSY, ENDED, QUIET]


def test_an_end_that_came_between_two_listings_is_known_by_its_time(
    azure: Azure, members: Callable[[], list[Instance]], sim: Simulator
) -> None:
    targets = works(members()[:1])
    list_poll = SetListPoll(azure, targets)
    act(azure, targets[0].instances[0])
    sim.advance(600)
    assert list_poll.read(targets) == ENDED


def test_an_instance_that_is_gone_shows_the_end(
    azure: Azure, members: Callable[[], list[Instance]], sim: Simulator
) -> None:
    targets = works(members()[:1])
    sim.remove_vm(targets[0].instances[0].name)
    assert SetListPoll(azure, targets).read(targets) == ENDED


def test_few_instances_of_a_large_set_are_read_by_themselves(
    azure: Azure, members: Callable[[], list[Instance]], sim: Simulator
) -> None:
    sim.reset(vms=210)
    chosen = members()
    few, many = works(chosen[100:103]), works(chosen)
    list_poll = SetListPoll(azure, many)
    asked = len(sim.requests())
    list_poll.read(few)
    list_poll.read(many)
    assert Counter(one["action"] for one in sim.requests()[asked:]) == {"get": 3, "list": 5}
    assert (list_poll.requests(few), list_poll.requests(many)) == (3, 5)
    assert (list_poll.pace(few, 3), list_poll.pace(many, 210)) == (COSTLY, CHEAP)


def test_a_call_for_many_is_watched_through_one_instance(
    azure: Azure, members: Callable[[], list[Instance]], sim: Simulator
) -> None:
    sim.configure(seconds=60)
    group = members()
    target = Work(group, NO_CALL)
    list_poll = SetListPoll(azure, [target])
    assert (list_poll.pace([target], 1), list_poll.requests([target])) == (SHARED, 1)
    for one in group[:-1]:
        act(azure, one)
    asked = len(sim.requests())
    sights = [list_poll.read([target])]
    assert [one["action"] for one in sim.requests()[asked:]] == ["get"]
    sim.advance(600)
    sights.append(list_poll.read([target]))  # the last instance has not begun
    act(azure, group[-1])
    sights.append(list_poll.read([target]))
    sim.advance(600)
    sights.append(list_poll.read([target]))
    assert sights == [BUSY, BUSY, BUSY, ENDED]


@pytest.mark.parametrize(("status", "raised"), [(429, Throttled), (403, Failure)])
def test_a_refused_listing_says_whether_it_may_be_repeated(
    azure: Azure, members: Callable[[], list[Instance]], sim: Simulator, status: int, raised: type[Exception]
) -> None:
    targets = works(members())
    sim.add_fault({"action": "list", "fault": {"status": status}})
    with pytest.raises(raised):
        SetListPoll(azure, targets).read(targets)


def test_calls_of_the_bulk_service_have_no_listings() -> None:
    one = Work([instance("a")], NO_CALL)
    assert list_poll_of(Recorder().azure, [one])
    assert list_poll_of(Recorder().azure, [one._replace(operations=dict)]) is None


@pytest.fixture(autouse=True)
def _nothing_known_of_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(member_states, "_PAGES", {})
