"""The commands as the Azure CLI loads them: help, examples that parse, and options in its own style.

The CLI loads the installed extension in a process of its own and describes what it has found.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from armsim import Simulator
from azext_flexcompare._validators import CHOICE
from azext_flexcompare.commands import unlisted
from azext_flexcompare.table.entries import facts, operations, refusals
from tests.latest.helpers.az import Run
from tests.latest.helpers.worlds import changes
from tools.sandbox import extensions

DESCRIBE = r"""
import contextlib, io, json, shlex, sys
from azure.cli.core import get_default_cli
from knack import events
from knack.help_files import helps
import yaml

cli = get_default_cli()
parts = {name: getattr(cli, name) for name in ("commands_loader_cls", "parser_cls", "help_cls")}

def parse(text):
    words = shlex.split(text.replace("\\\n", ""))[1:]
    invocation = cli.invocation = cli.invocation_cls(cli_ctx=cli, **parts)
    loader = invocation.commands_loader
    cli.raise_event(events.EVENT_INVOKER_PRE_CMD_TBL_CREATE, args=words)
    loader.load_command_table(words)
    command = invocation._rudimentary_get_command(words)
    loader.command_table = {command: loader.command_table[command]}
    loader.command_name = invocation.data["command_string"] = command
    loader.load_arguments(command)
    cli.raise_event(events.EVENT_INVOKER_POST_CMD_TBL_CREATE, commands_loader=loader)
    invocation.parser.cli_ctx = cli
    invocation.parser.load_command_table(loader)
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            invocation.parser.parse_args(words)
    except SystemExit:
        return said.getvalue() or "refused", command, loader
    return None, command, loader

invocation = cli.invocation = cli.invocation_cls(cli_ctx=cli, **parts)
words = ["vmss-flex", *sys.argv[1:]]  # a list of commands lacks some unless they are named
names = [name for name in invocation.commands_loader.load_command_table(words) if name.startswith("vmss-flex")]
described = {}
for name in names:
    entry = yaml.safe_load(helps.get(name, "{}"))
    texts = [example["text"] for example in entry.get("examples", ())]
    refused = {text: said for text in texts for said, command, _ in [parse(text)] if said or command != name}
    loader = parse(f"az {name}")[2]
    lists = [argument.options_list for argument in loader.command_table[name].arguments.values()]
    helped = {key: argument.type.settings.get("help") for key, argument in loader.command_table[name].arguments.items()}
    described[name.removeprefix("vmss-flex ")] = {
        "summary": entry.get("short-summary"),
        "examples": texts,
        "refused": refused,
        "options": [list(map(str, options)) for options in lists if options],
        "refused_option": parse(f"az {name} --no-such-option x")[0],
        "unhelped": sorted(key for key, text in helped.items() if not text and key not in ("cmd", "client")),
    }
sys.stdout.write(json.dumps(described))
"""
HAND_WRITTEN = ("compare", "get-instance-view", "list-instances", "show")
CHOOSING = {
    *("--resource-group", "-g", "--name", "-n", "--vmss-name", "--ids", "--instance-ids"),
    *("--zone", "--fault-domain", "--power-state", "--tag", "--exclude"),
}
ACTING = {"--max-parallel", "--timeout", "--dry-run", "--yes", "-y", "--no-wait", "--skip-satisfied", "--engine"}
OPERATIONS = {operation.words: operation for operation in operations()}
REFUSALS = [refusal.name for refusal in refusals()]
each_operation = pytest.mark.parametrize("name", OPERATIONS)
CHOOSERS = [*OPERATIONS, *REFUSALS, *HAND_WRITTEN[1:]]
each_choosing_command = pytest.mark.parametrize("name", CHOOSERS)
AS_IN_AZ_VMSS = {"--extension-instance-name", "--protect-from-scale-set-actions"}  # longer than the CLI likes


class Loaded(dict[str, dict[str, Any]]):
    """What the CLI says of each command, by its name without `az vmss-flex`."""

    def options(self, name: str) -> set[str]:
        return {option for options in self[name]["options"] for option in options}

    def having(self, key: str) -> dict[str, Any]:
        return {name: entry[key] for name, entry in self.items() if entry[key]}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    home = tmp_path_factory.mktemp("azure")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AZURE_")}
    environment |= {"AZURE_CONFIG_DIR": str(home), "AZURE_EXTENSION_DIR": str(extensions())}
    environment |= {"AZURE_CORE_COLLECT_TELEMETRY": "no"}
    command = [sys.executable, "-c", DESCRIBE, *unlisted()]
    done = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Loaded(json.loads(done.stdout))


def test_every_command_of_the_table_and_every_other_one_is_there(loaded: Loaded) -> None:
    assert {*OPERATIONS, *REFUSALS, *HAND_WRITTEN} - set(loaded) == set()


def test_every_command_says_in_one_sentence_what_it_does(loaded: Loaded) -> None:
    wrong = [name for name, entry in loaded.items() if not str(entry["summary"]).endswith(".")]
    assert wrong == []
    assert [name for name, entry in loaded.items() if len(entry["summary"]) > 100] == []


def test_the_list_of_commands_has_a_line_for_each(loaded: Loaded) -> None:
    listed = {name: entry["summary"] for name, entry in loaded.items() if " " not in name}
    groups = {group["name"]: group["summary"] for group in facts()["groups"]}
    room = 100 - len("     : ") - max(map(len, listed))  # the CLI takes a hundred columns
    assert {name: summary for name, summary in {**listed, **groups}.items() if len(summary) > room} == {}


def test_the_example_of_every_command_is_of_that_command_and_parses(loaded: Loaded) -> None:
    assert loaded.having("refused") == {}
    assert set(loaded.having("examples")) == set(loaded)


def test_every_command_has_two_examples_or_more(loaded: Loaded) -> None:
    assert [name for name, entry in loaded.items() if len(set(entry["examples"])) < 2] == []


def test_the_parser_that_takes_the_examples_refuses_what_there_is_not(loaded: Loaded) -> None:
    assert "--no-such-option" in loaded["restart"]["refused_option"]


@each_operation
def test_an_operation_has_every_option_of_acting(name: str, loaded: Loaded) -> None:
    assert ACTING - loaded.options(name) == set()


@each_choosing_command
def test_instances_are_chosen_by_the_same_options_everywhere(name: str, loaded: Loaded) -> None:
    assert CHOOSING - loaded.options(name) == set()


@each_operation
def test_an_operation_has_its_own_options(name: str, loaded: Loaded) -> None:
    assert {option.name for option in OPERATIONS[name].options} - loaded.options(name) == set()


def test_no_option_of_an_operation_takes_the_place_of_one_that_chooses() -> None:
    own = {name: {option.dest for option in operation.options} for name, operation in OPERATIONS.items()}
    assert [name for name, places in own.items() if places & {*CHOICE}] == []


def test_a_filter_that_matches_nothing_is_never_taken_for_a_change(run: Run, sim: Simulator) -> None:
    done = run("update", "-g", "rg", "-n", "flex", "--tag", "role=nobody", "--yes")
    assert done.exit in (1, 2)
    assert changes(sim) == []


@pytest.mark.parametrize("name", [*REFUSALS, *HAND_WRITTEN])
def test_what_does_not_act_has_no_option_of_acting(name: str, loaded: Loaded) -> None:
    assert ACTING & loaded.options(name) == set()


def test_every_option_is_explained(loaded: Loaded) -> None:
    assert loaded.having("unhelped") == {}


def test_options_are_written_as_the_cli_writes_them(loaded: Loaded) -> None:
    written = {option for name in loaded for option in loaded.options(name)}
    assert {option for option in written if "_" in option or option != option.lower()} == set()


def test_a_long_option_has_a_short_one_beside_it(loaded: Loaded) -> None:
    lists = [options for entry in loaded.values() for options in entry["options"]]
    assert [
        options for options in lists if min(map(len, options)) > len("--") + 22 and not AS_IN_AZ_VMSS & {*options}
    ] == []


@pytest.mark.parametrize("name", ["", *HAND_WRITTEN[:2], "restart", REFUSALS[0]])
def test_help_is_shown(name: str, run: Run) -> None:
    done = run(*filter(None, [name]), "-h")
    assert done.exit == 0
    assert f"az vmss-flex {name}".strip() in done.stdout
