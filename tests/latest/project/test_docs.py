"""The documentation, compared with what the extension does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from azext_flexcompare.commands import HAND_WRITTEN, PLAIN
from azext_flexcompare.table.entries import operations, refusals
from tools.documents import README
from tools.render import COMMANDS as PAGES
from tools.render import GENERATED, ROOT, content_of

COMMANDS = [*PLAIN, *HAND_WRITTEN, *(one.words for one in operations()), *(one.name for one in refusals())]
DOCUMENTS = [path for place in (".", "docs", "docs/schemas", "armsim") for path in (ROOT / place).glob("*.md")]


@pytest.mark.parametrize("path", GENERATED, ids=lambda path: path.name)
def test_what_is_generated_is_fresh(path: Path) -> None:
    assert path.read_text("utf-8") == content_of(path), "run `make table`"


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("document", ["README.md", "HISTORY.rst"])
def test_every_command_is_named(command: str, document: str) -> None:
    assert re.search(rf"\b{command}\b", (ROOT / document).read_text("utf-8"))


def test_every_command_has_a_page_with_its_help_and_no_other_has() -> None:
    pages = re.findall(r"^## az vmss-flex (.+)$", PAGES.read_text("utf-8"), re.MULTILINE)
    assert sorted(pages) == sorted({*COMMANDS, *(name.split()[0] for name in COMMANDS if " " in name)})


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_inside_the_project_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", document.read_text("utf-8")):
        assert (document.parent / target).exists(), target


def test_the_index_lists_every_document() -> None:
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    listed = re.findall(r"\]\(([^)#]+)\)", index)
    written = [path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md") if path.parent.name != "v1"]
    assert sorted(str(path) for path in written if str(path) != "README.md") == sorted(
        target for target in listed if not target.startswith("../")
    )


def test_the_first_two_commands_of_the_readme_are_targets() -> None:
    targets = (ROOT / "Makefile").read_text("utf-8")
    found = re.findall(r"^    make ([a-z]+)  ", README.read_text("utf-8"), re.MULTILINE)
    assert found == ["demo", "test"]
    assert all(f"\n{target}:" in targets for target in found)


def test_each_feature_of_a_rollout_names_the_test_that_shows_it() -> None:
    named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", (ROOT / "docs" / "rollouts.md").read_text("utf-8"))
    assert len(named) > 10
    for file, function in named:
        sources = [path.read_text("utf-8") for path in (ROOT / "tests").rglob(file)]
        assert any(f"def {function}(" in source for source in sources), f"{file}::{function}"
