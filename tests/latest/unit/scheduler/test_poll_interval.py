"""The times at which an operation is polled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_flexcompare.scheduler.poll_interval import FIRST, GROWTH, LONGEST, MARGIN, MIN_SAMPLES, PollInterval


def taught(lasted: list[float], going_on: list[float] | None = None) -> PollInterval:
    poll_interval = PollInterval()
    for seconds in lasted:
        poll_interval.learn(seconds, going_on or [])
    return poll_interval


@pytest.mark.parametrize(("waited", "pause"), [(0, FIRST), (1, FIRST), (10, 10 * GROWTH), (1000, LONGEST)])
def test_before_anything_has_ended_the_wait_grows_with_the_time_already_waited(waited: float, pause: float) -> None:
    assert PollInterval().pause(waited) == pause


def test_too_few_ends_are_no_rule() -> None:
    assert not taught([5.0] * (MIN_SAMPLES - 1)).has_estimate


def test_the_first_question_waits_until_most_of_those_before_had_ended() -> None:
    poll_interval = taught([float(seconds) for seconds in range(1, 101)])
    assert poll_interval.pause(2.0) == pytest.approx(90 + MARGIN - 2, abs=20)


def test_quick_ends_are_no_rule_while_as_many_are_in_progress() -> None:
    assert not taught([4.0] * MIN_SAMPLES, going_on=[5.0] * 100).has_estimate


def test_younger_ones_do_not_count_against_the_rule() -> None:
    assert taught([4.0] * MIN_SAMPLES, going_on=[1.0] * 100).has_estimate


def test_a_late_instance_is_polled_at_once_and_then_at_intervals() -> None:
    poll_interval = taught([4.0] * MIN_SAMPLES)
    assert poll_interval.pause(60.0, polled=False) == 0.0
    assert poll_interval.pause(60.0, polled=True) == 6.0


@given(st.lists(st.floats(0.1, 5000), max_size=60), st.lists(st.floats(0, 5000), max_size=60), st.floats(0, 9000))
def test_a_wait_is_never_negative_and_after_a_poll_never_zero(
    lasted: list[float], ages: list[float], waited: float
) -> None:
    poll_interval = taught(lasted, ages)
    assert poll_interval.pause(waited) >= 0
    assert poll_interval.pause(waited, polled=True) > 0
