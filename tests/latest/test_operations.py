"""Does every operation of the table do its work through the real `az`, whatever becomes of an instance?"""

from __future__ import annotations

from typing import Any

import pytest

from armsim import Simulator
from armsim.world.description import default_description
from azext_flexcompare.table import Operation, operations
from tests.latest.conftest import INSTANCES, Run, changes

each_operation = pytest.mark.parametrize("operation", operations(), ids=lambda operation: operation.name)
each_long_operation = pytest.mark.parametrize(
    "operation", [one for one in operations() if one.call.startswith("begin_")], ids=lambda operation: operation.name
)
EVERY = ("-g", "rg", "-n", "flex", "--instance-ids", "*")


@pytest.fixture(autouse=True)
def ready_for_anything(sim: Simulator) -> None:
    """Instances that take every operation: running Spot machines that may hibernate and be maintained."""
    world = default_description(INSTANCES)
    world["resourceGroups"]["rg"]["scaleSets"]["flex"]["overrides"] = {
        "*": {
            "priority": "Spot",
            "evictionPolicy": "Deallocate",
            "hibernationEnabled": True,
            "maintenanceAllowed": True,
        }
    }
    sim.reset(world)


def action_of(operation: Operation) -> str:
    method, _, path = operation.request.partition(" ")
    return path.rpartition("/")[2] if "/" in path else method.lower()


def asked(sim: Simulator, operation: Operation) -> list[str]:
    """The instances of which the operation was asked, in the order in which the requests came."""
    found = changes(sim)
    assert {request["action"] for request in found} <= {action_of(operation)}
    return [request["vm"] for request in found]


def statuses(rows: list[dict[str, Any]]) -> dict[str, str]:
    return {row["instance"]: row["status"] for row in rows}


@each_operation
def test_it_reaches_every_instance_once(operation: Operation, run: Run, sim: Simulator) -> None:
    names = sim.names("flex")
    done = run(operation.name, *EVERY, "--yes")
    assert done.exit == 0, done.stderr
    assert [row["instance"] for row in done.json] == names
    assert statuses(done.json) == dict.fromkeys(names, "Succeeded")
    assert {row["operation"] for row in done.json} == {operation.name}
    assert sorted(asked(sim, operation)) == sorted(names)
    assert not done.stderr


@each_operation
def test_a_refused_instance_fails_under_its_own_name(operation: Operation, run: Run, sim: Simulator) -> None:
    names = sim.names("flex")
    fault = {"status": 409, "code": "OperationNotAllowed", "message": "Not this one."}
    sim.add_fault({"vm": names[2], "action": action_of(operation), "fault": fault})
    done = run(operation.name, *EVERY, "--yes")
    assert done.exit == 4
    assert statuses(done.json) == {**dict.fromkeys(names, "Succeeded"), names[2]: "Failed"}
    assert done.json[2]["error"] == {"code": "OperationNotAllowed", "message": "Not this one."}
    assert names[2] in done.stderr
    assert not any(name in done.stderr for name in names if name != names[2])


@each_long_operation
def test_an_operation_that_ends_badly_fails_under_its_own_name(operation: Operation, run: Run, sim: Simulator) -> None:
    names = sim.names("flex")
    fault = {"kind": "fail", "code": "AllocationFailed", "message": "No room."}
    sim.add_fault({"vm": names[4], "action": action_of(operation), "fault": fault})
    done = run(operation.name, *EVERY, "--yes")
    assert done.exit == 4
    assert statuses(done.json) == {**dict.fromkeys(names, "Succeeded"), names[4]: "Failed"}
    assert done.json[4]["error"] == {"code": "AllocationFailed", "message": "No room."}
    assert done.json[4]["operationUrl"].startswith(sim.url)


@each_operation
def test_it_need_not_be_waited_for(operation: Operation, run: Run, sim: Simulator) -> None:
    sim.configure(seconds=600)
    done = run(operation.name, *EVERY, "--yes", "--no-wait")
    assert done.exit == 0, done.stderr
    assert set(statuses(done.json).values()) == {"Accepted"}
    assert sorted(asked(sim, operation)) == sorted(sim.names("flex"))
    long = operation.call.startswith("begin_")
    assert all(bool(row["operationUrl"]) is long for row in done.json)


@each_operation
def test_a_dry_run_sends_nothing_that_acts(operation: Operation, run: Run, sim: Simulator) -> None:
    done = run(operation.name, *EVERY, "--dry-run")
    assert done.exit == 0, done.stderr
    assert statuses(done.json) == dict.fromkeys(sim.names("flex"), "Planned")
    assert not changes(sim)


@each_operation
def test_a_uniform_set_is_left_alone(operation: Operation, run: Run, sim: Simulator) -> None:
    done = run(operation.name, "-g", "rg", "-n", "uniform", "--instance-ids", "*", "--yes")
    assert (done.exit, done.stdout) == (1, "")
    assert "Uniform" in done.stderr
    assert "az vmss" in done.stderr
    assert not changes(sim)
