"""`translate`: rewrites what is proven, reports the rest, and changes nothing else."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_flexcompare.table.entries import facts
from azext_flexcompare.translation.calls import OURS
from azext_flexcompare.translation.findings import format_diff
from azext_flexcompare.translation.kinds import kind_of
from azext_flexcompare.translation.rewrite import translate
from tests.latest.helpers.translations import DEPLOY, holds

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


@given(SCRIPTS)
def test_any_script_changes_in_command_words_only(script: str) -> None:
    holds(script)


@given(HARMLESS)
def test_a_script_without_az_vmss_is_returned_as_it_is(script: str) -> None:
    done = translate(script)
    assert (done.text, done.rewritten) == (script, [])


WRAPPED = {  # a place of shell in each kind of file
    "x.md": "```bash\n{}\n```\n",
    "x.yml": "jobs:\n- run: |\n    {}\n- script: {}\n",
    "Makefile": "a:\n\t@{}\n",
    "Jenkinsfile": 'sh """{}"""; sh \'{}\'\n',
    "x.ps1": "{}\n",
}


@pytest.mark.parametrize("name", WRAPPED)
@given(script=SCRIPTS, indent=st.sampled_from(["", "  ", "    ", "\t"]))
def test_any_file_changes_in_command_words_only(name: str, script: str, indent: str) -> None:
    text = WRAPPED[name].format(*[script.replace("\n", f"\n{indent}")] * 2)
    holds(text, kind_of(name, text))


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
    (row,) = (row for row in facts()["commands"] if row["name"] == "encryption show")
    (left,) = translate("az vmss encryption show --ids $x").needs_review
    assert left == (1, "az vmss encryption show --ids $x", f"{row['today']} Use `{row['instead']}`.")


@pytest.mark.parametrize("row", facts()["commands"], ids=lambda row: row["name"])
def test_each_command_of_the_table_is_left_rewritten_or_reported(row: dict[str, Any]) -> None:
    options = "".join(f" {option} x" for option in row.get("withOptions", ())) or " --instance-ids x"
    done = holds(f"az vmss {row['name']} -g rg -n web{options}\n")
    works = row["onFlexible"] == "works" and "withOptions" not in row
    rewritable = not works and (row["instead"] or "").startswith(OURS)
    assert (len(done.rewritten), len(done.needs_review)) == (rewritable, not works and not rewritable)


@pytest.mark.parametrize(
    "chosen", ["--instance-ids 0", "--instance-ids web_1 3", "--instance-ids '0 1'", "--ids /x/virtualMachines/4"]
)
@pytest.mark.parametrize("command", ["deallocate", "delete-instances"])
def test_an_instance_that_is_a_number_is_reported(command: str, chosen: str) -> None:
    script = f"az vmss {command} -g rg -n web {chosen}"
    done = translate(script)
    assert done.text == script
    assert "is a number" in done.needs_review[0].reason


@pytest.mark.parametrize("listed", ['["az", "vmss", "nic", "list"]', "['az','vmss','nic','list','-g']"])
def test_a_call_as_a_list_of_strings_is_reported_with_the_reason_of_its_command(listed: str) -> None:
    (left,) = translate(f"subprocess.run({listed})\n").needs_review
    assert left.reason.startswith(next(row["today"] for row in facts()["commands"] if row["name"] == "nic list"))


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
