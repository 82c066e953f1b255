"""What the scheduler keeps of each target and each rate-limit group."""

from __future__ import annotations

from azext_flexcompare.scheduler.rate_limiter import Rate
from azext_flexcompare.scheduler.state import Course, Lane, Learned, Limits

LIMITS = Limits(sends=Rate(3, 1), looks=Rate(5, 2))


def test_a_group_keeps_its_buckets_from_run_to_run() -> None:
    learned = Learned()
    assert learned.of_lane("here", LIMITS) is learned.of_lane("here", Limits())
    assert learned.of_lane("here", LIMITS) is not learned.of_lane("there", LIMITS)


def test_two_services_learn_apart() -> None:
    assert Learned().of_lane("here", LIMITS)[0] is not Learned().of_lane("here", LIMITS)[0]


def test_sending_and_polling_have_a_bucket_each() -> None:
    sends, looks = Learned().of_lane("here", LIMITS)
    assert sends is not looks


def test_equal_targets_are_told_apart() -> None:
    lane: Lane[str] = Lane(*Learned().of_lane("here", LIMITS))
    assert Course("a", 0, lane) != Course("a", 0, lane)
