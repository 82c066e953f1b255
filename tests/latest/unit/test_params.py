"""The arguments of the commands."""

from __future__ import annotations

import re
from typing import Any

import pytest

from azext_flexcompare import COMMAND_LOADER_CLS
from azext_flexcompare._params import KINDS
from azext_flexcompare._validators import CHOICE
from azext_flexcompare.planning.run_options import RUN_OPTIONS
from azext_flexcompare.table.entries import operations
from tools.wheel import ROOT


@pytest.fixture
def loader(cli_ctx: Any) -> Any:
    made = COMMAND_LOADER_CLS(cli_ctx)
    made.load_command_table(None)
    parts = {name: getattr(cli_ctx, name) for name in ("commands_loader_cls", "parser_cls", "help_cls")}
    cli_ctx.invocation = cli_ctx.invocation_cls(cli_ctx=cli_ctx, **parts)
    cli_ctx.invocation.commands_loader = made
    return made


def arguments_of(loader: Any, command: str) -> dict[str, Any]:
    loader.cli_ctx.invocation.data["command_string"] = f"vmss-flex {command}"
    loader.load_arguments(f"vmss-flex {command}")
    loader.command_table[f"vmss-flex {command}"].load_arguments()
    loader._update_command_definitions()
    found: dict[str, Any] = loader.command_table[f"vmss-flex {command}"].arguments
    return found


def test_every_kind_of_option_in_the_table_is_known() -> None:
    assert {option.type for one in operations() for option in one.options} <= {*KINDS}


def test_an_operation_takes_what_chooses_instances_and_its_own_options(loader: Any) -> None:
    found = arguments_of(loader, "reimage")
    assert {*CHOICE, "resource_group_name", "vmss_name", "temp_disk", "max_parallel", "no_wait"} - {*found} == set()


@pytest.mark.parametrize(
    ("command", "argument", "options"),
    [
        ("restart", "vmss_name", ["--name", "-n", "--vmss-name"]),
        ("extension show", "vmss_name", ["--vmss-name"]),
        ("extension show", "name", ["--name", "-n"]),
        ("list-instances", "as_map", ["--map"]),
        ("report", "file", ["--file", "-f"]),
    ],
)
def test_the_names_of_an_option(command: str, argument: str, options: list[str], loader: Any) -> None:
    assert arguments_of(loader, command)[argument].options_list == options


def test_a_choice_of_an_option_is_that_of_the_table(loader: Any) -> None:
    for one in operations():
        chosen = [option for option in one.options if option.choices]
        found = arguments_of(loader, one.name) if chosen else {}
        for option in chosen:
            assert {*found[option.dest].type.settings["choices"]} == {*option.choices}


def test_the_headings_of_the_help_follow_the_way_of_a_run(loader: Any) -> None:
    # The CLI sorts them by name, after the arguments without a heading.
    found = {name: one.type.settings.get("arg_group") for name, one in arguments_of(loader, "reimage").items()}
    assert (found["resource_group_name"], found["vmss_name"]) == (None, None)
    order = [found[name] for name in ("ids", "temp_disk", "max_parallel", "batch_size", "job_log")]
    assert order == sorted({*order})
    assert {found[option.name] for option in RUN_OPTIONS} == {*order[2:]}
    assert {*found.values()} - {None, *order} <= {"Global Policy"}


@pytest.mark.parametrize(
    ("command", "engines"), [("start", ["vm", "set", "bulk"]), ("restart", ["vm", "set"]), ("redeploy", ["vm"])]
)
def test_only_the_engines_of_a_command_are_offered(command: str, engines: list[str], loader: Any) -> None:
    settings = arguments_of(loader, command)["engine"].type.settings
    assert list(settings["choices"]) == engines
    assert re.findall(r"\((\w+)\)", settings["help"]) == engines
    assert "bulk" in settings["choices"]
    assert "jet" not in settings["choices"]


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("run-command list", {"--expand"}),
        ("run-command show", {"--instance-view", "--name"}),
        ("run-command wait", {"--name"}),
    ],
)
def test_a_document_lists_the_options_that_a_command_takes(command: str, options: set[str]) -> None:
    listed = (ROOT / "docs" / "commands.md").read_text("utf-8").partition(f"\n## az vmss-flex {command}\n")[2]
    shown = set(re.findall(r"^\| `(--[\w-]+)", listed.partition("\n## ")[0], re.MULTILINE))
    assert shown & {"--name", "--instance-view", "--expand"} == options


def test_conditions_are_told_apart_and_name_what_is_queried(loader: Any) -> None:
    for command, shown in (("wait", "`show`"), ("run-command wait", "`run-command show --instance-view`")):
        found = {name: one.type.settings.get("help") for name, one in arguments_of(loader, command).items()}
        assert found["created"] != found["updated"]
        assert shown in found["custom"]
