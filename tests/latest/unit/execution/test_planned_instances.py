"""The instances of a plan, read again."""

from __future__ import annotations

from armsim import Simulator
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.scale_sets import Reader
from azext_flexcompare.execution.planned_instances import reread_instances
from azext_flexcompare.instances import ScaleSet
from azext_flexcompare.joblog.replay import LoggedRun, replay
from tests.latest.helpers.logs import HOW, PLAN, PLANNED

FORBIDDEN = {"status": 403, "code": "AuthorizationFailed"}


def run_over_one_and_none(sim: Simulator, flex: ScaleSet) -> LoggedRun:
    """Return a run over an instance and one that does not exist."""
    first = sim.vm_id(sim.names("flex")[0])
    instances = [{**PLANNED, "id": id_, "scaleSetId": flex.id} for id_ in (f"{first}x", first)]
    return replay([{**PLAN, "scaleSets": [flex.id], "instances": instances, "how": HOW}])


def test_instances_are_read_again_and_those_that_are_gone_have_no_resource(
    azure: Azure, flex: ScaleSet, sim: Simulator
) -> None:
    found = reread_instances(Reader(azure.compute, "restart"), run_over_one_and_none(sim, flex))
    first = sim.vm_id(sim.names("flex")[0])
    assert list(found) == [f"{first}x".lower(), first.lower()]
    assert [one.resource is None for one in found.values()] == [True, False]


def test_instances_are_read_one_by_one_where_their_set_may_not_be_read(
    azure: Azure, flex: ScaleSet, sim: Simulator
) -> None:
    for action in ("scaleSet", "list"):
        sim.add_fault({"action": action, "fault": FORBIDDEN})
    found = reread_instances(Reader(azure.compute, "restart"), run_over_one_and_none(sim, flex))
    assert [one.resource is None for one in found.values()] == [True, False]
