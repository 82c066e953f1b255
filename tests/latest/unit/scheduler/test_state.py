"""What the scheduler keeps of each target and each rate-limit group."""

from __future__ import annotations

from azext_flexcompare.scheduler.rate_limiter import UNLIMITED, Bucket
from azext_flexcompare.scheduler.state import RateLimitGroup, TargetState


def test_equal_targets_are_told_apart() -> None:
    group = RateLimitGroup[str](Bucket(UNLIMITED), Bucket(UNLIMITED))
    assert TargetState("a", 0, group) != TargetState("a", 0, group)
