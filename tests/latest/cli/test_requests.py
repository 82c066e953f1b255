"""The requests of a run and how many are refused, counted, never timed."""

from __future__ import annotations

from collections import Counter

from armsim import Simulator
from tests.latest.helpers.az import Run

RESTART = ("restart", "-g", "rg", "-n", "flex")


def counted(sim: Simulator) -> Counter[str]:
    return Counter(request["action"] for request in sim.requests())


def refused(sim: Simulator, *actions: str) -> int:
    return sum(one["status"] == 429 and (not actions or one["action"] in actions) for one in sim.requests())


def test_three_hundred_instances_cost_little_more_than_three_requests_each(run: Run, sim: Simulator) -> None:
    sim.reset(vms=300, seconds=2)
    done = run(*RESTART)
    assert done.exit == 0
    assert counted(sim)["restart"] == 300
    assert len(sim.requests()) <= 3.2 * 300  # its protection policy, its call, a poll


def test_one_token_and_a_few_connections_serve_a_run(run: Run, sim: Simulator) -> None:
    sim.reset(vms=300, seconds=1)
    run(*RESTART)
    assert len({request["connection"] for request in sim.requests()}) <= 34
    assert sim.counts()["tokenRequests"] == 1


def test_limits_that_are_lower_than_guessed_are_learned_and_kept_to(run: Run, sim: Simulator) -> None:
    sim.reset(vms=60, seconds=0.5)
    sim.configure(limits=True, limits_capacity=0.2)
    done = run(*RESTART)
    assert done.exit == 0
    assert {row["status"] for row in done.json} == {"Succeeded"}
    assert counted(sim)["restart"] - refused(sim, "restart") == 60
    assert refused(sim) <= 20
