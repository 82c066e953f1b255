"""Does `translate` rewrite what it can prove, report what it cannot, and touch nothing else?"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_flexcompare.table.entries import facts, operations
from azext_flexcompare.translation.rewrite import FLAG, OURS, Translation, format_diff, shared_options, translate

FOLDER = Path(__file__).with_name("translations")
CASES = [
    pytest.param(case, id=f"{file.stem}: {case['it']}")
    for file in sorted(FOLDER.glob("*.json"))
    for case in json.loads(file.read_text("utf-8"))
]
DEPLOY = FOLDER / "deploy.sh"
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
help_of = {
    one.command: [one.short_summary, one.long_summary, *(example.command for example in getattr(one, "examples", []))]
    for one in get_all_help(cli)
    if one.command.startswith("vmss ")
}
sys.stdout.write(json.dumps({"options": options, "help": help_of}))
"""

CALLS = ["az ", "vmss ", "az vmss ", "az vmss deallocate -g rg -n web", "az vmss reimage --instance-ids ", "--query x"]
SHELL = [
    *(
        "$(",
        ")",
        "`",
        "'",
        '"',
        "\\",
        "\n",
        "\r\n",
        ";",
        "|",
        "&",
        ">",
        "<",
        "<<E\n",
        "E\n",
        "${",
        "}",
        "{ ",
        "((",
        "))",
    ),
    *("[[ ", " ]]", "case x in ", "a) ", ";;", "esac", "if ", "then ", "fi", "do ", "done", "for x in ", "f() ", "x=("),
    *("# ", "$x", "$'", "echo ", " ", "\t", "\udcff", "\x00", "\ufeff", "\u00e9", "/dev/null", "-o none"),
]
SCRIPTS = st.lists(st.sampled_from(CALLS + SHELL) | st.text(max_size=3), max_size=30).map("".join)
HARMLESS = st.lists(st.sampled_from([*SHELL, "vmss ", "--query x", "az vm list"]), max_size=30).map("".join)


def plain(text: str) -> str:
    """Undo by hand what a translation may do."""
    return re.sub(r"\bvmss-flex\b", "vmss", text).replace(" --yes", "").replace("invoke", "")


def holds(script: str) -> Translation:
    """Check what must be so for every script."""
    done = translate(script)
    assert plain(done.text) == plain(script)
    assert (done.text == script) == (not done.rewritten)
    again = translate(done.text)
    assert (again.text, again.rewritten) == (done.text, [])
    assert [(one.line, one.reason) for one in again.needs_review] == [
        (one.line, one.reason) for one in done.needs_review
    ]
    for one in done.rewritten:
        assert one.before in script
        assert one.after in done.text
        assert one.reason
    for left in done.needs_review:
        assert left.call in script
        assert left.call.splitlines()[0] in script.split("\n")[left.line - 1]
        assert left.reason == left.reason.strip()
    return done


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Load the options and the help of `az vmss` and of ours in the installed CLI."""
    home = tmp_path_factory.mktemp("azure")
    settings = {"AZURE_CONFIG_DIR": str(home), "AZURE_EXTENSION_DIR": str(home / "none"), "AZURE_AAZ_FULL_LOAD": "true"}
    loaded = subprocess.run(
        [sys.executable, "-c", LOAD],
        env={**os.environ, **settings, "AZURE_CORE_COLLECT_TELEMETRY": "no"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert loaded.returncode == 0, loaded.stderr
    found: dict[str, Any] = json.loads(loaded.stdout)
    return found


@pytest.mark.parametrize("case", CASES)
def test_a_script_becomes_what_the_case_says(case: dict[str, Any]) -> None:
    assert set(case) <= {"it", "script", "becomes", "left"}
    done = holds(case["script"])
    assert done.text == case.get("becomes", case["script"])
    left, expected = done.needs_review, case.get("left", [])
    assert [one.line for one in left] == [line for line, _ in expected], left
    for one, (_, text) in zip(left, expected, strict=True):
        assert text in one.reason


@given(SCRIPTS)
def test_whatever_the_text_only_command_words_change(script: str) -> None:
    holds(script)


@given(HARMLESS)
def test_a_script_without_az_vmss_is_returned_as_it_is(script: str) -> None:
    done = translate(script)
    assert (done.text, done.rewritten) == (script, [])


@given(st.binary(max_size=60))
def test_bytes_that_are_no_text_survive(data: bytes) -> None:
    script = (data + b"\naz vmss deallocate -g rg -n web\n").decode("utf-8", "surrogateescape")
    done = holds(script).text.encode("utf-8", "surrogateescape")
    assert done.startswith(data)


@pytest.mark.parametrize("opening", ["$(", "`", "$((", "((", "${x:-", '"$(', "( ", "{ ", "if ", "case x in a) ", "x=("])
def test_deep_nesting_is_refused_and_not_run_into(opening: str) -> None:
    done = holds(opening * 5001 + "az vmss deallocate -g rg")
    assert not done.rewritten
    assert len(done.needs_review) == 1


def test_the_reason_of_a_rewriting_is_that_of_the_table() -> None:
    (row,) = (row for row in facts()["commands"] if row["name"] == "reimage")
    (done,) = translate("echo\naz vmss reimage -g rg -n web --instance-ids a # x").rewritten
    assert done.line == 2
    assert done.before == "az vmss reimage -g rg -n web --instance-ids a"
    assert done.after == "az vmss-flex reimage --yes -g rg -n web --instance-ids a"
    assert done.reason.startswith(row["today"])
    assert "--yes" in done.reason


def test_what_is_left_has_the_reason_of_the_table() -> None:
    (row,) = (row for row in facts()["commands"] if row["name"] == "nic show")
    (left,) = translate("az vmss nic show --ids $x").needs_review
    assert left == (1, "az vmss nic show --ids $x", f"{row['today']} Use `{row['instead']}`.")


@pytest.mark.parametrize("row", facts()["commands"], ids=lambda row: row["name"])
def test_each_command_of_the_table_is_left_rewritten_or_reported(row: dict[str, Any]) -> None:
    options = "".join(f" {option} x" for option in row.get("withOptions", ())) or " --instance-ids x"
    done = holds(f"az vmss {row['name']} -g rg -n web{options}\n")
    works = row["onFlexible"] == "works" and "withOptions" not in row
    rewritable = not works and (row["instead"] or "").startswith(OURS)
    assert (len(done.rewritten), len(done.needs_review)) == (rewritable, not works and not rewritable)


def test_a_diff_is_one_that_patch_takes(tmp_path: Path) -> None:
    if not shutil.which("patch"):
        pytest.skip("patch is not installed")
    before = DEPLOY.read_text("utf-8").rstrip("\n") + "\u2028\f x\r\naz vmss deallocate -g rg -n web"
    after = translate(before).text
    script = tmp_path / "deploy.sh"
    script.write_text(before, "utf-8", newline="")
    diff = format_diff(before, after, "deploy.sh")
    subprocess.run(["patch", "-p0", "--binary"], input=diff.encode(), cwd=tmp_path, check=True, capture_output=True)
    assert script.read_bytes() == after.encode()


def test_a_script_that_stays_has_no_diff() -> None:
    assert format_diff("a\nb", "a\nb", "x") == ""


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
    assert sum(len(one.rewritten) for one in done.values()) > 5
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
            known = shared_options(ours.get(command.removeprefix("vmss-flex ")), row.get("shares", ()))
            here, there = cli["options"][command], cli["options"][f"vmss {row['name']}"]
            wrong += [(row["name"], name) for name in row.get("shares", ()) if name not in there]
            kept += len(known.keys() & there.keys())
            wrong += [(row["name"], name) for name in known.keys() & there.keys() if name not in here]
            wrong += [(row["name"], name) for name in known.keys() & here.keys() if not fits(known[name], here[name])]
    assert kept > 60
    assert wrong == []


def fits(kind: str, nargs: object) -> bool:
    return nargs in {"one": (None,), "several": ("+",), FLAG: (0,), "switch": ("?",)}[kind]


def test_an_option_that_makes_a_difference_is_one_of_the_command(cli: dict[str, Any]) -> None:
    named = {(row["name"], option) for row in facts()["commands"] for option in row.get("withOptions", ())}
    assert named
    assert [(name, option) for name, option in named if option not in cli["options"][f"vmss {name}"]] == []
