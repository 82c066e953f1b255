"""The service's clock, by the dates of its answers."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from azext_flexcompare.arm import service_clock
from azext_flexcompare.arm.service_clock import ServiceClock, is_later

NOON = "Wed, 25 Nov 2026 12:00:00 GMT"


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic clock, which stands still unless a test moves it."""
    now = [100.0]
    monkeypatch.setattr(service_clock, "monotonic", lambda: now[0])
    return now


def november_25(hour: int, minute: int, second: int) -> datetime:
    return datetime(2026, 11, 25, hour, minute, second, tzinfo=timezone.utc)


def test_the_clock_goes_on_from_an_answer(seconds: list[float]) -> None:
    clock = ServiceClock()
    assert clock.now() is None
    clock.learn({"Date": NOON})
    seconds[0] += 61
    assert clock.now() == november_25(12, 1, 1)


def test_an_answer_that_was_late_does_not_set_it_back(seconds: list[float]) -> None:
    clock = ServiceClock()
    clock.learn({"Date": NOON})
    seconds[0] += 10
    clock.learn({"Date": NOON})
    assert clock.now() == november_25(12, 0, 10)
    clock.learn({"Date": "Wed, 25 Nov 2026 13:00:00 GMT"})
    assert clock.now() == november_25(13, 0, 0)


@pytest.mark.parametrize("headers", [{}, {"Date": "soon"}, {"Date": ""}, {"Date": "Wed, 99 Nov 2026 12:00:00 GMT"}])
def test_an_answer_without_a_date_says_nothing(headers: dict[str, str]) -> None:
    clock = ServiceClock()
    clock.learn(headers)
    assert clock.now() is None


@pytest.mark.parametrize(
    ("times", "later"),
    [
        (["2026-11-25 11:59:58+00:00"], True),  # two clocks of the service may differ
        (["2026-11-25 11:59:57+00:00"], False),
        (["2026-11-25T12:00:01"], True),
        (["2026-11-25 13:59:00+02:00", "then"], False),
        ([], False),
    ],
)
def test_a_time_is_later_by_the_services_own_clock(times: list[str], later: bool) -> None:
    assert is_later(times, november_25(12, 0, 0)) is later
    assert is_later(times, None)
