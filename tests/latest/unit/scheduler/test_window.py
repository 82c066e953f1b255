"""The arithmetic of a rolling window, by itself."""

from __future__ import annotations

import random

import pytest

from azext_flexcompare.scheduler.window import Window


def test_no_more_begin_than_the_budget_allows() -> None:
    window = Window({"set": 2})
    for member in "ab":
        assert window.may_begin("set", member)
        window.begin("set", member, 1.0)
    assert not window.may_begin("set", "c")
    window.end("set", "a", 2.0, available=True)
    assert window.may_begin("set", "c")


def test_each_group_has_a_budget_of_its_own() -> None:
    window = Window({"web": 1, "db": 1})
    window.begin("web", "a", 1.0)
    assert not window.may_begin("web", "b")
    assert window.may_begin("db", "c")


def test_what_was_unavailable_before_counts_and_may_begin_itself() -> None:
    window = Window({"set": 1})
    window.see({"set": ["x", "y"]}, 0.0)
    assert not window.may_begin("set", "a")
    assert window.may_begin("set", "x")
    window.begin("set", "x", 1.0)
    window.end("set", "x", 2.0, available=True)
    assert not window.may_begin("set", "a")  # y is unavailable


def test_one_that_failed_counts_until_a_later_view_shows_that_it_is_available() -> None:
    window = Window({"set": 1})
    window.begin("set", "a", 1.0)
    window.end("set", "a", 3.0, available=False)
    window.see({"set": []}, 2.0)  # the view began before the end
    assert not window.may_begin("set", "b")
    window.see({"set": []}, 4.0)
    assert window.may_begin("set", "b")


@pytest.mark.parametrize("began", [0.5, 1.0, 9.0])
def test_a_view_tells_nothing_of_one_whose_turn_it_is(began: float) -> None:
    window = Window({"set": 1})
    window.begin("set", "a", 1.0)
    window.see({"set": []}, began)
    assert not window.may_begin("set", "b")


def test_an_old_view_does_not_make_one_unavailable_again() -> None:
    window = Window({"set": 1})
    window.begin("set", "a", 1.0)
    window.end("set", "a", 3.0, available=True)
    window.see({"set": ["a"]}, 2.0)
    assert window.may_begin("set", "b")


def test_a_window_is_settled_once_a_view_is_newer_than_every_turn() -> None:
    window = Window({"set": 1})
    window.see({}, 0.0)
    assert window.is_settled()
    window.begin("set", "a", 1.0)
    assert not window.is_settled()
    window.end("set", "a", 2.0, available=False)
    assert not window.is_settled()
    window.see({"set": ["a"]}, 3.0)
    assert window.is_settled()


@pytest.mark.parametrize("seed", range(20))
def test_whatever_happens_the_budget_is_kept(seed: int) -> None:
    """Members begin, end well or badly, and are seen; a model beside it knows the truth."""
    chance = random.Random(seed)  # noqa: S311  (not for secrets)
    members, budget = range(12), 3
    down = set(chance.sample(members, chance.randint(0, 2)))
    window = Window({0: budget})
    window.see({0: down}, 0.0)
    turns = set[int]()
    for now in range(1, 400):
        member = chance.choice(members)
        if member in turns and chance.random() < 0.5:
            turns.discard(member)
            well = chance.random() < 0.7
            (down.discard if well else down.add)(member)
            window.end(0, member, float(now), available=well)
        elif member not in turns and window.may_begin(0, member):
            turns.add(member)
            down.add(member)
            window.begin(0, member, float(now))
        elif chance.random() < 0.2:
            window.see({0: {one for one in down if one not in turns}}, float(now))
        assert len(down) <= budget
