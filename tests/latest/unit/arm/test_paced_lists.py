"""Lists of Azure Resource Manager that are read side by side."""

from __future__ import annotations

import pytest

from armsim import Simulator
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.paced_lists import list_all

GROUPS = 12


def paths_of(sim: Simulator, **settings: object) -> list[str]:
    """Make groups of three instances each; return the paths of the lists of their network interfaces."""
    scale_sets = {"web": {"mode": "Flexible", "instances": 3}}
    sim.reset(world={"resourceGroups": {f"rg{place}": {"scaleSets": scale_sets} for place in range(GROUPS)}})
    sim.configure(page_size=1, **settings)
    place = f"/subscriptions/{sim.subscription}/resourceGroups"
    nics = "providers/Microsoft.Network/networkInterfaces?api-version=2024-01-01"
    return [f"{place}/rg{one}/{nics}" for one in range(GROUPS)]


def test_every_page_of_each_list_is_read_side_by_side_and_in_order(azure: Azure, sim: Simulator) -> None:
    paths = paths_of(sim, latency=0.1)
    groups = [entry["id"].split("/")[4] for entry in list_all(azure, paths)]
    assert groups == [f"rg{place}" for place in range(GROUPS) for _ in range(3)]
    assert len(sim.requests()) == 3 * GROUPS
    assert sim.counts()["peakInFlight"] >= 4


def test_lists_side_by_side_are_never_refused(azure: Azure, sim: Simulator) -> None:
    assert len(list_all(azure, paths_of(sim, limits=True, limits_capacity=0.05))) == 3 * GROUPS
    assert {one["status"] for one in sim.requests()} == {200}


def test_a_list_without_an_end_is_an_error(azure: Azure, sim: Simulator) -> None:
    paths = paths_of(sim)
    sim.add_fault({"action": "*", "method": "GET", "fault": {"kind": "loop"}})
    with pytest.raises(ValueError, match="leads back"):
        list_all(azure, paths[:1])
