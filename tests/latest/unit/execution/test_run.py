"""One run: confirm, execute, conclude."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from azure.cli.core.azclierror import RequiredArgumentMissingError, ValidationError

from armsim import Simulator
from armsim.world.description import default_description
from azext_flexcompare.execution.run import run_operation
from azext_flexcompare.planning.run_options import RunOptions
from azext_flexcompare.selection.selection import Choice
from azext_flexcompare.table.entries import operations
from tests.latest.helpers.worlds import changes

BY_NAME = {one.name: one for one in operations()}
FLEX = Choice("rg", "flex")


def test_each_chosen_instance_gets_one_call_and_one_row(cli_ctx: Any, sim: Simulator) -> None:
    first, second, *_ = sim.names("flex")
    rows = run_operation(
        cli_ctx, BY_NAME["restart"], FLEX._replace(names=(second, first)), {}, run_options=RunOptions()
    )
    assert [(row["instance"], row["status"]) for row in rows] == [(second, "Succeeded"), (first, "Succeeded")]
    assert sim.accepted() == {(first, "restart"): 1, (second, "restart"): 1}


def test_a_dry_run_sends_nothing_and_tells_the_batches(
    cli_ctx: Any, sim: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        rows = run_operation(
            cli_ctx, BY_NAME["restart"], FLEX, {}, run_options=RunOptions(dry_run=True, batch_by=("zone",))
        )
    assert {row["status"] for row in rows} == {"Planned"}
    assert caplog.messages[:3] == [f"Batch {number} of 3: 2 instances, zone {number}" for number in (1, 2, 3)]
    assert changes(sim) == []


def test_a_dry_run_names_the_lock_that_stands_in_the_way(cli_ctx: Any, sim: Simulator) -> None:
    world = default_description(2)
    world["resourceGroups"]["rg"]["scaleSets"]["flex"]["overrides"] = {"#0": {"locks": {"mine": {"level": "ReadOnly"}}}}
    sim.reset(world)
    rows = run_operation(cli_ctx, BY_NAME["restart"], FLEX, {}, run_options=RunOptions(dry_run=True))
    assert [row["reason"] for row in rows] == ["Locked: ReadOnly by mine", None]


def test_what_destroys_wants_the_instances_named(cli_ctx: Any, sim: Simulator) -> None:
    with pytest.raises(RequiredArgumentMissingError, match="--instance-ids is missing"):
        run_operation(cli_ctx, BY_NAME["delete-instances"], FLEX, {}, run_options=RunOptions(yes=True))
    assert sim.requests() == []


def test_a_wrong_choice_is_raised_before_anything_is_sent(cli_ctx: Any, sim: Simulator, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with pytest.raises(ValidationError):
        run_operation(
            cli_ctx, BY_NAME["restart"], FLEX._replace(zones=("9",)), {}, run_options=RunOptions(job_log=str(log))
        )
    assert changes(sim) == []
    assert not log.exists()
