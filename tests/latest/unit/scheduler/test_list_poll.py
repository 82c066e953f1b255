"""Listings in place of polls."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from azext_flexcompare.scheduler.limits import Limits
from azext_flexcompare.scheduler.list_poll import (
    CHEAP,
    GROWTH,
    INTERVAL,
    MOST_FAILURES,
    TARGETS_PER_REQUEST,
    ListSchedule,
    Pace,
    Sightings,
)
from azext_flexcompare.scheduler.poll_interval import MIN_SAMPLES, PollInterval
from azext_flexcompare.scheduler.poller import Acceptance, Poll, Throttled, Unanswered
from azext_flexcompare.scheduler.rate_limiter import UNLIMITED, Bucket, Rate
from azext_flexcompare.scheduler.state import RateLimitGroup, TargetState
from tests.latest.helpers.simulated_time import Clock, SimulatedAzure, run_simulated


class Pages:
    """A listing of three requests, which finds every second target."""

    def requests(self, _: Sequence[str]) -> int:
        return 3

    def pace(self, *_: object) -> Pace:
        return CHEAP

    def read(self, targets: Sequence[str]) -> Sightings:
        return Sightings(range(0, len(targets), 2), range(1, len(targets), 2))


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
    assert schedule.due(states("ab"), 1.0, unsent=0, full=False) == []
    schedule.start(1.0)
    assert schedule.wait(1.0) == float("inf")


def test_the_first_listing_is_an_interval_after_the_first_send(schedule: ListSchedule[str]) -> None:
    schedule.start(100.0)
    schedule.start(500.0)
    assert schedule.wait(100.0) == INTERVAL


@pytest.mark.parametrize(("age", "wait"), [(0.0, INTERVAL), (100.0, 100 * GROWTH)])
def test_the_interval_grows_with_the_age_of_the_run(schedule: ListSchedule[str], age: float, wait: float) -> None:
    schedule.listing(states("a"))
    schedule.found(Sightings([]), age, now=1000.0)
    assert schedule.wait(1000.0) == wait


def test_a_listing_finds_targets_by_their_place(schedule: ListSchedule[str]) -> None:
    answer = schedule.listing(states("abcd"))()
    ended, going = schedule.found(answer, 1.0, now=1.0)
    assert [[state.target for state in found] for found in (ended, going)] == [["a", "c"], ["b", "d"]]


def test_a_target_that_was_not_accepted_is_not_listed(schedule: ListSchedule[str]) -> None:
    listed = states("abcdefghijklm")
    listed[0].poller = None
    assert schedule.due(listed, 1.0, unsent=0, full=False) == listed[1:]


def test_a_target_that_shows_nothing_is_polled_only_if_the_service_allows(schedule: ListSchedule[str]) -> None:
    first, second = states("ab")
    second.learn(Poll(done=False, retry_after=30.0), now=1.0)
    schedule.listing([first, second])
    assert schedule.found(Sightings([]), 1.0, now=2.0) == ([first], [])


def test_a_listing_that_is_refused_is_not_repeated(schedule: ListSchedule[str]) -> None:
    schedule.listing(states("ab"))
    assert schedule.found(PermissionError("no"), 1.0, now=1.0) == ([], [])
    assert not schedule.replaces_polls(1000)


def test_a_listing_without_an_answer_is_repeated_a_few_times(schedule: ListSchedule[str]) -> None:
    schedule.listing(states("ab"))
    for _ in range(MOST_FAILURES - 1):
        schedule.found(Unanswered(), 1.0, now=1.0)
        assert schedule.replaces_polls(1000)
    schedule.found(Unanswered(), 1.0, now=1.0)
    assert not schedule.replaces_polls(1000)


def test_a_throttled_listing_is_repeated_when_the_service_asks(schedule: ListSchedule[str]) -> None:
    schedule.listing(states("ab"))
    schedule.found(Throttled(50.0), 1.0, now=1.0)
    assert schedule.wait(1.0) == 50.0


def test_a_listing_waits_until_its_requests_are_left(schedule: ListSchedule[str]) -> None:
    (state,) = states("a")
    state.group.polls = Bucket(Rate(10, 1.0))
    state.group.polls.take(0.0, 8)
    assert not schedule.take_reads([state], 0.0)
    assert schedule.wait(0.0) == 2.0
    assert schedule.take_reads([state], 2.0)


@pytest.mark.parametrize(("number", "most"), [(3, 2.6), (40, 2.3), (300, 2.2)])
@pytest.mark.parametrize("scale", [1.0, 0.25])
def test_ends_are_seen_when_they_happen_whatever_the_service_asks_to_wait(
    monkeypatch: pytest.MonkeyPatch, number: int, most: float, scale: float
) -> None:
    azure = SimulatedAzure(Clock(), [8.0 * scale] * number, hints=(10.0 * scale, 36.0 * scale))
    outcomes = run_simulated(monkeypatch, azure, Limits(32, timeout=3600))
    assert {one.status for one in outcomes} == {"Succeeded"}
    assert azure.ratio <= 1.3
    assert azure.requests <= most * number


@pytest.mark.parametrize(("number", "most"), [(40, 2.3), (300, 2.2)])
def test_ends_that_differ_are_seen_when_they_happen(monkeypatch: pytest.MonkeyPatch, number: int, most: float) -> None:
    lengths = [4.2 + 3.6 * place / (number - 1) for place in range(number)]
    azure = SimulatedAzure(Clock(), lengths)
    run_simulated(monkeypatch, azure, Limits(32, timeout=3600))
    assert azure.ratio <= 1.3
    assert azure.requests <= most * number


def test_the_documented_limits_leave_enough_reads_to_see_each_end(monkeypatch: pytest.MonkeyPatch) -> None:
    azure = SimulatedAzure(Clock(), [8.0] * 300)
    run_simulated(monkeypatch, azure, Limits(32, timeout=3600, sends=Rate(200, 10), polls=Rate(250, 25)))
    assert azure.ratio <= 1.3
    assert azure.requests <= 2.2 * 300


@pytest.mark.parametrize("hints", [(None, 100.0), (10.0, 36.0), (None, None)])
@pytest.mark.parametrize("length", [5.0, 8.0, 40.0])
def test_the_end_of_a_call_for_many_is_seen_sooner(
    monkeypatch: pytest.MonkeyPatch, hints: tuple[float | None, float | None], length: float
) -> None:
    azure = SimulatedAzure(Clock(), [length], hints=hints, shared=True)
    run_simulated(monkeypatch, azure, Limits(32, timeout=3600), growth=0.1)
    assert azure.ratio <= 1.2
    assert sum(azure.polls.values()) <= 3 or hints[1] is None


def test_an_operation_is_polled_though_it_looks_in_progress_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    azure = SimulatedAzure(Clock(), [8.0] * 40, shows_ends=False)
    outcomes = run_simulated(monkeypatch, azure, Limits(32, timeout=3600))
    assert {one.status for one in outcomes} == {"Succeeded"}
    assert azure.ratio <= 10 + 60
