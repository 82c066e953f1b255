"""The limits of a run."""

from __future__ import annotations

from azext_flexcompare.scheduler.limits import Limits


def test_only_the_threads_are_limited_where_nothing_else_is_given() -> None:
    limits = Limits(3)
    assert (limits.workers, limits.parallel, limits.timeout, limits.wait) == (3, None, None, True)
    assert not limits.sends.is_limited
    assert not limits.polls.is_limited
