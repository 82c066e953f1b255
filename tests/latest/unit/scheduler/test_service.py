"""What runs over one service share."""

from __future__ import annotations

from azext_flexcompare.scheduler.limits import Limits
from azext_flexcompare.scheduler.rate_limiter import Rate
from azext_flexcompare.scheduler.service import Estimates, Service

LIMITS = Limits(1, sends=Rate(5, 1), polls=Rate(7, 1))


def test_the_buckets_of_a_group_last_from_run_to_run() -> None:
    estimates = Estimates()
    sends, polls = estimates.buckets("one", LIMITS)
    assert (sends.rate, polls.rate) == (LIMITS.sends, LIMITS.polls)
    assert estimates.buckets("one", LIMITS) == (sends, polls)


def test_each_group_has_its_own_buckets() -> None:
    estimates = Estimates()
    assert set(estimates.buckets("one", LIMITS)).isdisjoint(estimates.buckets("other", LIMITS))


def test_services_share_no_estimates_by_themselves() -> None:
    assert Service(str).estimates is not Service(str).estimates
