"""The commands that put power states back."""

from __future__ import annotations

from typing import Any

import pytest

from azext_flexcompare.joblog.undo import NOTHING, undo_lines
from tests.latest.helpers.logs import OUTCOME, PLAN, PLANNED

SET = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachineScaleSets/web"


def run_of(operation: str, before: dict[str, str | None], failed: str = "", **options: Any) -> list[dict[str, Any]]:
    """Records of a run over instances of these power states, of which one may have failed."""
    planned = [
        {"id": f"/{one}", **PLANNED, "instance": one, "scaleSetId": SET, "powerState": state}
        for one, state in before.items()
    ]
    outcomes = [{**OUTCOME, "id": f"/{one}", "status": "Failed" if one == failed else "Succeeded"} for one in before]
    return [{**PLAN, "operation": operation, "options": options, "instances": planned}, *outcomes]


def command(step: str, *names: str) -> str:
    return f"az vmss-flex {step} --subscription s -g rg -n web --instance-ids {' '.join(names)} --skip-satisfied"


@pytest.mark.parametrize(
    ("operation", "before", "steps"),
    [
        ("deallocate", "running", ["start"]),
        ("deallocate", "stopped", ["start", "stop"]),
        ("deallocate", "hibernated", []),
        ("deallocate", "deallocated", []),
        ("start", "deallocated", ["deallocate"]),
        ("start", "stopped", ["stop"]),
        ("start", "hibernated", ["deallocate --hibernate"]),
        ("stop", "running", ["start"]),
        ("stop", None, []),
        ("stop", "starting", []),
        ("restart", "running", []),
    ],
)
def test_each_state_has_its_way_back(operation: str, before: str | None, steps: list[str]) -> None:
    found = undo_lines(run_of(operation, {"a": before}))
    assert found == ([command(step, "a") for step in steps] or [NOTHING])


def test_hibernated_ones_are_started() -> None:
    assert undo_lines(run_of("deallocate", {"a": "running"}, **{"--hibernate": True})) == [command("start", "a")]


def test_only_what_succeeded_is_undone_in_one_command_for_each_state() -> None:
    found = undo_lines(run_of("deallocate", {"a": "running", "b": "running", "c": "stopped", "d": "running"}, "b"))
    assert found == [command("start", "a", "d"), command("start", "c"), command("stop", "c")]


def test_a_retry_in_the_same_log_is_undone_as_well() -> None:
    first = run_of("stop", {"a": "running", "b": "running"}, "b")
    assert undo_lines([*first, *run_of("stop", {"b": "running"})]) == [command("start", "a", "b")]


def test_what_was_deleted_is_said_and_not_put_back() -> None:
    assert undo_lines(run_of("delete-instances", {"a": "running"})) == ["# Deleted, and not to be put back: a"]


def test_names_that_a_shell_would_read_are_quoted() -> None:
    [line] = undo_lines(run_of("stop", {"$(id)": "running"}))
    assert "'$(id)'" in line


def test_an_operation_that_nobody_knows_is_not_undone() -> None:
    assert undo_lines(run_of("explode", {"a": "running"})) == [NOTHING]
