"""Instances that are protected from scale set actions, through the real `az`."""

from __future__ import annotations

from pathlib import Path

import pytest

from armsim import Simulator
from armsim.world.description import default_description
from tests.latest.helpers.az import FLEX, Run, WarmAz
from tests.latest.helpers.rows import status_of_each, statuses
from tests.latest.helpers.worlds import changes

SKIPPED = {"Succeeded": 5, "Skipped": 1}


@pytest.fixture
def protected(sim: Simulator) -> str:
    """The name of the one instance of `flex` that is protected."""
    world = default_description(6)
    world["resourceGroups"]["rg"]["scaleSets"]["flex"]["overrides"] = {"#1": {"protectFromScaleSetActions": True}}
    sim.reset(world)
    return sim.names("flex")[1]


@pytest.mark.parametrize(
    "command",
    [
        ("restart",),
        ("restart", "--instance-ids", "*", "--batch-size", "2"),
        ("restart", "--zone", "1", "2", "3"),
        ("restart", "--engine", "set"),
        ("deallocate", "--engine", "bulk"),
        ("delete-instances", "--instance-ids", "*", "--yes"),
        ("update", "--tags", "a=b"),
        ("update-instances", "--instance-ids", "*"),
    ],
    ids=" ".join,
)
def test_a_protected_instance_is_left_out(run: Run, sim: Simulator, protected: str, command: tuple[str, ...]) -> None:
    operation, *options = command
    done = run(operation, *FLEX, *options)
    assert (done.exit, statuses(done)) == (0, SKIPPED)
    (skipped,) = [row for row in done.json if row["status"] == "Skipped"]
    assert skipped["instance"] == protected
    assert skipped["reason"] == "It is protected from scale set actions; --include-protected acts on it."
    assert protected not in {name for name, _ in sim.accepted()}


@pytest.mark.parametrize("options", [("--include-protected",), ("--instance-ids",)])
def test_a_protected_instance_is_acted_on_if_that_was_asked_for(
    run: Run, sim: Simulator, protected: str, options: tuple[str, ...]
) -> None:
    named = sim.names("flex") if options == ("--instance-ids",) else ()
    done = run("restart", *FLEX, *options, *named)
    assert (done.exit, statuses(done)) == (0, {"Succeeded": 6})
    assert sim.accepted()[protected, "restart"] == 1


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
@pytest.mark.parametrize("options", [("--include-protected",), ("--instance-ids",)])
def test_a_call_of_the_set_is_refused_where_it_would_leave_out_an_instance_that_was_asked_for(
    warm: WarmAz, sim: Simulator, protected: str, options: tuple[str, ...], more: tuple[str, ...]
) -> None:
    named = sim.names("flex") if options == ("--instance-ids",) else ()
    done = warm.run("restart", *FLEX, "--engine", "set", *options, *named, *more)
    assert (done.exit, done.stdout) == (1, "")
    assert f"does not act on instances that are protected from scale set actions: {protected}." in done.stderr
    assert "Use --engine vm, or leave them out with --exclude." in done.stderr
    assert not changes(sim)
    others = warm.run("restart", *FLEX, "--engine", "set", *options, *named, "--exclude", protected)
    assert (others.exit, statuses(others)) == (0, {"Succeeded": 5})


def test_the_dry_run_and_the_question_count_it(run: Run, sim: Simulator, protected: str) -> None:
    dry = run("restart", *FLEX, "--dry-run")
    assert status_of_each(dry)[protected] == "Skipped"
    asked = run("delete-instances", *FLEX, "--instance-ids", "*")
    assert asked.exit == 1
    assert "5 instances of scale set flex" in asked.stderr
    assert not changes(sim)


def test_a_role_that_may_not_read_the_policy_acts_with_a_warning(run: Run, sim: Simulator, protected: str) -> None:
    sim.add_fault({"action": "showInstance", "fault": {"status": 403, "code": "AuthorizationFailed"}})
    done = run("restart", *FLEX)
    assert (done.exit, statuses(done)) == (0, {"Succeeded": 6})
    assert "The protection policies of flex cannot be read" in done.stderr
    assert sim.accepted()[protected, "restart"] == 1


@pytest.mark.parametrize("way", ["--resume", "--retry-failed"])
def test_a_later_run_leaves_it_out_as_well(run: Run, sim: Simulator, protected: str, tmp_path: Path, way: str) -> None:
    log = str(tmp_path / "log")
    sim.add_fault({"action": "restart", "vm": sim.names("flex")[0], "times": 1, "fault": {"status": 409}})
    first = run("restart", *FLEX, "--batch-size", "1", "--max-errors", "0", "--job-log", log)
    assert (first.exit, statuses(first)) == (5, {"Failed": 1, "NotStarted": 5})
    again = run("restart", way, log)
    assert status_of_each(again)[protected] == "Skipped"
    assert (protected, "restart") not in sim.accepted()


def test_an_instance_that_cannot_be_read_keeps_no_other_waiting(warm: WarmAz, sim: Simulator) -> None:
    first = sim.names("flex")[0]
    sim.add_fault({"action": "showInstance", "vm": first, "times": 2, "fault": {"status": 500}})
    done = warm.run("restart", *FLEX, "--max-parallel", "1")
    assert (done.exit, statuses(done)) == (0, {"Succeeded": 6})
    assert [one["vm"] for one in changes(sim)].index(first) > 0


def test_an_instance_that_stays_unreadable_says_so(warm: WarmAz, sim: Simulator) -> None:
    first = sim.names("flex")[0]
    sim.add_fault({"action": "showInstance", "vm": first, "fault": {"status": 500, "code": "InternalError"}})
    done = warm.run("restart", *FLEX, "--max-parallel", "1", "--timeout", "1")
    assert (done.exit, statuses(done)) == (4, {"Succeeded": 5, "TimedOut": 1})
    (row,) = [one for one in done.json if one["status"] == "TimedOut"]
    assert (row["instance"], row["error"]["code"]) == (first, "Unanswered")
    assert "InternalError" in row["error"]["message"]
