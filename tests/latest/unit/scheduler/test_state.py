"""What the scheduler keeps of each target and each rate-limit group."""

from __future__ import annotations

from azext_flexcompare.scheduler.rate_limiter import UNLIMITED, Bucket
from azext_flexcompare.scheduler.state import RateLimitGroup, TargetsOf, TargetState


def test_equal_targets_are_told_apart() -> None:
    group = RateLimitGroup[str](Bucket(UNLIMITED), Bucket(UNLIMITED))
    assert TargetState("a", 0, group) != TargetState("a", 0, group)


def test_the_targets_in_progress_are_those_of_the_moment() -> None:
    group = RateLimitGroup[str](Bucket(UNLIMITED), Bucket(UNLIMITED))
    states = {TargetState("a", 0, group)}
    targets = TargetsOf(states)
    assert ([*targets], len(targets), "a" in targets, "b" in targets) == (["a"], 1, True, False)
    states.clear()
    assert ([*targets], len(targets)) == ([], 0)
