"""`make lint`: fails where the extension breaks a convention of the Azure CLI.

azdev takes half a minute for each: `make proof` asks for these.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tools.conventions import LINTER, STYLE, lint
from tools.sandbox import extensions


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The package of an installed extension that may be spoilt."""
    shutil.copytree(extensions(), tmp_path / "extensions")
    return tmp_path / "extensions" / "flexcompare" / "azext_flexcompare"


@pytest.mark.proof
def test_a_command_without_help_is_found(package: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with (package / "_help.py").open("a") as helps:
        helps.write('\ndel helps["vmss-flex nat-rule"]\n')
    assert lint(package.parents[1], LINTER) == 1
    assert "missing_group_help" in capfd.readouterr().out


@pytest.mark.proof
def test_a_line_of_bad_style_is_found(package: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with (package / "table" / "entries.py").open("a") as code:
        code.write("\nassert(1 == 1)\n")
    assert lint(package.parents[1], STYLE) == 1
    assert "entries.py" in capfd.readouterr().err
