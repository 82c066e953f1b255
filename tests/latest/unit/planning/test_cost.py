"""The cost of a run for each engine, and what `--dry-run` prints of it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_flexcompare.arm.rate_limits import ACTIONS, CHANGES, LIMITS, READS, Limit, pages
from azext_flexcompare.instances import Instance, ScaleSet
from azext_flexcompare.planning.cost import (
    ENGINE_LIMITS,
    CostEstimate,
    cheapest,
    cost_lines,
    estimate_cost,
    least_seconds,
)
from azext_flexcompare.planning.engines import ENGINES
from azext_flexcompare.scheduler.rate_limiter import Rate
from azext_flexcompare.table.entries import Operation, operations
from azext_flexcompare.times import format_duration
from tools.render import PERFORMANCE, content_of

WIDTH = 80  # columns
BY_NAME = {one.name: one for one in operations()}
START, DELETE, REDEPLOY = BY_NAME["start"], BY_NAME["delete-instances"], BY_NAME["redeploy"]

Call = list[Instance]


def members(count: int, subscription: str = "s", region: str = "north") -> Call:
    home = ScaleSet(subscription, "rg", "flex", "set")
    one = Instance("id", "vm", home, None, None, None, {}, None, None, region, None)
    return [one] * count


def singles(count: int, subscription: str = "s", region: str = "north") -> list[Call]:
    return [[one] for one in members(count, subscription, region)]


def hundreds(count: int) -> list[Call]:
    return [members(100)] * (count // 100)


def reckoned(engine: str, calls: list[Call], operation: Operation = START, wait: bool = True) -> tuple[int, int, float]:
    found = estimate_cost(engine, operation, calls, wait)
    assert found.requests == found.calls + found.polls
    return found.calls, found.polls, found.seconds


def test_costs_stand_in_the_order_of_the_engines() -> None:
    assert tuple(ENGINE_LIMITS) == ENGINES


def test_what_fits_into_a_full_bucket_takes_no_time_and_the_rest_as_it_fills() -> None:
    assert [least_seconds(Rate(200, 10), requests) for requests in (0, 1, 200, 201, 1000)] == [0, 0, 0, 0.1, 80]


@pytest.mark.parametrize(("instances", "expected"), [(0, 0), (1, 1), (100, 1), (101, 2), (1000, 10)])
def test_a_page_more_is_listed_only_when_the_last_is_full(instances: int, expected: int) -> None:
    assert pages(instances) == expected


@pytest.mark.parametrize(
    ("engine", "calls", "expected"),
    [
        ("vm", [], (0, 0, 0)),
        ("vm", singles(1), (1, 1, 0)),
        ("vm", singles(200), (200, 200, 0)),
        ("vm", singles(1000), (1000, 1000, 80)),
        ("vm", singles(10_000), (10_000, 10_000, 1020)),  # compute's bucket
        ("set", [members(1)], (1, 2, 0)),
        ("set", [members(1000)], (1, 11, 0)),
        ("set", [members(1000)] * 100, (100, 1100, 34)),  # reads
        ("set", [members(1000)] * 1000, (1000, 11_000, 1820)),  # pages of lists
        ("bulk", hundreds(1000), (10, 10, 0)),
        ("bulk", hundreds(10_000), (100, 100, 0)),
        ("bulk", hundreds(100_000), (1000, 1000, 180)),  # its polls are POSTs
    ],
)
def test_an_engine_takes(engine: str, calls: list[Call], expected: tuple[int, int, float]) -> None:
    assert reckoned(engine, calls) == pytest.approx(expected)


def test_subscriptions_and_regions_go_side_by_side_and_the_busiest_decides() -> None:
    elsewhere = [*singles(1000, "s", "south"), *singles(400, "other", "north")]
    assert reckoned("vm", singles(1000) + elsewhere) == (2400, 2400, 80)
    assert reckoned("vm", singles(2000)) == (2000, 2000, 180)


@pytest.mark.parametrize(
    ("engine", "calls"), [("vm", singles(1000)), ("set", [members(1000)]), ("bulk", hundreds(1000))]
)
def test_no_wait_costs_no_poll(engine: str, calls: list[Call]) -> None:
    assert reckoned(engine, calls, wait=False)[1] == 0


def test_an_operation_that_ends_at_once_costs_no_poll() -> None:
    assert reckoned("vm", singles(3), BY_NAME["simulate-eviction"]) == (3, 0, 0)


def test_what_is_no_resource_of_compute_does_not_fill_the_bucket_of_compute() -> None:
    lock = BY_NAME["protection set"]
    assert reckoned("vm", singles(10_000), lock) == (10_000, 0, least_seconds(CHANGES.rate, 10_000))


def test_compute_is_the_narrower_limit_beyond_8000_vms() -> None:
    assert least_seconds(CHANGES.rate, 8000) == pytest.approx(least_seconds(ACTIONS.rate, 8000))
    assert least_seconds(CHANGES.rate, 7999) > least_seconds(ACTIONS.rate, 7999)
    assert least_seconds(CHANGES.rate, 8001) < least_seconds(ACTIONS.rate, 8001)


@given(st.sampled_from(LIMITS), st.integers(0, 200_000))
def test_a_request_more_is_never_quicker_and_never_costs_more_than_its_share(limit: Limit, requests: int) -> None:
    rate = limit.rate
    further = least_seconds(rate, requests + 1) - least_seconds(rate, requests)
    assert 0 <= further <= 1 / rate.per_second + 1e-6


@given(st.sampled_from(ENGINES), st.integers(1, 3000), st.integers(1, 300))
def test_more_instances_never_cost_less(engine: str, count: int, more: int) -> None:
    def calls(of: int) -> list[Call]:
        return {"vm": singles(of), "set": [members(of)], "bulk": [members(1)] * -(-of // 100)}[engine]

    assert all(
        a <= b for a, b in zip(reckoned(engine, calls(count)), reckoned(engine, calls(count + more)), strict=True)
    )


@given(st.lists(st.sampled_from(["north", "south", "east"]), min_size=1, max_size=3000))
def test_spreading_over_regions_never_takes_longer(regions: list[str]) -> None:
    together = singles(len(regions))
    spread = [members(1, region=region) for region in regions]
    assert reckoned("vm", spread)[:2] == reckoned("vm", together)[:2]
    assert reckoned("vm", spread)[2] <= reckoned("vm", together)[2]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.9, "0 s"),
        (119.9, "119 s"),
        (120, "2 min"),
        (179, "2 min"),
        (7199, "119 min"),
        (7200, "2.0 h"),
        (11_820, "3.2 h"),
    ],
)
def test_a_duration_is_rounded_down_and_short(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


def test_the_cheapest_has_the_fewest_requests_then_the_least_time_then_comes_first() -> None:
    def one(engine: str, calls: int, polls: int, seconds: float) -> CostEstimate:
        return CostEstimate(engine, "documented", calls, polls, seconds)

    assert cheapest([one("vm", 5, 5, 0), one("set", 1, 8, 9), one("bulk", 6, 6, 0)]).engine == "set"
    assert cheapest([one("vm", 5, 5, 2), one("set", 6, 4, 1)]).engine == "set"
    assert cheapest([one("vm", 1, 1, 0), one("bulk", 1, 1, 0)]).engine == "vm"


@pytest.mark.parametrize("count", [1, 60, 1000, 100_000])
@pytest.mark.parametrize("wait", [True, False])
@pytest.mark.parametrize("operation", operations(), ids=lambda one: one.name)
def test_every_line_fits_a_terminal(operation: Operation, wait: bool, count: int) -> None:
    ways = {"vm": singles(count), "set": [members(min(count, 1000))] * -(-count // 1000), "bulk": hundreds(count)}
    lines = cost_lines(operation, ways, wait)
    assert len(lines) > 2
    assert [line for line in lines if len(f"WARNING: {line}") > WIDTH] == []


def test_what_was_seen_on_azure_is_told_without_doubt_and_the_rest_with_its_evidence() -> None:
    engines = {"set": {**(BY_NAME["deallocate"].engines or {})["set"], "evidence": "recorded"}}
    deallocate = BY_NAME["deallocate"]._replace(engines=engines)
    first, second, *_ = cost_lines(deallocate, {"vm": singles(2), "set": [members(2)]})
    assert first == "--engine vm: 2 calls, at least 2 polls, 0 s (documented)"
    assert second == "--engine set: 1 call, at least 2 polls, 0 s"


def test_a_dry_run_without_calls_shows_no_cost() -> None:
    assert cost_lines(START, {"vm": [], "set": [], "bulk": []}) == []


def test_the_page_on_performance_shows_what_is_told() -> None:
    ways = {"vm": singles(1000), "set": [members(1000)], "bulk": hundreds(1000)}
    lines = cost_lines(START, ways, reads=lambda _: True)
    shown = re.findall(r"^    WARNING: (.*)$", PERFORMANCE.read_text("utf-8"), re.MULTILINE)
    assert shown == lines


def test_the_page_on_performance_is_fresh() -> None:
    assert PERFORMANCE.read_text("utf-8") == content_of(PERFORMANCE), "run `make table`"


def test_the_reads_of_policies_are_requests_and_take_their_time() -> None:
    without = estimate_cost("bulk", START, hundreds(1000))
    with_them = estimate_cost("bulk", START, hundreds(1000), reads=lambda _: True)
    assert with_them.requests - without.requests == 1000
    assert with_them.seconds == least_seconds(READS.rate, 1000)
    lines = cost_lines(START, {"vm": singles(3)}, reads=lambda one: one == singles(3)[0][0])
    assert "The protection policy of 1 instance is read too." in lines
