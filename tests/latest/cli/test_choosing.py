"""Choices that need a world of their own: sets without instances, lists that change, rights that are missing."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from armsim import Simulator
from armsim.world.description import default_description
from tests.latest.helpers.az import FLEX, Run, WarmAz
from tests.latest.helpers.faults import FAILS
from tests.latest.helpers.worlds import changes

READS = [
    ("list-instances",),
    ("list-instances", "--map"),
    ("show",),
    ("get-instance-view",),
    ("extension", "list"),
    ("protection", "show"),
    ("wait", "--updated"),
    ("wait", "--deleted"),
]
ACTS = [
    ("restart",),
    ("restart", "--dry-run"),
    ("restart", "--no-wait"),
    ("restart", "--batch-by", "zone", "--batch-size", "1", "50%"),
    ("restart", "--engine", "set"),
    ("start", "--engine", "bulk"),
    ("restart", "--max-errors", "0", "--health-gate", "vm-agent"),
    ("update", "--tags", "a=b"),
    ("delete-instances", "--instance-ids", "*", "--yes"),
    ("update-instances", "--instance-ids", "*"),
    ("protection", "set", "--level", "CanNotDelete"),
]


@pytest.fixture
def empty(sim: Simulator) -> Simulator:
    """A simulated Azure whose set `flex` has no instance."""
    world: dict[str, Any] = default_description(0)
    sim.reset(world)
    return sim


@pytest.mark.parametrize("command", [*READS, *ACTS], ids=" ".join)
def test_a_set_without_instances_is_an_empty_list(command: tuple[str, ...], run: Run, empty: Simulator) -> None:
    set_of = ("-g", "rg", "--vmss-name", "flex")
    done = run(*command, *set_of)
    assert done.exit == 0, done.stderr
    assert done.stdout.strip() == ("" if "--map" in command else "[]")
    assert "No instances: flex." in done.stderr or "--deleted" in command
    assert changes(empty) == []


@pytest.mark.parametrize(
    "more", [("--zone", "1"), ("--instance-ids", "a"), ("--exclude", "a"), ("--unhealthy",), ("--sample", "1")]
)
def test_a_set_without_instances_does_not_excuse_a_choice_that_asks_for_some(
    more: tuple[str, ...], run: Run, empty: Simulator
) -> None:
    done = run("restart", *FLEX, *more)
    assert (done.exit, done.stdout) == (1, "")
    assert changes(empty) == []


def test_a_file_that_cannot_be_read_is_no_name(run: Run, sim: Simulator, tmp_path: Path) -> None:
    (tmp_path / "names").write_text("\n".join(sim.names("flex")[:2]))
    assert len(run("restart", *FLEX, "--instance-ids", "@names", cwd=tmp_path).json) == 2
    sim.reset()
    for option in ("--instance-ids", "--exclude", "--zone", "--tag"):
        done = run("restart", *FLEX, option, "@nowhere", cwd=tmp_path)
        assert done.exit == 1
        assert f"{option}: the file nowhere cannot be read" in done.stderr
    assert changes(sim) == []


def test_a_sample_is_drawn_once(warm: WarmAz, sim: Simulator, tmp_path: Path) -> None:
    sim.add_fault({"action": "restart", "times": 1, "per": "all", "fault": FAILS})
    drawn = ("--sample", "2", "--batch-size", "1", "--max-errors", "1", "--job-log", str(tmp_path / "log"))
    first = warm.run("restart", *FLEX, *drawn)
    names = [row["instance"] for row in first.json]
    assert [row["status"] for row in first.json] == ["Failed", "NotStarted"]
    other = warm.run("restart", "--retry-failed", str(tmp_path / "log"), "--sample", "3")
    assert (other.exit, other.stdout) == (1, "")
    assert "its sample is not 3" in other.stderr
    flag = warm.run("restart", "--retry-failed", str(tmp_path / "log"), "--unhealthy")
    assert (flag.exit, flag.stdout) == (1, "")
    assert "its unhealthy is not true" in flag.stderr
    done = warm.run("restart", "--retry-failed", str(tmp_path / "log"), "--sample", "2")
    assert [row["instance"] for row in done.json] == names
    assert {one["vm"] for one in changes(sim)} == {*names}


def test_the_way_to_retry_names_the_instances_of_a_sample(warm: WarmAz, sim: Simulator) -> None:
    sim.add_fault({"action": "restart", "fault": FAILS})
    done = warm.run("restart", *FLEX, "--sample", "50%")
    names = [row["instance"] for row in done.json]
    assert len(names) == 3
    again = done.stderr.partition("To retry: az vmss-flex ")[2].splitlines()[0]
    assert [row["instance"] for row in warm.run(*shlex.split(again)).json] == names


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (
            ("delete-instances", "--instance-ids", "*", "--all-sets", "-g", "", "--subscription", "X", "-y"),
            "--resource-group",
        ),
        (
            ("delete-instances", "--instance-ids", "*", "--all-sets", "-g", "rg", "--subscription", "", "-y"),
            "--subscription",
        ),
        (("list-instances", "--all-sets", "--subscription", ""), "--subscription"),
        (("list-instances", "--all-sets", "-g", "rg", "-n", ""), "--name"),
        (("restart", "-g", "rg", "--vmss-name", ""), "--name"),
        (("restart", "-g", "rg", "--all-sets", "--set-tag", ""), "--set-tag"),
        (("nat-rule", "list", *FLEX, "--lb-name", ""), "--lb-name"),
        (
            (
                *("nat-rule", "create", *FLEX, "--lb-name", "lb", "--backend-port", "1"),
                *("--frontend-port-start", "50000", "--frontend-ip", ""),
            ),
            "--frontend-ip-name",
        ),
        (
            ("extension", "set", "-g", "rg", "--vmss-name", "flex", "-n", "e", "--publisher", "p", "--version", ""),
            "--version",
        ),
        (("compare", "-g", "", "-n", "flex"), "--resource-group"),
        (("undrain", "--all-sets", "-g", "", "--subscription", "X"), "--resource-group"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else None,
)
def test_an_empty_name_is_refused_and_never_left_out(
    words: tuple[str, ...], option: str, warm: WarmAz, sim: Simulator
) -> None:
    done = warm.run(*words)
    assert (done.exit, done.stdout) == (1, "")
    assert f"{option} is empty" in done.stderr
    assert sim.requests() == []
