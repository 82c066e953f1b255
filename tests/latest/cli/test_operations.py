"""Every operation of the table through the real `az`, whatever happens to an instance."""

from __future__ import annotations

import pytest

from armsim import Simulator
from armsim.world.description import default_description
from azext_flexcompare.table.entries import Operation, operations
from tests.latest.helpers.az import INSTANCES, Run
from tests.latest.helpers.rows import status_of_each
from tests.latest.helpers.worlds import EACH, LOCKED, WORLD, action_of, changes, given

each_operation = pytest.mark.parametrize("operation", operations(), ids=lambda operation: operation.name)
each_single_call = pytest.mark.parametrize("operation", EACH, ids=lambda operation: operation.name)
each_long_call = pytest.mark.parametrize(
    "operation", [one for one in EACH if one.is_long], ids=lambda operation: operation.name
)


@pytest.fixture(autouse=True)
def ready_for_anything(sim: Simulator, operation: Operation) -> None:
    world = default_description(INSTANCES)
    world["resourceGroups"]["rg"]["scaleSets"]["flex"]["overrides"] = {"*": {**WORLD, **LOCKED.get(operation.name, {})}}
    sim.reset(world)


def asked(sim: Simulator, operation: Operation) -> list[str]:
    """The instances of which the operation was asked, in the order in which the requests came."""
    found = changes(sim)
    assert {request["action"] for request in found} <= {action_of(operation)}
    return [request["vm"] for request in found]


@each_operation
def test_it_reaches_every_instance_once(operation: Operation, run: Run, sim: Simulator) -> None:
    names = sim.names("flex")
    done = run(*given(operation))
    assert done.exit == 0, done.stderr
    assert [row["instance"] for row in done.json] == names
    assert status_of_each(done) == dict.fromkeys(names, "Succeeded")
    assert {row["operation"] for row in done.json} == {operation.name}
    assert sorted(asked(sim, operation)) == (sorted(names) if operation in EACH else [None])
    assert not done.stderr


@each_single_call
def test_a_refused_instance_fails_under_its_own_name(operation: Operation, run: Run, sim: Simulator) -> None:
    names = sim.names("flex")
    fault = {"status": 409, "code": "OperationNotAllowed", "message": "Not this one."}
    sim.add_fault({"vm": names[2], "action": action_of(operation), "fault": fault})
    done = run(*given(operation))
    assert done.exit == 4
    assert status_of_each(done) == {**dict.fromkeys(names, "Succeeded"), names[2]: "Failed"}
    assert done.json[2]["error"] == {"code": "OperationNotAllowed", "message": "Not this one."}
    assert names[2] in done.stderr
    assert not any(name in done.stderr for name in names if name != names[2])


@each_long_call
def test_an_operation_that_ends_badly_fails_under_its_own_name(operation: Operation, run: Run, sim: Simulator) -> None:
    names = sim.names("flex")
    fault = {"kind": "fail", "code": "AllocationFailed", "message": "No room."}
    sim.add_fault({"vm": names[4], "action": action_of(operation), "fault": fault})
    done = run(*given(operation))
    assert done.exit == 4
    assert status_of_each(done) == {**dict.fromkeys(names, "Succeeded"), names[4]: "Failed"}
    assert done.json[4]["error"] == {"code": "AllocationFailed", "message": "No room."}
    assert done.json[4]["operationUrl"].startswith(sim.url)


@each_operation
def test_it_need_not_be_waited_for(operation: Operation, run: Run, sim: Simulator) -> None:
    sim.configure(seconds=600)
    done = run(*given(operation), "--no-wait")
    assert done.exit == 0, done.stderr
    assert set(status_of_each(done).values()) == {"Accepted"}
    assert len(asked(sim, operation)) == (INSTANCES if operation in EACH else 1)
    assert all(bool(row["operationUrl"]) is operation.is_long for row in done.json)


@each_operation
def test_a_dry_run_sends_nothing_that_acts(operation: Operation, run: Run, sim: Simulator) -> None:
    done = run(*given(operation), "--dry-run")
    assert done.exit == 0, done.stderr
    assert status_of_each(done) == dict.fromkeys(sim.names("flex"), "Planned")
    assert not changes(sim)


@each_operation
def test_a_uniform_set_is_left_alone(operation: Operation, run: Run, sim: Simulator) -> None:
    done = run(*[word.replace("flex", "uniform") for word in given(operation)])
    assert (done.exit, done.stdout) == (1, "")
    assert "Uniform" in done.stderr
    assert "az vmss" in done.stderr
    assert not changes(sim)
