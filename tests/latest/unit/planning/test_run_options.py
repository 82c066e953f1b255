"""The options that every operation takes, checked and as a job log keeps them."""

from __future__ import annotations

from typing import Any

import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError, MutuallyExclusiveArgumentError

from azext_flexcompare.planning.batches import parse_batch_size
from azext_flexcompare.planning.run_options import RunOptions, merge_run_options
from azext_flexcompare.table.entries import operations

GIVEN = {
    "batch_size": (parse_batch_size("1"),),
    "batch_by": ("zone",),
    "batch_pause": 1.0,
    "health_gate": "vm-agent",
}


@pytest.mark.parametrize("name", GIVEN)
def test_what_waits_for_ends_does_not_go_with_no_wait(name: str) -> None:
    restart = next(one for one in operations() if one.name == "restart")
    RunOptions(**{name: GIVEN[name]}).check(restart)
    with pytest.raises(MutuallyExclusiveArgumentError, match=f"--{name.replace('_', '-')}"):
        RunOptions(**{name: GIVEN[name]}, no_wait=True).check(restart)


UNHEALTHY = {"stop", "power-off", "deallocate", "delete-instances", "simulate-eviction"}


@pytest.mark.parametrize("operation", operations(), ids=lambda one: one.name)
def test_a_gate_of_health_is_refused_where_nothing_is_healthy_afterwards(operation: Any) -> None:
    if operation.name in UNHEALTHY:
        with pytest.raises(InvalidArgumentValueError, match="no instance is healthy"):
            RunOptions(health_gate="vm-agent").check(operation)
    else:
        RunOptions(health_gate="vm-agent").check(operation)


def test_the_options_of_a_log_can_be_repeated_but_not_changed() -> None:
    recorded = RunOptions(
        batch_size=(parse_batch_size("1"), parse_batch_size("10%")),
        batch_by=("zone",),
        batch_pause=5,
        max_errors=parse_batch_size("3"),
    ).to_log()
    again = merge_run_options(
        {"batch_size": [parse_batch_size("1"), parse_batch_size("10%")], "batch_by": ["zone"], "batch_pause": 0.0},
        recorded,
    )
    assert again == merge_run_options({}, recorded)._replace(batch_pause=0)
    with pytest.raises(MutuallyExclusiveArgumentError, match="--batch-size"):
        merge_run_options({"batch_size": [parse_batch_size("2")]}, recorded)
    assert merge_run_options({"batch_size": [parse_batch_size("2")]}, recorded, anew=True).batch_size == (
        parse_batch_size("2"),
    )


def test_a_log_with_an_invalid_batch_size_is_refused() -> None:
    with pytest.raises(InvalidArgumentValueError, match="none is no size"):
        merge_run_options({}, {**RunOptions().to_log(), "batchSize": ["none"]})
