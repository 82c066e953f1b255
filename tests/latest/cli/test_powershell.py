"""The commands of docs/powershell.md, run with the arguments that PowerShell should pass."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from armsim import Simulator
from tests.latest.helpers.az import WarmAz
from tests.latest.helpers.rotation import balanced
from tools.wheel import ROOT

PAGE = (ROOT / "docs" / "powershell.md").read_text("utf-8")
CODE = "".join(re.findall(r"```powershell\n(.*?)```", PAGE, re.DOTALL))
WORD = re.compile(r"'(?P<single>(?:[^']|'')*)'|\"(?P<double>[^\"`$]*)\"|(?P<bare>[^\s'\"|{}]+)")
VARIABLES = dict(re.findall(r"^\$(\w+) = ('.+')$", CODE, re.MULTILINE))
COMMANDS = [found.strip() for found in re.findall(r"\baz (?:--% )?vmss-flex ((?:'[^']*'|\"[^\"]*\"|[^|\n}])+)", CODE)]
FILES = {"names.txt": "web_1\nweb_2\n", "check.sh": "hostname\n"}


def arguments(command: str) -> list[str]:
    """Return the arguments of a command: quoted words as they are, and splatted arrays as their elements."""
    found: list[str] = []
    for word in WORD.finditer(command):
        if word["bare"] and word["bare"].startswith("@"):
            name = word["bare"][1:]
            found += ["web_1", "web_2"] if name == "names" else re.findall(r"'([^']*)'", VARIABLES[name])
        else:
            found.append(next(text for text in word.groups() if text is not None))
    return found


def test_the_page_has_commands_and_none_is_skipped() -> None:
    assert len(COMMANDS) == len(re.findall(r"\baz (?:--% )?vmss-flex", CODE)) >= 12
    assert {*VARIABLES} == {"set", "careful"}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_page_works(command: str, warm: WarmAz, sim: Simulator, tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    sim.reset(world=balanced(overrides={"*": {"zone": "1"}, "web_3": {"zone": "2"}}))
    words = ["flex" if word == "web" else word for word in arguments(command)]
    words = [word.replace("@", f"@{tmp_path}/", 1) if word[1:] in FILES else word for word in words]
    words = [str(tmp_path / word) if word.endswith(".jsonl") else word for word in words]
    if "last" in words:
        sim.add_fault({"action": "restart", "vm": "web_1", "times": 1, "fault": {"kind": "fail"}})
        assert warm.run("restart", "-g", "rg", "-n", "flex").exit == 4
    done = warm.run(*words)
    assert done.exit == 0, done.stderr
    assert done.stdout or "--query" in words
