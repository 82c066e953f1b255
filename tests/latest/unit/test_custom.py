"""The functions behind the commands."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from azure.cli.core.azclierror import ValidationError

from armsim import Simulator
from azext_flexcompare import custom
from azext_flexcompare.selection.selection import Choice
from azext_flexcompare.table.comparison import command_rows, compare_rows
from azext_flexcompare.table.entries import refusals

FLEX = Choice("rg", "flex")


@pytest.fixture
def cmd(cli_ctx: Any) -> Any:
    return SimpleNamespace(cli_ctx=cli_ctx)


def test_without_a_set_the_table_is_compared_as_it_stands() -> None:
    assert custom.compare(None) == compare_rows(None, None, None)
    assert custom.compare(None, operation="restart", by="command") == command_rows("restart")


def test_with_a_set_the_table_is_checked_against_it(cmd: Any, sim: Simulator) -> None:
    rows = custom.compare(cmd, operation="restart", resource_group_name="rg", vmss_name="flex")
    assert {row["instances"] for row in rows} == {len(sim.names("flex"))}


def test_instances_are_listed_or_drawn(cmd: Any, sim: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    rows = custom.list_instances(cmd, FLEX)
    assert rows is not None
    assert [row["instance"] for row in rows] == sim.names("flex")
    assert custom.list_instances(cmd, FLEX, as_map=True) is None
    assert capsys.readouterr().out.startswith("flex in rg: 6 instances\n")


def test_each_instance_has_its_view(cmd: Any) -> None:
    rows = custom.get_instance_view(cmd, FLEX)
    assert rows is not None
    assert all(row["instanceView"].statuses for row in rows)


@pytest.mark.parametrize("refusal", refusals(), ids=lambda one: one.name)
def test_a_refusal_says_why_and_what_to_do(refusal: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        custom.refuse(None, refusal, FLEX)
    assert str(refused.value) == f"{refusal.name}: {refusal.because}"
    assert refused.value.recommendations == [refusal.instead]
