"""Repeated commands, which lose and double nothing."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from armsim import Simulator
from armsim.world.description import default_description
from azext_flexcompare.arm.locks import OURS
from tests.latest.helpers.az import INSTANCES, Run

PLACE = ("-g", "rg", "--vmss-name", "flex")
CUSTOM = ("-n", "customScript", "--publisher", "Microsoft.Azure.Extensions", "--version", "2.1")


@pytest.fixture(autouse=True)
def one_is_locked_and_one_has_the_extension(sim: Simulator) -> None:
    world = default_description(INSTANCES)
    world["resourceGroups"]["rg"]["scaleSets"]["flex"]["overrides"] = {
        "#1": {"locks": {"theirs": {"level": "ReadOnly"}}},
        "#2": {"extensions": ["customScript"]},
    }
    sim.reset(world)


def twice(run: Run, *command: str) -> tuple[list[Any], list[Any]]:
    first, second = run(*command), run(*command)
    assert len(first.json) == len(second.json) == INSTANCES
    return first.json, second.json


def counted(rows: list[Any]) -> Counter[str]:
    return Counter(row["status"] for row in rows)


def test_an_extension_is_set_once_on_all_but_the_locked_one(run: Run, sim: Simulator) -> None:
    for rows in twice(run, "extension", "set", *PLACE, *CUSTOM):
        assert counted(rows) == {"Succeeded": 5, "Failed": 1}
        assert rows[1]["error"]["code"] == "ScopeLocked"
    listed = run("extension", "list", *PLACE).json
    names = [[one["name"] for one in row["extensions"]] for row in listed]
    assert names == [["customScript"]] * 1 + [[]] + [["customScript"]] * 4
    assert [row["instance"] for row in listed] == sim.names("flex")


def test_a_lock_is_put_once_and_removed_once_and_theirs_stays(run: Run) -> None:
    for rows in twice(run, "protection", "set", *PLACE, "--level", "CanNotDelete", "--notes", "night"):
        assert counted(rows) == {"Succeeded": 6}
    locks = [[one["name"] for one in row["locks"]] for row in run("protection", "show", *PLACE).json]
    assert [sorted(each) for each in locks] == [[OURS], sorted([OURS, "theirs"]), *[[OURS]] * 4]
    removed, again = twice(run, "protection", "remove", *PLACE)
    assert (counted(removed), counted(again)) == ({"Succeeded": 6}, {"Skipped": 6})
    left = [[one["name"] for one in row["locks"]] for row in run("protection", "show", *PLACE).json]
    assert left == [[], ["theirs"], [], [], [], []]


def test_a_tag_is_set_once_on_all_but_the_locked_one(run: Run) -> None:
    first, second = twice(run, "update", *PLACE, "--tags", "stage=canary")
    assert counted(first) == {"Succeeded": 5, "Failed": 1}
    assert counted(second) == {"Skipped": 5, "Failed": 1}
    tags = [row["tags"] for row in run("list-instances", *PLACE).json]
    assert all(one.pop("VirtualMachineProfileTimeCreated") for one in tags)
    assert tags == [{"role": "web", "stage": "canary"}] + [{"role": "web"}] + [{"role": "web", "stage": "canary"}] * 4
