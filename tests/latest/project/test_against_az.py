"""The table's facts about `az`, compared with the Azure CLI that is installed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from azure.cli.core.mock import DummyCli

from azext_flexcompare import COMMAND_LOADER_CLS
from azext_flexcompare.arm.uniform import SHARED
from azext_flexcompare.table.foreign_options import FOREIGN
from tests.latest.helpers.az import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE: dict[str, Any] = json.loads(
    (ROOT / "azext_flexcompare" / "table" / "equivalence.json").read_text(encoding="utf-8")
)
LOAD = """
import json, sys
from azure.cli.core import get_default_cli

cli = get_default_cli()
parts = {name: getattr(cli, name) for name in ("commands_loader_cls", "parser_cls", "help_cls")}
cli.invocation = cli.invocation_cls(cli_ctx=cli, **parts)
loader = cli.invocation.commands_loader
loader.load_command_table(None)
options = dict.fromkeys(loader.command_table)
interesting = [name for name in json.loads(sys.argv[1]) if name in options]
modules = {module for name in interesting for module in loader.cmd_to_loader_map[name]}
loader.cmd_to_loader_map = {name: modules for name in interesting}  # loading the arguments of all takes half a minute
loader.load_arguments()
for name in interesting:
    arguments = loader.command_table[name].arguments.values()
    lists = [argument.type.settings.get("options_list") or argument.options_list for argument in arguments]
    options[name] = sorted(str(option) for several in lists for option in several or ())
sys.stdout.write(json.dumps(options))
"""
OTHER_NAMES = {  # of the operations that are called otherwise in `az`, or are several commands there
    "delete-instances": ["vmss delete-instances", "vm delete"],
    "extension update": ["vm extension set"],
    "protection remove": ["lock delete"],
    "protection set": ["lock create", "vmss update"],
    "run-command": ["vm run-command invoke"],
    "update": ["vm update", "vm create", "vmss update"],
    "update-instances": ["vmss update-instances"],
}
OF_OUR_OWN = {
    *("protection set --level", "protection remove --lock-name", "protection set --lock-name"),
    "run-command --fail-on-stderr",  # `az vm run-command invoke` does not judge what a script wrote
}
NOT_TYPED = ("--cmd", "--__INCLUDE_USER_DATA")  # the CLI's own parameters, which no command line has
COMMANDS = {one.get("command", one["name"]) for key in ("operations", "others") for one in TABLE[key]}
ONE_AT_A_TIME = {"simulate-eviction", "update"}  # there they take one instance


def texts(value: object) -> Iterator[str]:
    """Yield every text in the table, whatever its place."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from texts(part)


def mentioned() -> set[str]:
    """List every whole `az` command that the table tells its readers to type, without `az`."""
    quoted = {command for text in texts(TABLE) for command in re.findall(r"`az ([^`]+)`", text)}
    lines = [entry.get(key) for entry in TABLE["commands"] for key in ("instead", "paste")]
    offered = {line.removeprefix("az ") for line in lines if line}
    return {command for command in quoted | offered if not command.startswith("vmss-flex")}


def words_of(command: str) -> str:
    """Cut the options and settings off."""
    return re.split(r" (?=-|[A-Z{]|[a-z_]+\.[a-z_]+=)", command)[0]


def options_of(command: str) -> set[str]:
    return set(re.findall(r"(?<= )--[a-z-]+", command))


def namesakes_of(operation: str) -> list[str]:
    return OTHER_NAMES.get(operation, [f"vmss {operation}", f"vm {operation}"])


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str] | None]:
    """Load every command of the installed CLI, without extensions, and the options of those of interest."""
    home = tmp_path_factory.mktemp("azure")
    interesting = {words_of(command) for command in mentioned()}
    interesting |= {name for entry in TABLE["operations"] for name in namesakes_of(entry["name"])}
    interesting |= {f"vmss {command}" for command in (*SHARED, *COMMANDS)}
    loaded = subprocess.run(
        [sys.executable, "-c", LOAD, json.dumps(sorted(interesting))],
        env={
            **os.environ,
            "AZURE_CONFIG_DIR": str(home),
            "AZURE_EXTENSION_DIR": str(home / "none"),
            "AZURE_CORE_COLLECT_TELEMETRY": "no",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert loaded.returncode == 0, loaded.stderr
    commands: dict[str, list[str] | None] = json.loads(loaded.stdout)
    return commands


def test_the_table_has_each_az_vmss_command_of_the_installed_cli_and_no_other(core: dict[str, Any]) -> None:
    installed = {name.removeprefix("vmss ") for name in core if name.startswith("vmss ")}
    written = {entry["name"] for entry in TABLE["commands"]}
    assert not installed - written, f"in the CLI, not in `commands`: {sorted(installed - written)}"
    assert not written - installed, f"in `commands`, not in the CLI: {sorted(written - installed)}"


def test_each_az_command_that_the_table_mentions_exists_with_its_options(core: dict[str, Any]) -> None:
    groups = {name.rsplit(" ", count)[0] for name in core for count in range(1, name.count(" ") + 1)}
    unknown = {command for command in mentioned() if words_of(command) not in {*core, *groups}}
    assert not unknown, f"not in the installed CLI: {sorted(unknown)}"
    optionless = {command for command in mentioned() if options_of(command) - set(core.get(words_of(command)) or ())}
    assert not optionless, f"without these options in the installed CLI: {sorted(optionless)}"


def test_an_operation_calls_its_options_as_its_namesakes_do(core: dict[str, Any]) -> None:
    strange = set()
    for entry in TABLE["operations"]:
        ours = {option["name"] for option in entry.get("options", ())}
        theirs = {option for namesake in namesakes_of(entry["name"]) for option in core.get(namesake) or ()}
        strange |= {f"{entry['name']} {option}" for option in ours - theirs}
    assert strange >= OF_OUR_OWN
    strange -= OF_OUR_OWN
    assert not strange, f"neither `az vmss` nor `az vm` has: {sorted(strange)}"


def test_instances_are_chosen_and_not_waited_for_as_in_az_vmss(core: dict[str, Any]) -> None:
    shared = {entry["name"] for entry in TABLE["operations"]} & {entry["name"] for entry in TABLE["commands"]}
    lacking = {
        (name, option)
        for name in shared - ONE_AT_A_TIME
        for option in ("--instance-ids", "--no-wait")
        if " " not in name and option not in core[f"vmss {name}"]
    }
    assert len(shared) > 1
    assert not lacking


def test_the_advice_for_a_uniform_set_repeats_options_that_both_commands_have(core: dict[str, Any]) -> None:
    names = {"--name", "-n", "-g", "--resource-group"}
    for command, shared in SHARED.items():
        theirs = core[f"vmss {command}"] or ()
        assert {*shared, *names} <= {*theirs}


def test_each_option_of_a_namesake_is_taken_or_refused_with_what_to_use_instead(core: dict[str, Any]) -> None:
    compared = {name: options_taken(name) for name in COMMANDS if core.get(f"vmss {name}")}
    lacking = {
        f"{name} {option}"
        for name, taken in compared.items()
        for option in core[f"vmss {name}"] or ()
        if option.startswith("-") and option not in {*taken, *FOREIGN.get(name, {}), *NOT_TYPED}
    }
    assert len(compared) > 15
    assert not lacking, f"`az vmss` has: {sorted(lacking)}"
    needless = {(name, one) for name in FOREIGN for one in FOREIGN[name] if one not in (core[f"vmss {name}"] or ())}
    assert needless <= {("reimage", "--force-update-os-disk-for-ephemeral")}


def options_taken(command: str) -> set[str]:
    cli = DummyCli()
    loader = COMMAND_LOADER_CLS(cli)
    loader.load_command_table(None)
    cli.invocation = SimpleNamespace(commands_loader=loader, data={"command_string": f"vmss-flex {command}"})
    loader.load_arguments(f"vmss-flex {command}")
    entry = loader.command_table[f"vmss-flex {command}"]
    entry.load_arguments()
    loader._update_command_definitions()
    lists = [
        argument.type.settings.get("options_list") or argument.options_list for argument in entry.arguments.values()
    ]
    return {str(option) for several in lists for option in several or ()}


def test_each_operation_has_a_namesake_in_az(core: dict[str, Any]) -> None:
    orphans = {entry["name"] for entry in TABLE["operations"] if not set(namesakes_of(entry["name"])) & set(core)}
    assert orphans == set()
