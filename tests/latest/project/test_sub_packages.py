"""Sub-packages of the extension: the wheel's sources, the sandbox's digest and the coverage include their files."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from coverage import Coverage
from coverage.files import GlobMatcher

from tools.sandbox import digest
from tools.wheel import ROOT, copy_sources, packaged

PACKAGE = "azext_flexcompare"
DEEPEST = [f"{PACKAGE}/arm/polling.py", f"{PACKAGE}/table/equivalence.json", f"{PACKAGE}/html_report/page.css"]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    copy_sources(ROOT, tmp_path / "source")
    return tmp_path / "source"


def test_the_sources_of_the_wheel_are_all_tracked_files_of_the_package() -> None:
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", PACKAGE]
    tracked = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    found = {path.relative_to(ROOT).as_posix() for path in packaged(ROOT)}
    assert {name for name in tracked if (ROOT / name).exists()} == {name for name in found if name.startswith(PACKAGE)}


@pytest.mark.parametrize("name", DEEPEST)
def test_a_change_in_a_sub_package_is_installed_in_a_new_sandbox(name: str, source: Path) -> None:
    before = digest(source)
    assert before == digest(ROOT)
    with (source / name).open("a", encoding="utf-8") as changed:
        changed.write("\n")
    assert digest(source) != before


def test_a_new_sub_package_is_installed_in_a_new_sandbox(source: Path) -> None:
    before = digest(source)
    (source / PACKAGE / "arm" / "deeper").mkdir()
    (source / PACKAGE / "arm" / "deeper" / "__init__.py").touch()
    assert digest(source) != before


@pytest.mark.parametrize("name", [*DEEPEST[:1], f"{PACKAGE}/custom.py"])
def test_the_coverage_includes_the_file(name: str) -> None:
    included = Coverage(config_file=str(ROOT / "pyproject.toml")).get_option("run:include")
    assert isinstance(included, list)
    assert GlobMatcher([str(pattern) for pattern in included], "include").match(str(ROOT / name))
