"""`translate` against the scripts beside, bash, and the options and help of the installed `az vmss`."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from azext_flexcompare.table.entries import facts, operations
from azext_flexcompare.translation.kinds import SHELL, kind_of
from azext_flexcompare.translation.options import FLAG, shared_options
from azext_flexcompare.translation.rows import SHORTEST
from tests.latest.helpers.az import ROOT, Run
from tests.latest.helpers.translations import DEPLOY, FOLDER, holds, plain

CASES = [
    pytest.param(case, id=f"{file.stem}: {case['it']}")
    for file in sorted(FOLDER.glob("*.json"))
    for case in json.loads(file.read_text("utf-8"))
]
LOAD = """
import json, sys
from azure.cli.core import get_default_cli
from azure.cli.core.file_util import get_all_help
from azext_flexcompare import COMMAND_LOADER_CLS

cli = get_default_cli()
parts = {name: getattr(cli, name) for name in ("commands_loader_cls", "parser_cls", "help_cls")}
cli.invocation = cli.invocation_cls(cli_ctx=cli, **parts)
loader, ours = cli.invocation.commands_loader, COMMAND_LOADER_CLS(cli)
cli.invocation.data["command_string"] = "vmss"
loader.load_command_table(["vmss"])
table = {name: command for name, command in loader.command_table.items() if name.startswith("vmss ")}
table |= ours.load_command_table(None)
loader.command_table = table
for name in table:
    cli.invocation.data["command_string"] = name
    loader.cmd_to_loader_map.setdefault(name, [ours])
    loader.load_arguments(name)
parser = cli.invocation.parser
parser.cli_ctx = cli
parser.load_command_table(loader)
options = {
    " ".join((*group, name)): {option: action.nargs for action in one._actions for option in action.option_strings}
    for group, several in parser.subparsers.items()
    for name, one in several.choices.items()
}
aliases = {
    " ".join((*group, name)): [action.option_strings for action in one._actions if len(action.option_strings) > 1]
    for group, several in parser.subparsers.items()
    for name, one in several.choices.items()
}
help_of = {
    one.command: [one.short_summary, one.long_summary, *(example.command for example in getattr(one, "examples", []))]
    for one in get_all_help(cli)
    if one.command.startswith("vmss ")
}
sys.stdout.write(json.dumps({"options": options, "aliases": aliases, "help": help_of}))
"""


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Load the options and the help of `az vmss` and of ours in the installed CLI."""
    home = tmp_path_factory.mktemp("azure")
    settings = {"AZURE_CONFIG_DIR": str(home), "AZURE_EXTENSION_DIR": str(home / "none"), "AZURE_AAZ_FULL_LOAD": "true"}
    loaded = subprocess.run(
        [sys.executable, "-c", LOAD],
        env={**os.environ, **settings, "AZURE_CORE_COLLECT_TELEMETRY": "no"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert loaded.returncode == 0, loaded.stderr
    found: dict[str, Any] = json.loads(loaded.stdout)
    return found


@pytest.mark.parametrize("case", CASES)
def test_a_script_becomes_what_the_case_says(case: dict[str, Any]) -> None:
    assert set(case) <= {"it", "file", "script", "becomes", "left"}
    script = case["script"]
    done = holds(script, kind_of(case["file"], script) if "file" in case else SHELL)
    assert done.text == case.get("becomes", case["script"])
    left, expected = done.needs_review, case.get("left", [])
    assert [one.line for one in left] == [line for line, _ in expected], left
    for one, (_, text) in zip(left, expected, strict=True):
        assert text in one.reason


def calls_of(script: str, place: Path) -> list[list[str]]:
    """Run a script with an `az` that writes down what it is called with."""
    place.mkdir()
    az, log = place / "az", place / "log"
    az.write_text(f'#!/bin/sh\nprintf "%s\\0" "$@" >>"{log}"; printf "\\n\\0" >>"{log}"; echo a b\n', "utf-8")
    az.chmod(0o755)
    path = f"{place}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(["bash", "-c", script], env={"PATH": path}, cwd=place, check=True, capture_output=True)
    return [call.split("\0")[:-1] for call in log.read_text("utf-8").split("\n\0")[:-1]]


def test_bash_makes_the_same_calls_but_for_the_command_words(tmp_path: Path) -> None:
    script = DEPLOY.read_text("utf-8")
    done = holds(script)
    before, after = calls_of(script, tmp_path / "before"), calls_of(done.text, tmp_path / "after")
    assert len(done.rewritten) > 8
    assert sum("vmss-flex" in call for call in after) >= len(done.rewritten)
    assert [[plain(word) for word in call if word not in ("--yes", "invoke")] for call in after] == before


def test_every_shell_text_of_the_help_of_az_vmss_keeps_its_other_bytes(cli: dict[str, Any]) -> None:
    assert {f"vmss {row['name']}" for row in facts()["commands"]} <= set(cli["help"])
    examples = [text for one in cli["help"].values() for text in one[2:]]
    fenced = [block for one in cli["help"].values() for text in one[:2] for block in blocks(text or "")]
    assert len(examples) > 90
    done = {text: holds(text) for text in (*examples, *fenced)}
    assert any(one.rewritten for one in done.values())
    assert sum("is a number" in left.reason for one in done.values() for left in one.needs_review) > 3
    for script, one in done.items():
        assert words(one.text) == words(script)


def blocks(text: str) -> list[str]:
    """Cut the shell blocks out of a help text: fenced, indented or between backticks, and the text itself."""
    fenced = re.findall(r"```[a-z]*\n(.*?)```", text, re.DOTALL)
    indented = re.findall(r"(?:^(?: {4}|\t).*\n?)+", text, re.MULTILINE)
    return [text, *fenced, *indented, *re.findall(r"`([^`]+)`", text)]


def words(script: str) -> list[str] | None:
    """Split a script as `shlex` does, without what a translation may change."""
    try:
        return [word.removesuffix("-flex") for word in shlex.split(script) if word not in ("--yes", "invoke")]
    except ValueError:
        return None


def test_an_option_that_is_kept_is_one_of_ours_that_takes_as_many_values(cli: dict[str, Any]) -> None:
    ours = {one.name: one for one in operations()}
    wrong, kept = [], 0
    for row in facts()["commands"]:
        command = (row["instead"] or "").removeprefix("az ")
        if command.startswith("vmss-flex "):
            operation = ours.get(command.removeprefix("vmss-flex "))
            known = shared_options(operation, row.get("shares", ()))
            whole = f"vmss-flex {operation.words}" if operation else command
            here, there = cli["options"][whole], cli["options"][f"vmss {row['name']}"]
            wrong += [(row["name"], name) for name in row.get("shares", ()) if name not in there]
            kept += len(known.keys() & there.keys())
            wrong += [(row["name"], name) for name in known.keys() & there.keys() if name not in here]
            wrong += [(row["name"], name) for name in known.keys() & here.keys() if not fits(known[name], here[name])]
    assert kept > 60
    assert wrong == []


def fits(kind: str, nargs: object) -> bool:
    return nargs in {"one": (None,), "several": ("+",), FLAG: (0,), "switch": ("?",)}[kind]


def exceptions() -> list[tuple[str, str, str]]:
    """List each command, option and value that makes a difference."""
    return [
        (row["name"], option.partition(" ")[0], support)
        for row in facts()["commands"]
        for option, support in row.get("withOptions", {}).items()
    ]


def test_an_option_that_makes_a_difference_is_one_of_the_command(cli: dict[str, Any]) -> None:
    assert exceptions()
    assert [one for one in exceptions() if one[1] not in cli["options"][f"vmss {one[0]}"]] == []


def test_every_other_name_of_an_option_that_makes_a_difference_makes_it_too(cli: dict[str, Any]) -> None:
    others = [
        (name, other, support)
        for name, option, support in exceptions()
        for several in cli["aliases"][f"vmss {name}"]
        if option in several
        for other in several
        if other.startswith("--")
    ]
    assert ("create", "--lb-nat-pool-name", "fails") in others
    assert set(others) <= set(exceptions())


def test_no_option_is_mistaken_for_the_abbreviation_of_one_that_makes_a_difference(cli: dict[str, Any]) -> None:
    mistaken = [
        (name, other, option)
        for name, option, _ in exceptions()
        for other in cli["options"][f"vmss {name}"]
        if len(other) >= SHORTEST and other != option and option.startswith(other)
    ]
    assert mistaken == []


def test_a_folder_is_listed_and_then_rewritten(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".github").mkdir()
    workflow, program = tmp_path / ".github" / "x.yml", tmp_path / "x.py"
    workflow.write_text("- run: az vmss deallocate -g rg -n web\n", "utf-8")
    program.write_text("run('az vmss list -o tsv')\n", "utf-8")
    listed = run("translate", ".", "-o", "table", cwd=tmp_path)
    assert (listed.exit, "1 can be rewritten (--write)" in listed.stderr) == (4, True)
    assert re.search(r"az vmss deallocate +1 +differs +az vmss-flex deallocate +1 +0 +\.github/x\.yml:1", listed.stdout)
    written = run("translate", ".github", "x.py", "--write", cwd=tmp_path)
    assert (written.exit, "+- run: az vmss-flex deallocate" in written.stderr) == (0, True)
    assert [row["call"] for row in written.json] == ["az vmss deallocate", "az vmss list"]
    assert workflow.read_text("utf-8") == "- run: az vmss-flex deallocate -g rg -n web\n"
    for wrong in (["--write"], [".", "--file", "x.py"], ["missing"]):
        refused = run("translate", *wrong, cwd=tmp_path)
        assert (refused.exit != 0, refused.stdout) == (True, "")
