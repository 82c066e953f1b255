"""The help as a terminal of 80 columns shows it."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys

import pytest

from azext_flexcompare.commands import unlisted
from azext_flexcompare.table.help_pages import group_pages, pages
from tools.sandbox import extensions

SHOW = """
import contextlib, io, json, sys
from azure.cli.core import get_default_cli

shown = {}
for name in json.loads(sys.argv[1]):
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
        get_default_cli().invoke(["vmss-flex", *name.split(), "-h"])
    shown[name] = said.getvalue()
sys.stdout.write(json.dumps(shown))
"""
COLUMNS = 80
NAMES = 32  # characters of the longest name in a list of commands
OPTIONS = 36  # characters of the longest names of an option with their mark
COMMANDS, GROUPS = [page.name for page in pages()], [page.name for page in group_pages()]
LISTED = re.compile(r"^    (\S.*?) +: ", re.MULTILINE)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The help of every command and group, by its name."""
    home = tmp_path_factory.mktemp("azure")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AZURE_")}
    environment |= {"AZURE_CONFIG_DIR": str(home), "AZURE_EXTENSION_DIR": str(extensions())}
    environment |= {"AZURE_CORE_COLLECT_TELEMETRY": "no"}
    command = [sys.executable, "-c", SHOW, json.dumps([*GROUPS, *COMMANDS])]
    done = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


def examples(text: str) -> list[str]:
    """Return the commands below the heading, each as one line."""
    below = text.partition("\nExamples\n")[2].replace("\\\n", "")
    return [" ".join(line.split()) for line in below.splitlines() if line.startswith(" " * 8)]


@pytest.mark.parametrize("name", [*GROUPS, *COMMANDS])
def test_no_line_is_wider_than_the_terminal(name: str, shown: dict[str, str]) -> None:
    lines = shown[name].splitlines()
    assert len(lines) > 5
    assert [line for line in lines if len(line) > COLUMNS] == []


@pytest.mark.parametrize("name", [*GROUPS, *COMMANDS])
def test_no_name_squeezes_the_explanations(name: str, shown: dict[str, str]) -> None:
    body = (
        shown[name].partition("\nArguments\n" if name in COMMANDS else "\nCommands:\n")[2].partition("\nExamples\n")[0]
    )
    names = LISTED.findall(body)
    assert names
    assert max(map(len, names)) <= (OPTIONS if name in COMMANDS else NAMES)


def test_what_is_refused_and_second_names_are_in_no_list_and_have_a_page(shown: dict[str, str]) -> None:
    assert {"reimage-all", "power-off"} <= unlisted()
    listed = LISTED.findall(shown[""].partition("\nSubgroups:\n")[2])
    assert {*listed} == {name.partition(" ")[0] for name in COMMANDS} - unlisted()
    assert all(f"az vmss-flex {name} : " in " ".join(shown[name].split()) for name in unlisted())


@pytest.mark.parametrize("name", COMMANDS)
def test_each_example_is_of_its_command_and_begins_with_a_verb(name: str, shown: dict[str, str]) -> None:
    commands = examples(shown[name])
    assert len(commands) >= 2
    assert [text for text in commands if not text.startswith(f"az vmss-flex {name} ") or not shlex.split(text)] == []
    purposes = [
        line.strip() for line in shown[name].partition("\nExamples\n")[2].splitlines() if re.match(r" {4}\S", line)
    ]
    assert len(purposes) == len(commands) == len({*purposes})
    assert all(re.fullmatch(r"[A-Z][a-z]+ .+\.", one) for one in purposes)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_says_what_is_printed(name: str, shown: dict[str, str]) -> None:
    assert re.search(r"^        Output   \S", shown[name], re.MULTILINE)


@pytest.mark.parametrize("name", COMMANDS)
def test_no_phrase_is_said_twice_in_the_arguments(name: str, shown: dict[str, str]) -> None:
    own = " ".join(shown[name].partition("\nArguments\n")[2].partition("\nGlobal")[0].split())
    for phrase in ("such as 90, 90s, 5m or 1h", "written as 90, 90s, 5m or 1h", "Engines of", "the name of its job"):
        assert own.count(phrase) <= 1
