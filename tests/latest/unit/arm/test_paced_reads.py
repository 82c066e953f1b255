"""Lists that are read side by side, within the limits."""

from __future__ import annotations

from threading import Barrier
from types import SimpleNamespace
from typing import Any

import pytest

from azext_flexcompare.arm import paced_reads
from azext_flexcompare.arm.paced_reads import ReadBudget, Turns, finish, read_all, read_budget, read_in_turns
from azext_flexcompare.arm.rate_limits import CONNECTIONS, READS
from azext_flexcompare.scheduler.rate_limiter import Bucket
from tests.latest.helpers.simulated_time import Clock, SimulatedWorkers

PLENTY = READS.rate.burst - 1  # what is left, by every answer, where nothing is counted


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    clock.now = 0.0
    monkeypatch.setattr(paced_reads, "time", clock)
    return clock


def answer(left: int) -> Any:
    headers = {"x-ms-ratelimit-remaining-subscription-reads": str(left)}
    return SimpleNamespace(http_response=SimpleNamespace(headers=headers))


def read(budget: ReadBudget, left: int | None = None) -> None:
    with budget.reading() as learn:
        if left is not None:
            learn(answer(left))


def test_reads_beyond_the_burst_wait_for_their_rate(clock: Clock) -> None:
    budget = ReadBudget()
    for _ in range(int(READS.rate.burst) - 1):
        read(budget)
    assert clock.now == 0
    for _ in range(50):
        read(budget)
    assert clock.now == pytest.approx(50 / READS.rate.per_second, abs=0.1)


def test_reads_follow_what_the_service_says_is_left(clock: Clock) -> None:
    budget = ReadBudget()
    read(budget, left=3)
    read(budget)
    read(budget)
    assert clock.now == pytest.approx(1 / READS.rate.per_second, abs=0.01)


def test_each_subscription_has_one_budget() -> None:
    assert read_budget("a") is read_budget("a")
    assert read_budget("a") is not read_budget("b")


def test_items_are_read_at_once_and_stay_in_order() -> None:
    together = Barrier(3, timeout=20)

    def read(item: int) -> int:
        together.wait()
        return item

    assert read_all(read, [3, 1, 2]) == [3, 1, 2]
    assert read_all(str, [5]) == ["5"]
    assert read_all(str, []) == []


def test_the_first_error_is_raised() -> None:
    def fail(item: int) -> int:
        raise ValueError(str(item))

    with pytest.raises(ValueError, match="1"):
        read_all(fail, [1, 2, 3])


def count_turns(turns: int) -> Turns[int]:
    for _ in range(turns):
        yield
    return turns


def test_reads_of_several_requests_return_in_order() -> None:
    assert read_in_turns(count_turns, [3, 0, 1]) == [3, 0, 1]
    assert read_in_turns(count_turns, [2]) == [2]
    assert finish(count_turns(2)) == 2


def test_reads_before_the_first_error_are_finished_and_none_is_begun_after_it() -> None:
    made = []

    def fail(item: int) -> Turns[int]:
        yield
        made.append(item)
        if item in (1, 2):
            raise ValueError(str(item))
        yield
        made.append(item)
        return item

    with pytest.raises(ValueError, match="1"):
        read_in_turns(fail, [0, 1, 2, *range(3, 3 * CONNECTIONS)])
    assert made.count(0) == 2
    assert len(made) < 3 * CONNECTIONS


class LimitedService:
    """A service that counts reads as documented, and answers half a second later; it lists by pages."""

    def __init__(self, clock: Clock, counts: bool) -> None:
        self.clock, self.counts, self.bucket, self.refused, self.requests = clock, counts, Bucket(READS.rate), 0, 0

    def left(self) -> float:
        """Count a request, and return how many are left."""
        self.requests += 1
        self.bucket.take(self.clock.now)
        self.refused += self.bucket.tokens < 0
        return max(0.0, self.bucket.tokens) if self.counts else PLENTY

    def seconds(self, pages: list[int]) -> float:
        """Read lists of so many pages side by side; return how long it takes."""
        budget, began = ReadBudget(), self.clock.now

        def list_pages(number: int) -> Turns[int]:
            for page in range(number):
                if page:
                    yield
                with budget.reading() as learn:
                    learn(answer(int(self.left())))
            return number

        workers: Any = SimulatedWorkers(self.clock, CONNECTIONS, answer=0.5)
        assert paced_reads._Reads([list_pages(one) for one in pages], workers).results() == pages
        assert self.requests == sum(pages)
        return self.clock.now - began


def test_a_hundred_sets_of_a_thousand_are_read_in_under_twenty_seconds(clock: Clock) -> None:
    assert LimitedService(clock, counts=False).seconds([10] * 100) < 17


def test_a_hundred_sets_of_a_page_are_read_in_two_seconds(clock: Clock) -> None:
    service = LimitedService(clock, counts=True)
    assert service.seconds([1] * 100) <= 2
    assert service.refused == 0


def test_a_thousand_pages_of_one_budget_take_what_the_limit_takes_and_none_is_refused(clock: Clock) -> None:
    service = LimitedService(clock, counts=True)
    least = (1000 - READS.rate.burst) / READS.rate.per_second
    assert service.seconds([10] * 100) < 1.1 * least
    assert service.refused == 0


def test_long_lists_take_turns_so_that_none_is_left_for_the_end(clock: Clock) -> None:
    lists = CONNECTIONS + 1
    assert LimitedService(clock, counts=False).seconds([9] * lists) < 0.5 * 9 * 1.3
