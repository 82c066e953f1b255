"""What the scheduler keeps of each target and each rate-limit group."""

from __future__ import annotations

from azext_flexcompare.scheduler.rate_limiter import Rate
from azext_flexcompare.scheduler.state import Estimates, Limits, RateLimitGroup, TargetState

LIMITS = Limits(sends=Rate(3, 1), looks=Rate(5, 2))


def test_a_group_keeps_its_buckets_from_run_to_run() -> None:
    estimates = Estimates()
    assert estimates.of_group("here", LIMITS) is estimates.of_group("here", Limits())
    assert estimates.of_group("here", LIMITS) is not estimates.of_group("there", LIMITS)


def test_two_services_learn_apart() -> None:
    assert Estimates().of_group("here", LIMITS)[0] is not Estimates().of_group("here", LIMITS)[0]


def test_sending_and_polling_have_a_bucket_each() -> None:
    sends, looks = Estimates().of_group("here", LIMITS)
    assert sends is not looks


def test_equal_targets_are_told_apart() -> None:
    group: RateLimitGroup[str] = RateLimitGroup(*Estimates().of_group("here", LIMITS))
    assert TargetState("a", 0, group) != TargetState("a", 0, group)
