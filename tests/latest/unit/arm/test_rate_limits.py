"""The documented rate limits, and the requests that share one."""

from __future__ import annotations

import math

import pytest

from azext_flexcompare.arm.rate_limits import CHANGES, CONNECTIONS, LIMITS, READS, Limit, limits, pages, rate_limit_key
from tests.latest.helpers.factories import instance, scale_set

FLEX = scale_set()


@pytest.mark.parametrize(("instances", "expected"), [(0, 0), (1, 1), (100, 1), (101, 2), (1000, 10)])
def test_a_list_has_a_page_for_each_hundred(instances: int, expected: int) -> None:
    assert pages(instances) == expected


def test_a_limit_is_shared_within_a_subscription_and_region() -> None:
    here = rate_limit_key(instance(scale_set=FLEX))
    assert here == rate_limit_key(instance(scale_set=FLEX._replace(name="other")))
    assert here != rate_limit_key(instance(scale_set=FLEX._replace(subscription="t")))
    assert here != rate_limit_key(instance(scale_set=FLEX, location="northeurope"))


def test_scale_sets_of_a_subscription_share_a_limit() -> None:
    assert rate_limit_key(FLEX) == rate_limit_key(FLEX._replace(name="other"))
    assert rate_limit_key(FLEX) != rate_limit_key(FLEX._replace(subscription="t"))


@pytest.mark.parametrize(("sends", "burst"), [(CHANGES, 200), (READS, 250), (None, math.inf)])
def test_a_run_sends_at_the_documented_rate_of_its_requests_and_polls_at_that_of_reads(
    sends: Limit | None, burst: float
) -> None:
    found = limits(60, sends=sends)
    assert found.sends.burst == burst
    assert found.polls == READS.rate


def test_the_limits_of_a_run_are_those_that_you_give() -> None:
    found = limits(60, sends=CHANGES, max_parallel=3, wait=False)
    assert (found.workers, found.parallel, found.timeout, found.wait) == (CONNECTIONS, 3, 60, False)


def test_every_limit_names_its_source() -> None:
    assert all(one.source.startswith("Microsoft, ") for one in LIMITS)
