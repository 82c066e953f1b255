"""The documented limits, and who shares one."""

from __future__ import annotations

import pytest

from azext_flexcompare.arm.rate_limits import CHANGES, DEFAULT_RATES, LIMITS, READS, pages, rate_limit_key
from tests.latest.helpers.factories import instance, scale_set


@pytest.mark.parametrize(("instances", "expected"), [(0, 0), (1, 1), (100, 1), (101, 2), (1000, 10)])
def test_a_list_has_a_page_for_each_hundred(instances: int, expected: int) -> None:
    assert pages(instances) == expected


def test_a_limit_is_shared_within_a_subscription_and_region() -> None:
    here = rate_limit_key(instance("a"))
    assert here == rate_limit_key(instance("b", scale_set("db")))
    assert here != rate_limit_key(instance("a", scale_set(subscription="t")))
    assert here != rate_limit_key(instance("a", location="northeurope"))


def test_the_first_paces_are_those_of_changes_and_reads() -> None:
    assert (CHANGES.rate, READS.rate) == DEFAULT_RATES


def test_every_limit_names_its_source() -> None:
    assert all(one.source.startswith("Microsoft, ") for one in LIMITS)
