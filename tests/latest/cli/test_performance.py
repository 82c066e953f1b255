"""The growth of a run's cost with its size, counted in requests and memory, never timed."""

from __future__ import annotations

from collections import Counter

import pytest

from armsim import Simulator
from tests.latest.helpers.az import FLEX, Run
from tools.bench.measurement import measure
from tools.sandbox import AZ

MOST = 250  # megabytes, for the process of `az` as a whole


def refused(sim: Simulator) -> int:
    return sum(request["status"] == 429 for request in sim.requests())


def reached(sim: Simulator, action: str, names: list[str]) -> int:
    return sum(((sim.vm(name) or {})["accepted"]).get(action) == 1 for name in names)


def test_a_thousand_instances_cost_a_request_for_each_twenty_with_the_bulk_engine(run: Run, sim: Simulator) -> None:
    sim.reset(vms=1000)
    sim.configure(limits=True)
    done = run("deallocate", *FLEX, "--engine", "bulk")
    assert done.exit == 0
    assert reached(sim, "bulk-deallocate", sim.names("flex")) == 1000
    assert len(sim.requests()) <= 1000 + 1000 / 20  # the protection policy of each
    assert refused(sim) == 0


@pytest.mark.parametrize(("number", "most_listings"), [(3, 3), (40, 12)])
def test_each_operation_is_polled_once_after_a_listing_has_shown_its_end(
    run: Run, sim: Simulator, number: int, most_listings: int
) -> None:
    sim.reset(vms=number)
    sim.configure(seconds=0.8, retry_after="recorded", retry_after_scale=0.1)  # 0.7 to 1.2 s; hints of 1 s and 3.6 s
    done = run("deallocate", *FLEX, "--include-protected")
    asked = Counter(request["action"] for request in sim.requests())
    assert (done.exit, asked["deallocate"]) == (0, number)
    assert asked["poll"] <= 1.1 * number + 1
    assert asked["list"] + asked["get"] <= 1 + most_listings  # one that selects the instances


def test_a_call_of_the_set_is_polled_no_more_often_than_its_hints_allow(run: Run, sim: Simulator) -> None:
    sim.reset(vms=40)
    sim.configure(seconds=1, retry_after="recorded", retry_after_scale=0.05)  # a hint of 5 s after the first poll
    done = run("restart", *FLEX, "--include-protected", "--engine", "set")
    asked = Counter(request["action"] for request in sim.requests())
    assert (done.exit, asked["vmss-restart"]) == (0, 1)
    assert asked["poll"] <= 3
    assert asked["get"]  # one instance stands for all, until it shows its end


@pytest.mark.proof
def test_the_bulk_engine_asks_no_more_often_where_operations_last(run: Run, sim: Simulator) -> None:
    sim.reset(vms=1000, seconds=5)
    sim.configure(limits=True)
    done = run("deallocate", *FLEX, "--engine", "bulk")
    assert done.exit == 0
    print(f"\n1000 instances in bulk: {len(sim.requests())} requests")  # noqa: T201
    assert len(sim.requests()) <= 1000 + 1000 / 10  # the protection policy of each


@pytest.mark.proof
def test_a_thousand_instances_under_the_documented_limits_are_never_refused(run: Run, sim: Simulator) -> None:
    sim.reset(vms=1000, seconds=5)
    sim.configure(limits=True)
    done = run("restart", *FLEX, timeout=300)
    assert done.exit == 0
    print(f"\n1000 instances: {len(sim.requests())} requests, {refused(sim)} refused")  # noqa: T201
    assert refused(sim) <= 1
    assert len(sim.requests()) <= 3.2 * 1000


@pytest.mark.proof
def test_five_thousand_instances_fit_into_250_megabytes(sim: Simulator, environment: dict[str, str]) -> None:
    scale_sets = {f"set{number}": {"mode": "Flexible", "instances": 1000} for number in range(5)}
    sim.reset(world={"resourceGroups": {"rg": {"scaleSets": scale_sets}}}, seconds=5)
    took = measure(environment, [str(AZ), "vmss-flex", "restart", "--ids", *sim.scale_sets.values()])
    print(f"\n5000 instances: {took.megabytes:.0f} MB, {len(sim.requests())} requests")  # noqa: T201
    assert took.exit == 0
    assert sum(reached(sim, "restart", sim.names(name)) for name in scale_sets) == 5000
    assert took.megabytes < MOST
