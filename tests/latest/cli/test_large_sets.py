"""The listing of a set that does not fit one page."""

from __future__ import annotations

from collections import Counter

import pytest

from armsim import Simulator
from tests.latest.helpers.az import Run

SIZE = 1100  # more than Resource Graph gives in one answer
PAGE = 50  # of the simulator, as reported of a list over partitions (azure-rest-api-specs#13843)


@pytest.fixture(autouse=True)
def a_large_set(sim: Simulator) -> None:
    sim.reset(vms=SIZE)


def test_resource_graph_is_followed_by_its_skip_token(run: Run, sim: Simulator) -> None:
    done = run("list-instances", "-g", "rg", "-n", "flex", "--source", "resource-graph")
    assert sorted(row["instance"] for row in done.json) == sorted(sim.names("flex"))
    assert Counter(request["action"] for request in sim.requests())["arg"] == 2


def test_the_compute_api_is_followed_by_its_next_link(run: Run, sim: Simulator) -> None:
    done = run("list-instances", "-g", "rg", "-n", "flex")
    assert [row["instance"] for row in done.json] == sim.names("flex")
    assert Counter(request["action"] for request in sim.requests())["list"] == SIZE / PAGE
