"""`--map`: the instances by zone and fault domain."""

from __future__ import annotations

import pytest

from armsim import Simulator
from tests.latest.helpers.az import Run


@pytest.mark.parametrize("command", ["list-instances", "get-instance-view"])
@pytest.mark.parametrize("output", ["json", "table", "tsv"])
def test_the_map_is_printed_instead_of_the_list(command: str, output: str, run: Run, sim: Simulator) -> None:
    done = run(command, "--ids", sim.scale_sets["flex"], sim.scale_sets["other"], "--map", "-o", output)
    assert (done.exit, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "flex in rg: 6 instances",
        "         FD 0          FD 1",
        "zone 1   1 .           1 .",
        "zone 2   1 .           1 .",
        "zone 3   1 .           1 .",
        "",
        "other in rg: 3 instances",
        "         FD 0          FD 1          FD 2",
        "no zone  1 .           1 .           1 .",
        "",
        ". running (9)",
    ]


def test_the_map_shows_what_was_chosen_only(run: Run) -> None:
    done = run("list-instances", "-g", "rg", "-n", "flex", "--zone", "1", "--map")
    assert done.stdout.startswith("flex in rg: 2 instances\n")
