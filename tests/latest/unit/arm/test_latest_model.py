"""Which instances are on the latest model of their set."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from azure.cli.core.azclierror import AzureResponseError

from armsim import Simulator
from armsim.world.description import default_description
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.latest_model import latest_models, outdated_instances
from azext_flexcompare.instances import Instance, ResourceId

Members = Callable[[], list[Instance]]


@pytest.fixture
def outdated(sim: Simulator) -> set[str]:
    """The names of the instances of `flex` that are not on the latest model."""
    world = default_description(4)
    old = {"#1": {"latestModelApplied": False}, "#3": {"latestModelApplied": False}}
    world["resourceGroups"]["rg"]["scaleSets"]["flex"]["overrides"] = old
    sim.reset(world)
    return {sim.names("flex")[1], sim.names("flex")[3]}


def test_the_view_of_each_instance_is_read(azure: Azure, members: Members, sim: Simulator, outdated: set[str]) -> None:
    instances = members()
    before = len(sim.requests())
    assert {one.name for one in outdated_instances(azure, instances)} == outdated
    assert [one["action"] for one in sim.requests()[before:]] == ["showInstance"] * 4


def test_an_instance_that_is_gone_is_not_outdated(
    azure: Azure, members: Members, sim: Simulator, outdated: set[str]
) -> None:
    gone = sim.names("flex")[1]
    sim.add_fault({"action": "showInstance", "vm": gone, "fault": {"status": 404, "code": "ResourceNotFound"}})
    assert {one.name for one in outdated_instances(azure, members())} == outdated - {gone}


def test_a_view_that_cannot_be_read_is_an_error(azure: Azure, members: Members, sim: Simulator) -> None:
    sim.add_fault({"action": "showInstance", "fault": {"status": 403, "code": "AuthorizationFailed"}})
    with pytest.raises(AzureResponseError, match="AuthorizationFailed"):
        outdated_instances(azure, members())


def test_the_model_of_an_instance_that_may_not_be_read_is_not_known(
    azure: Azure, members: Members, sim: Simulator, outdated: set[str]
) -> None:
    hidden = sim.names("flex")[0]
    sim.add_fault({"action": "showInstance", "vm": hidden, "fault": {"status": 403, "code": "AuthorizationFailed"}})
    found = latest_models(azure, members())
    assert [found[ResourceId(sim.vm_id(name))] for name in sim.names("flex")] == [None, False, True, False]
    assert len(outdated) == 2
