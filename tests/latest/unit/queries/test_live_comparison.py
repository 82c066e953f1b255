"""The rows of `compare` checked against the instances of a set."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from armsim import Simulator
from azext_flexcompare.arm.locks import Lock
from azext_flexcompare.queries.live_comparison import NEEDS, check_live, check_rows
from azext_flexcompare.selection.selection import Choice
from azext_flexcompare.table.comparison import apis, compare_rows
from azext_flexcompare.table.entries import facts
from tests.latest.helpers.factories import instance, scale_set

PLAIN = SimpleNamespace(priority=None, storage_profile=None)
CHOSEN = [instance("a", resource=PLAIN), instance("b", resource=PLAIN)]
RESTART = (None, "restart", None)


def checked(*locks: Lock, filters: tuple[str | None, ...] = RESTART) -> list[dict[str, Any]]:
    return check_rows(compare_rows(*filters), apis(*filters), CHOSEN, locks)


def test_a_row_applies_to_every_instance_that_nothing_hinders() -> None:
    [row, *_] = checked()
    assert (row["instances"], row["applies"], row["whyNot"]) == (2, 2, {})


def test_a_lock_hinders_the_instance_that_it_holds_for() -> None:
    [row, *_] = checked(Lock("l", "ReadOnly", CHOSEN[0].id, None))
    assert (row["applies"], row["whyNot"]) == (1, {"locked: ReadOnly": ["a"]})


def test_what_a_flexible_set_has_not_applies_to_none() -> None:
    rows = checked(filters=(None, None, "none"))
    assert rows
    assert {row["applies"] for row in rows} == {0}
    assert rows[0]["whyNot"] == {"a Flexible set has no such operation": ["a", "b"]}


@pytest.mark.parametrize(
    ("need", "met", "unmet"),
    [
        ("running", instance(), instance(power_state=None)),
        ("allocated", instance(power_state="stopped"), instance(power_state="deallocated")),
        ("spot", instance(resource=SimpleNamespace(priority="SpotPlus")), instance(resource=PLAIN)),
        ("spot", instance(resource=SimpleNamespace(priority="Spot")), instance(resource=PLAIN)),
        ("loadBalancer", instance(scale_set=scale_set()._replace(balanced=True)), instance()),
    ],
)
def test_a_need_is_met_or_not(need: str, met: Any, unmet: Any) -> None:
    assert (NEEDS[need].met(met), NEEDS[need].met(unmet)) == (True, False)


def test_every_need_of_the_table_is_known() -> None:
    assert {need for api in facts()["apis"] for need in api.get("needs", ())} <= {*NEEDS}


def test_a_set_is_checked_as_it_is_now(cli_ctx: Any, sim: Simulator) -> None:
    rows = check_live(cli_ctx, Choice("rg", "flex"), RESTART)
    assert {row["instances"] for row in rows} == {len(sim.names("flex"))}
