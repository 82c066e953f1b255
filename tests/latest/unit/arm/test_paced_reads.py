"""Lists that are read side by side, within the limits."""

from __future__ import annotations

from threading import Barrier
from types import SimpleNamespace
from typing import Any

import pytest

from azext_flexcompare.arm import paced_reads
from azext_flexcompare.arm.paced_reads import ReadBudget, read_all, read_budget
from azext_flexcompare.arm.rate_limits import READS
from tests.latest.helpers.simulated_time import Clock


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
