"""Listings in place of polls."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from azext_flexcompare.scheduler.list_poll import GROWTH, INTERVAL, TARGETS_PER_REQUEST, ListSchedule
from azext_flexcompare.scheduler.poll_interval import MIN_SAMPLES, PollInterval
from azext_flexcompare.scheduler.poller import Acceptance, Poll
from azext_flexcompare.scheduler.rate_limiter import UNLIMITED, Bucket
from azext_flexcompare.scheduler.state import RateLimitGroup, TargetState


class Pages:
    """A listing of three requests, which finds every second target."""

    def requests(self) -> int:
        return 3

    def find_ended(self, targets: Sequence[str]) -> list[int]:
        return list(range(0, len(targets), 2))


class Going:
    """A poller of an operation that goes on."""

    acceptance = Acceptance(Poll(done=False))

    def poll(self) -> Poll:
        return Poll(done=False)


def states(names: str) -> list[TargetState[str]]:
    group = RateLimitGroup[str](Bucket(UNLIMITED), Bucket(UNLIMITED))
    return [TargetState(name, index, group, poller=Going()) for index, name in enumerate(names)]


@pytest.fixture
def schedule() -> ListSchedule[str]:
    return ListSchedule(Pages(), PollInterval())


def test_a_listing_replaces_polls_where_it_takes_fewer_requests(schedule: ListSchedule[str]) -> None:
    assert not schedule.replaces_polls(3 * TARGETS_PER_REQUEST - 1)
    assert schedule.replaces_polls(3 * TARGETS_PER_REQUEST)


def test_a_listing_replaces_no_poll_once_durations_are_known() -> None:
    interval = PollInterval()
    schedule = ListSchedule(Pages(), interval)
    for _ in range(MIN_SAMPLES):
        interval.learn(5.0, ())
    assert interval.has_estimate
    assert not schedule.replaces_polls(1000)


def test_without_a_listing_there_are_only_polls() -> None:
    schedule = ListSchedule[str](None, PollInterval())
    assert not schedule.replaces_polls(1000)
    assert schedule.requests() == 0


def test_the_first_listing_is_an_interval_after_the_first_send(schedule: ListSchedule[str]) -> None:
    schedule.start(100.0)
    schedule.start(500.0)
    assert schedule.wait(100.0) == INTERVAL


@pytest.mark.parametrize(("age", "wait"), [(0.0, INTERVAL), (100.0, 100 * GROWTH)])
def test_the_interval_grows_with_the_age_of_the_run(schedule: ListSchedule[str], age: float, wait: float) -> None:
    schedule.found([], age, now=1000.0)
    assert schedule.wait(1000.0) == wait


def test_a_listing_finds_targets_by_their_place(schedule: ListSchedule[str]) -> None:
    listed = states("abcd")
    answer = schedule.listing(listed)()
    assert [state.target for state in schedule.found(answer, 1.0, now=1.0)] == ["a", "c"]


def test_a_target_that_was_not_accepted_is_not_listed(schedule: ListSchedule[str]) -> None:
    first, second = states("ab")
    first.poller = None
    answer = schedule.listing([first, second])()
    assert schedule.found(answer, 1.0, now=1.0) == [second]


def test_a_listing_that_fails_is_not_repeated(schedule: ListSchedule[str]) -> None:
    schedule.listing(states("ab"))
    assert schedule.found(PermissionError("no"), 1.0, now=1.0) == []
    assert not schedule.replaces_polls(1000)
