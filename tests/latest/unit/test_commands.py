"""Which commands there are."""

from __future__ import annotations

from typing import Any

import pytest

from azext_flexcompare import COMMAND_LOADER_CLS, commands, custom
from azext_flexcompare._command_types import OperationCommand, RefusalCommand
from azext_flexcompare.table.entries import operations, others, refusals


@pytest.fixture
def table(cli_ctx: Any) -> dict[str, Any]:
    return COMMAND_LOADER_CLS(cli_ctx).load_command_table(None)


def test_every_entry_of_the_table_is_a_command_and_no_other_is(table: dict[str, Any]) -> None:
    named = [*(one.words for one in operations()), *(one.name for one in (*refusals(), *others()))]
    assert set(table) == {f"{commands.GROUP} {name}" for name in named}


def test_operations_act_and_refusals_refuse(table: dict[str, Any]) -> None:
    kinds = {
        name: type(command.handler.__self__) for name, command in table.items() if hasattr(command.handler, "__self__")
    }
    assert {kinds[f"vmss-flex {one.words}"] for one in operations()} == {OperationCommand}
    assert {kinds[f"vmss-flex {one.name}"] for one in refusals()} == {RefusalCommand}


@pytest.mark.parametrize("name", commands.HAND_WRITTEN)
def test_a_command_that_is_written_by_hand_has_its_function(name: str) -> None:
    assert callable(getattr(custom, commands.HAND_WRITTEN[name][1]))


def test_every_operation_is_laid_out_as_a_table(table: dict[str, Any]) -> None:
    assert all(table[f"vmss-flex {one.words}"].table_transformer for one in operations())
