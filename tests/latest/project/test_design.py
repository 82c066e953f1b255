"""The design document: each place that it names exists, and imports point down its picture."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tools.wheel import ROOT

PACKAGE = ROOT / "azext_flexcompare"
DESIGN = (ROOT / "docs" / "design.md").read_text("utf-8")
ANSWERED = {
    "a 429 is handled",
    "a batch is cut",
    "a resumed instance is decided",
    "a message is worded",
    "a table is fitted to the terminal",
    "an option is declared",
    "a script is rewritten",
}
PLACES = re.findall(r"^\| (.+?) \| `(\S+\.py)` \| `(\w+)` \|$", DESIGN, re.MULTILINE)
PICTURE, *_ = re.findall(r"```text\n(.*?)```", DESIGN, re.DOTALL)
LEVELS = [re.findall(r"\w+(?:\.py)?", "".join(re.findall(r"\|(.+)\|", level))) for level in PICTURE.split("+\n")[1:-1]]
LEVEL_OF = {name.removesuffix(".py"): level for level, names in enumerate(reversed(LEVELS)) for name in names}
BELOW_THE_COMMANDS = sorted(name for name, level in LEVEL_OF.items() if level < len(LEVELS) - 1)
ENTRY_POINT = "__init__"


def names_defined_in(path: Path) -> set[str]:
    """List the functions, classes and constants of a module, its methods too."""
    tree = ast.parse(path.read_text("utf-8"))
    kinds = (ast.FunctionDef, ast.ClassDef)
    defined = {node.name for node in ast.walk(tree) if isinstance(node, kinds)}
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            defined |= {target.id for target in targets if isinstance(target, ast.Name)}
    return defined


def imports_of(top: str) -> set[str]:
    """List the other packages and modules at the top that one of them imports."""
    files = (PACKAGE / top).rglob("*.py") if (PACKAGE / top).is_dir() else [PACKAGE / f"{top}.py"]
    trees = (ast.parse(path.read_text("utf-8")) for path in files)
    nodes = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    imported = (f"{node.module}.{name.name}" for node in nodes for name in node.names)
    found = {name.split(".")[1] for name in imported if name.startswith(f"{PACKAGE.name}.")}
    return found - {top}


def test_the_questions_are_answered() -> None:
    assert {question for question, *_ in PLACES} == ANSWERED


@pytest.mark.parametrize(("question", "file", "name"), PLACES)
def test_a_named_place_exists(question: str, file: str, name: str) -> None:
    assert name in names_defined_in(PACKAGE / file), question


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:\w+/)?\w+\.py)`", DESIGN))))
def test_a_named_file_exists(path: str) -> None:
    assert (PACKAGE / path).is_file()


def test_the_picture_shows_every_package_and_module() -> None:
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    modules = {path.stem for path in PACKAGE.glob("*.py")} - {ENTRY_POINT}
    assert set(LEVEL_OF) == packages | modules


@pytest.mark.parametrize("top", BELOW_THE_COMMANDS)
def test_imports_point_down_the_picture(top: str) -> None:
    assert {other for other in imports_of(top) if LEVEL_OF[other] >= LEVEL_OF[top]} == set()
