"""The shares of `--shard i/n`."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_flexcompare.instances import Instance, ResourceId
from azext_flexcompare.selection.shares import share_number, take_share
from tests.latest.helpers.factories import instance

names = st.lists(st.text("abcdefXYZ019_-", min_size=1, max_size=12), unique_by=str.lower, max_size=40)


def shares_of(members: list[Instance], shares: int) -> list[list[Instance]]:
    return [take_share(members, f"{number}/{shares}") for number in range(1, shares + 1)]


@given(names, st.integers(1, 50))
def test_shares_are_disjoint_and_complete_and_keep_the_order(found: list[str], shares: int) -> None:
    members = [instance(name) for name in found]
    parts = shares_of(members, shares)
    assert sorted(one.name for part in parts for one in part) == sorted(found)
    assert all(part == [one for one in members if one in part] for part in parts)


@given(names, names, st.integers(1, 9))
def test_the_share_of_an_instance_does_not_depend_on_the_others(found: list[str], more: list[str], shares: int) -> None:
    alone = [instance(name) for name in found]
    beside = [*(instance(name) for name in more if name.lower() not in map(str.lower, found)), *alone]
    for few, many in zip(shares_of(alone, shares), shares_of(beside, shares), strict=True):
        assert [one for one in many if one in alone] == few


@given(st.text(st.characters(codec="ascii"), max_size=60), st.integers(1, 1000))
def test_the_case_of_an_id_does_not_matter(id_: str, shares: int) -> None:
    assert share_number(id_.upper(), shares) == share_number(id_, shares)
    assert 1 <= share_number(id_, shares) <= shares


@pytest.mark.parametrize(("shares", "number"), [(1, 1), (2, 2), (4, 2), (100, 54)])
def test_a_share_stays_what_it_is_in_every_version(shares: int, number: int) -> None:
    assert share_number(ResourceId("/subscriptions/S/virtualMachines/web_1"), shares) == number


def test_shares_are_about_equal() -> None:
    found = Counter(share_number(f"/subscriptions/s/virtualMachines/web_{number:08x}", 4) for number in range(4000))
    assert all(900 < found[number] < 1100 for number in (1, 2, 3, 4))
