"""The rate limiter: a request waits exactly as long as the service would refuse it."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from azext_flexcompare.scheduler.rate_limiter import OVERTAKING, SPARE, UNLIMITED, Bucket, Rate

RATE = Rate(200, 10)


def sent_until(bucket: Bucket, end: float, start: float = 0.0) -> list[float]:
    """The moments at which requests go if each goes as soon as it may."""
    moments, now = [], start
    while (now := now + bucket.wait(now)) <= end:
        bucket.take(now)
        moments.append(now)
    return moments


def test_a_burst_goes_at_once_and_the_rest_as_the_bucket_fills() -> None:
    moments = sent_until(Bucket(RATE), 10)
    assert moments.count(0.0) == 200 - SPARE
    assert len(moments) == 200 - SPARE + 10 * 10


def test_a_wait_that_would_not_move_the_clock_is_none() -> None:
    bucket = Bucket(RATE)
    bucket.tokens, bucket.at = 1 + SPARE - 1e-12, 1e6
    now = 1e6
    assert (bucket.wait(now), now + bucket.wait(now)) == (0.0, now)
    bucket.tokens = SPARE
    assert now + bucket.wait(now) > now


def test_what_is_not_paced_never_waits() -> None:
    bucket = Bucket(UNLIMITED)
    for _ in range(1000):
        bucket.take(0.0)
    bucket.learn(1.0, 0.0, unanswered=5)
    assert bucket.wait(0.0) == 0.0


def test_a_closed_bucket_opens_after_its_wait_and_is_full() -> None:
    bucket = Bucket(RATE)
    bucket.close(until=7.0)
    moments = sent_until(bucket, 8.0)
    assert moments[0] == 7.0
    assert len(moments) == 1 + 10


def test_a_lower_remaining_count_is_believed() -> None:
    bucket = Bucket(RATE)
    bucket.learn(3.0, 0.0, unanswered=1)
    assert len(sent_until(bucket, 0.0)) == 1


def test_a_slightly_higher_remaining_count_is_not_believed() -> None:
    bucket = Bucket(RATE)
    for _ in range(150):
        bucket.take(0.0)
    bucket.learn(50 + OVERTAKING, 0.0, unanswered=0)
    assert len(sent_until(bucket, 0.0)) == 50 - SPARE


def test_where_no_limit_is_named_nothing_waits_any_more() -> None:
    bucket = Bucket(Rate(2, 0.001))
    bucket.take(0.0)
    bucket.learn(math.inf, 0.0, unanswered=0)
    assert bucket.wait(0.0) == 0.0


def test_where_the_count_never_falls_nothing_waits() -> None:
    bucket = Bucket(RATE)
    for _ in range(2000):
        assert bucket.wait(0.0) == 0.0
        bucket.take(0.0)
        bucket.learn(199.0, 0.0, unanswered=31)


def test_an_answer_that_says_nothing_changes_nothing() -> None:
    bucket = Bucket(RATE)
    bucket.take(0.0)
    bucket.learn(None, 0.0, unanswered=0)
    assert len(sent_until(bucket, 0.0)) == 199 - SPARE


@given(st.lists(st.floats(0, 5), min_size=1, max_size=300), st.integers(2, 40), st.floats(0.5, 20))
def test_a_service_that_keeps_to_the_rate_never_refuses(gaps: list[float], burst: int, per_second: float) -> None:
    ours, left, at, now = Bucket(Rate(burst, per_second)), float(burst), 0.0, 0.0
    for gap in gaps:
        now += max(gap, ours.wait(now + gap))
        ours.take(now)
        left = min(burst, left + (now - at) * per_second) - 1.0
        at = now
        assert left >= 0
        ours.learn(math.floor(left), now, unanswered=0)
