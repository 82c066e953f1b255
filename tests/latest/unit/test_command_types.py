"""The entries of the table as commands of `az`."""

from __future__ import annotations

from typing import Any

import pytest

from azext_flexcompare import COMMAND_LOADER_CLS
from azext_flexcompare._command_types import (
    MADE_HERE,
    InstanceCommand,
    NatRuleCommand,
    OperationCommand,
    SetCommand,
    WaitCommand,
)
from azext_flexcompare._validators import ACTING, CHOICE, CHOICE_OF_SETS
from azext_flexcompare.table.entries import operations

REIMAGE = next(one for one in operations() if one.name == "reimage")


@pytest.fixture
def loader(cli_ctx: Any) -> Any:
    return COMMAND_LOADER_CLS(cli_ctx)


def names_of(command: InstanceCommand) -> set[str]:
    return {name for name, _ in command.arguments_loader()}


def test_no_argument_is_made_of_what_the_command_puts_together(loader: Any) -> None:
    commands = [InstanceCommand(loader, "show"), OperationCommand(loader, REIMAGE)]
    assert not {name for one in commands for name in names_of(one)} & {*MADE_HERE}


@pytest.mark.parametrize(
    ("make", "function", "chosen_by"),
    [(InstanceCommand, "show", CHOICE), (SetCommand, "set_orchestration_service_state", CHOICE_OF_SETS)],
)
def test_a_command_has_the_arguments_that_choose(
    make: type[InstanceCommand], function: str, chosen_by: tuple[str, ...], loader: Any
) -> None:
    assert {*chosen_by} <= names_of(make(loader, function))


def test_an_operation_has_its_own_options_and_those_of_every_operation(loader: Any) -> None:
    command = OperationCommand(loader, REIMAGE)
    assert {option.dest for option in REIMAGE.options} | {*ACTING} <= names_of(command)
    assert command.description_loader() == REIMAGE.summary


def test_only_what_acts_can_be_left_unawaited(loader: Any) -> None:
    assert "no_wait" in names_of(NatRuleCommand(loader, "nat_rule_create"))
    assert "no_wait" not in names_of(InstanceCommand(loader, "show"))


@pytest.mark.parametrize(
    ("acting", "elsewhere"),
    [({}, False), ({"resume": "log"}, True), ({"retry_failed": "log"}, True), ({"job_log": "log"}, False)],
)
def test_a_job_log_that_is_resumed_has_the_instances(acting: dict[str, str], elsewhere: bool, loader: Any) -> None:
    given = {"acting": {**dict.fromkeys(ACTING), **acting}}
    assert OperationCommand(loader, REIMAGE).chosen_elsewhere(given) is elsewhere


def test_a_job_log_that_is_awaited_has_the_instances(loader: Any) -> None:
    command = WaitCommand(loader, "wait")
    assert [command.chosen_elsewhere({"job_log": log}) for log in (None, "log")] == [False, True]
