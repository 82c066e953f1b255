"""Does the cost of a run grow no faster than it must? Counted in requests, never timed."""

from __future__ import annotations

import pytest

from armsim import Simulator
from tests.latest.conftest import Run

OF_SET = ("-g", "rg", "-n", "flex")


def refused(sim: Simulator) -> int:
    return sum(request["status"] == 429 for request in sim.requests())


def reached(sim: Simulator, action: str, names: list[str]) -> int:
    return sum(((sim.vm(name) or {})["accepted"]).get(action) == 1 for name in names)


def test_a_thousand_instances_cost_a_request_for_each_twenty_with_the_bulk_engine(run: Run, sim: Simulator) -> None:
    sim.reset(vms=1000)
    sim.configure(limits=True)
    done = run("deallocate", *OF_SET, "--engine", "bulk")
    assert done.exit == 0
    assert reached(sim, "bulk-deallocate", sim.names("flex")) == 1000
    assert len(sim.requests()) <= 1000 / 20
    assert refused(sim) == 0


@pytest.mark.proof
def test_a_thousand_instances_under_the_documented_limits_are_never_refused(run: Run, sim: Simulator) -> None:
    sim.reset(vms=1000, seconds=5)
    sim.configure(limits=True)
    done = run("restart", *OF_SET, timeout=300)
    assert done.exit == 0
    print(f"\n1000 instances: {len(sim.requests())} requests, {refused(sim)} refused")  # noqa: T201
    assert refused(sim) <= 1
    assert len(sim.requests()) <= 2.2 * 1000
