"""`show`, `extension show|list` and `protection show`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from azure.cli.core.azclierror import ResourceNotFoundError

from armsim import Simulator
from armsim.world.description import default_description
from azext_flexcompare.queries.show import list_extensions, show_extension, show_instances, show_protection
from azext_flexcompare.selection.selection import Choice

FLEX = Choice("rg", "flex")


@pytest.fixture
def there(sim: Simulator) -> Callable[..., list[str]]:
    def there(run_options: dict[str, Any]) -> list[str]:
        world = default_description(2)
        world["resourceGroups"]["rg"]["scaleSets"]["flex"]["overrides"] = {"#0": run_options}
        sim.reset(world)
        return sim.names("flex")

    return there


def test_an_instance_is_shown_whole_with_what_its_set_knows(cli_ctx: Any, sim: Simulator) -> None:
    shown = show_instances(cli_ctx, FLEX)
    assert [one["name"] for one in shown] == sim.names("flex")
    assert {type(one["scaleSetView"]["latestModelApplied"]) for one in shown} == {bool}
    assert all(one["hardwareProfile"]["vmSize"] for one in shown)


def test_an_instance_without_the_extension_is_no_error(cli_ctx: Any, there: Callable[..., list[str]]) -> None:
    names = there({"extensions": ["customScript"]})
    rows = show_extension(cli_ctx, FLEX, "customScript")
    assert [(row["instance"], bool(row["extension"]), row["error"]) for row in rows] == [
        (names[0], True, None),
        (names[1], False, None),
    ]


def test_an_extension_that_no_instance_has_is_not_found(cli_ctx: Any) -> None:
    with pytest.raises(ResourceNotFoundError, match="None of the 6 chosen instances has an extension called nothing"):
        show_extension(cli_ctx, FLEX, "nothing")


def test_the_extensions_of_each_instance_are_listed(cli_ctx: Any, there: Callable[..., list[str]]) -> None:
    there({"extensions": ["customScript"]})
    rows = list_extensions(cli_ctx, FLEX)
    assert [[one.name for one in row["extensions"]] for row in rows] == [["customScript"], []]


def test_locks_are_shown_with_where_they_come_from(cli_ctx: Any, there: Callable[..., list[str]]) -> None:
    there({"locks": {"mine": {"level": "ReadOnly"}}})
    first, second = show_protection(cli_ctx, FLEX)
    assert [(one["name"], one["inherited"], one["ours"]) for one in first["locks"]] == [("mine", False, False)]
    assert second["locks"] == []
