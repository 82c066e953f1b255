"""The states of instances, read without models."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier

import pytest

from armsim import Simulator
from azext_flexcompare.arm import member_states
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.member_states import (
    each_page_of_states,
    list_pages,
    list_states,
    note_pages,
    read_states,
    side_by_side,
)
from azext_flexcompare.instances import Instance, ScaleSet

Members = Callable[[], list[Instance]]


@pytest.fixture(autouse=True)
def _nothing_known_of_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(member_states, "_PAGES", {})


def test_the_size_of_a_list_is_guessed_and_then_known(azure: Azure, sim: Simulator, flex: ScaleSet) -> None:
    sim.reset(vms=210)
    assert (list_pages(flex, 6), list_pages(flex, 210)) == (1, 3)
    assert sum(len(page) for page in each_page_of_states(azure, flex)) == 210
    assert list_pages(flex, 6) == list_pages(flex, 210) == 5
    note_pages(flex, 0)
    assert list_pages(flex, 210) == 1


def test_a_list_is_read_no_further_than_the_wanted_instances(
    azure: Azure, sim: Simulator, flex: ScaleSet, members: Members
) -> None:
    sim.reset(vms=210)
    chosen = members()
    asked = len(sim.requests())
    states = list_states(azure, flex, [one.id for one in chosen[:60]])
    assert list(states) == [one.id for one in chosen[:60]]
    assert len(sim.requests()) - asked == 2


def test_states_are_the_same_by_the_list_and_one_by_one(azure: Azure, flex: ScaleSet, members: Members) -> None:
    chosen = members()
    listed = list_states(azure, flex, [one.id for one in chosen])
    assert listed == read_states(azure, chosen)
    first = listed[chosen[0].id]
    assert (first.provisioning_state, first.vm_id, first.is_in_transition) == ("Succeeded", chosen[0].vm_id, False)
    assert len(first.times) == 1


def test_an_instance_that_is_gone_has_no_state(azure: Azure, sim: Simulator, members: Members) -> None:
    chosen = members()
    sim.remove_vm(chosen[0].name)
    assert list(read_states(azure, chosen)) == [one.id for one in chosen[1:]]


def test_a_few_are_read_at_once_and_stay_in_order() -> None:
    together = Barrier(3, timeout=20)
    assert side_by_side(lambda one: (together.wait() and one) or one, [3, 1, 2]) == [3, 1, 2]
    assert side_by_side(str, [5]) == ["5"]
    assert side_by_side(str, []) == []
