"""Instances that are protected from scale set actions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError

from armsim import Simulator
from armsim.world.description import default_description
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.polling import Completed
from azext_flexcompare.execution.set_protection import OUT_OF_REACH, PROTECTED, Protection, by_name, protecting
from azext_flexcompare.instances import Instance
from azext_flexcompare.planning.run_options import RunOptions
from azext_flexcompare.planning.work import Skip, Work
from azext_flexcompare.scheduler.poller import Departed, Poller
from tests.latest.helpers.factories import WEB, instance
from tests.latest.helpers.worlds import OPERATIONS

Members = Callable[[], list[Instance]]


@pytest.fixture
def protected(sim: Simulator) -> str:
    """The name of the first instance of `flex`, which is protected."""
    world = default_description(3)
    world["resourceGroups"]["rg"]["scaleSets"]["flex"]["overrides"] = {"#0": {"protectFromScaleSetActions": True}}
    sim.reset(world)
    return sim.names("flex")[0]


@pytest.mark.parametrize(
    ("choice", "named"),
    [
        ({"names": ("VM",)}, True),
        ({"names": ["other", instance().id.upper()]}, True),
        ({"names": [f"{WEB.id}/virtualMachines/vm"]}, True),
        ({"ids": [instance().id]}, True),
        ({"names": ("*",)}, False),
        ({"names": ("v*", "v?", "[v]m")}, False),
        ({"ids": [WEB.id.replace("/web", "/vm")]}, False),
        ({"names": None, "ids": None}, False),
        ({"zones": ["1"]}, False),
    ],
)
def test_an_instance_was_chosen_by_its_name_or_not(choice: dict[str, Any], named: bool) -> None:
    assert by_name(choice)(instance()) is named


def test_a_protected_instance_gets_no_call(azure: Azure, members: Members, protected: str) -> None:
    protection = Protection(azure)
    calls: list[str] = []

    def call(name: str) -> Callable[[], Poller]:
        return lambda: calls.append(name) or Completed()  # type: ignore[func-returns-value]

    first, second, _ = (protection.guard(Work([one], call(one.name))) for one in members())
    with pytest.raises(Departed) as departed:
        first.call()  # type: ignore[operator]
    assert departed.value.reason == PROTECTED
    second.call()  # type: ignore[operator]
    assert protected not in calls
    assert len(calls) == 1
    assert list(protection.reasons(members())) == [members()[0].id]


def prepare(instances: list[Instance]) -> list[Work]:
    return [Work([one], Completed) for one in instances]


def test_a_plan_that_shows_or_asks_leaves_it_out(azure: Azure, members: Members, protected: str) -> None:
    for operation, run_options in (
        ("restart", RunOptions(dry_run=True)),
        ("restart", RunOptions(engine="set")),
        ("delete-instances", RunOptions()),
        ("update-instances", RunOptions()),
    ):
        found = protecting(azure, OPERATIONS[operation], run_options, prepare, choice={})(members())
        assert [one.instances[0].name for one in found if isinstance(one.call, Skip)] == [protected]


def test_it_is_not_left_out_where_it_is_wanted(azure: Azure, members: Members, protected: str) -> None:
    restart, remove = OPERATIONS["restart"], OPERATIONS["protection remove"]
    assert protecting(azure, restart, RunOptions(include_protected=True), prepare, choice={}) is prepare
    assert protecting(azure, remove, RunOptions(), prepare, choice={}) is prepare
    named = protecting(azure, restart, RunOptions(dry_run=True), prepare, choice={"names": [protected]})
    assert not any(isinstance(one.call, Skip) for one in named(members()))


def test_a_call_that_may_have_been_sent_is_no_skip(azure: Azure, members: Members, protected: str) -> None:
    options = RunOptions(engine="set")
    found = protecting(azure, OPERATIONS["restart"], options, prepare, choice={}, resumed=True)(members()[:1])
    assert [one.instances[0].name for one in found if not isinstance(one.call, Skip)] == [protected]


@pytest.mark.parametrize("options", [RunOptions(engine="set"), RunOptions(engine="set", include_protected=True)])
def test_a_call_of_the_set_reaches_none_that_is_protected(
    azure: Azure, members: Members, protected: str, options: RunOptions
) -> None:
    choice, operation = {"names": [protected]}, OPERATIONS["restart"]
    with pytest.raises(InvalidArgumentValueError, match=protected):
        protecting(azure, operation, options, prepare, choice=choice)(members())
    resumed = protecting(azure, operation, options, prepare, choice=choice, resumed=True)(members())
    assert [(one.instances[0].name, one.call) for one in resumed if isinstance(one.call, Skip)] == [
        (protected, Skip(OUT_OF_REACH))
    ]
    assert len(resumed) == 3
