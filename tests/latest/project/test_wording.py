"""The words of documents and docstrings: the glossary's terms, and none that the project has coined."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from azext_flexcompare.scheduler.outcome import Status
from tools.wheel import ROOT

TERMS = [
    *("batch", "call", "domain", "engine", "health gate", "job", "job log", "operation", "outcome", "plan", "poll"),
    *("rate-limit group", "record", "rotation", "run", "share", "status", "window"),
]
COVERED = (
    *("CONTRIBUTING.md", "HISTORY.rst", "README.md", "SECURITY.md", "docs/alternatives.md", "docs/design.md"),
    *("docs/faults.json", "docs/glossary.md", "docs/live-check.md", "docs/performance.md", "docs/reliability.md"),
    *("docs/rollouts.md", "docs/rotation.md", "tools"),
    *("docs/schemas/README.md", "docs/powershell.md", "docs/own-index.md"),
    *("docs/README.md", "docs/3am.md", "docs/ci.md", "docs/faq.md", "docs/options.md", "docs/permissions.md"),
    "docs/tutorial.md",
    *("docs/commands.md", "docs/equivalence.md", "azext_flexcompare", "armsim"),
    *("azext_flexcompare/table/equivalence.json", "azext_flexcompare/table/equivalence.schema.json"),
)
BANNED = (
    *("afloat", "anew", "courses?", "flights?", "flying", "heeds?", "heeded", "lanes?", "overseers?", "overseen"),
    *("oversight", "reckon(?:s|ed)?", "recourse", "surveys?", "standstill"),
    *("everybody", "nobody", "somebody", "whoever", "whomever", "whose turn"),
    *("(?:go|goes|gone|going) on with", "under way", "is told", "looked at"),
)
PATTERN = re.compile(rf"\b(?:{'|'.join(BANNED)})\b", re.IGNORECASE)
BANNED_VERBS = re.compile(r"(?:Be|Give|Have|Hear|Know|Let|Put|Say|See|Stand|Take note|Tell)s?\b")
WITH_DOCSTRINGS = (ast.Module, ast.ClassDef, ast.FunctionDef)


def files_of(root: str) -> list[Path]:
    path = ROOT / root
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]


def headlines_of(path: Path) -> list[str]:
    """List the first lines of the docstrings of a module."""
    nodes = (node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, WITH_DOCSTRINGS))
    return [docstring.splitlines()[0] for node in nodes if (docstring := ast.get_docstring(node))]


def lines_of(path: Path) -> list[str]:
    return headlines_of(path) if path.suffix == ".py" else path.read_text("utf-8").splitlines()


each_file = pytest.mark.parametrize(
    "path", [path for root in COVERED for path in files_of(root)], ids=lambda path: str(path.relative_to(ROOT))
)


@each_file
def test_a_document_or_docstring_uses_no_banned_word(path: Path) -> None:
    assert [line for line in lines_of(path) if PATTERN.search(line)] == []


@each_file
def test_a_docstring_begins_with_no_banned_verb(path: Path) -> None:
    headlines = headlines_of(path) if path.suffix == ".py" else []
    assert [line for line in headlines if BANNED_VERBS.match(line)] == []


def test_the_docstring_of_a_test_module_names_its_subject() -> None:
    modules = [path for folder in ("tests", "armsim/tests") for path in files_of(folder)]
    assert [path.name for path in modules if any("?" in line for line in headlines_of(path)[:1])] == []


def test_a_banned_word_is_found_in_a_document_and_in_each_kind_of_docstring(tmp_path: Path) -> None:
    document, module = tmp_path / "page.md", tmp_path / "module.py"
    document.write_text("The lane of Whoever waits.\n")
    module.write_text('"""A course."""\n\n\nclass A:\n    """A flight."""\n\n    def f(_):\n        """Heed it."""\n')
    found = [PATTERN.findall(line) for path in (document, module) for line in lines_of(path)]
    assert found == [["lane", "Whoever"], ["course"], ["flight"], ["Heed"]]


def test_the_glossary_has_the_eighteen_terms_in_order() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    assert re.findall(r"^\*\*(.+?)\*\*: ", glossary, re.MULTILINE) == TERMS
    assert len(TERMS) == 18


def test_the_glossary_lists_every_status() -> None:
    (entry,) = re.findall(r"^\*\*status\*\*: .*\n.*", (ROOT / "docs" / "glossary.md").read_text("utf-8"), re.MULTILINE)
    named = [value for name, value in vars(Status).items() if name.isupper()]
    assert [status for status in named if status not in entry] == []
    assert len(named) == 8
