"""The conventions of Azure CLI extensions, checked by Microsoft's azdev, offline.

azdev needs a checkout of the Azure CLI and its own configuration. It gets a folder with the files that it reads of
them, and the extension as `az extension add` installs it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from configparser import ConfigParser
from importlib.resources import files
from pathlib import Path

from tools.sandbox import extensions
from tools.wheel import ROOT

NAME = "flexcompare"
AZDEV = Path(sys.executable).with_name("azdev")
EXCLUSIONS = "linter_exclusions.yml"
# The rules about test coverage need GitHub, so their type is not among these.
RULE_TYPES = ("commands", "command_groups", "help_entries", "params")
# azdev reads these at every start; only the rules about test coverage use them.
PATTERNS = tuple(f"{name}_PATTERN" for name in ("CMD", "QUO", "END", "DOCS_END", "NOT_END", "NUMBER_SIGN"))

LINTER = ("linter", NAME, "--include-whl-extensions", "--min-severity", "low", "--rule-types", *RULE_TYPES)
STYLE = ("style", NAME)

# Rules of azdev's own configuration that other tools check here.
# Ruff checks these too; the exceptions are where they occur.
TO_RUFF = (
    *("broad-exception-caught", "consider-using-with", "line-too-long", "pointless-statement", "protected-access"),
    *("unused-argument", "unused-import"),
)
TO_MYPY = ("arguments-differ", "assignment-from-no-return", "no-member", "not-an-iterable")
# Limits on the members of a class and the arguments of a function; a command has many options.
COUNTS = (
    "too-few-public-methods",
    "too-many-instance-attributes",
    "too-many-positional-arguments",
    "too-many-public-methods",
)
TO_FORMATTER = ("E203",)  # spaces around the colon of a slice


def set_up(folder: Path, installed: Path) -> dict[str, str]:
    """Write the files that azdev reads into a folder; return the environment that points azdev to it."""
    (folder / "config").write_text(f"[cli]\nrepo_path = {folder}\n\n[ext]\nrepo_paths = {folder}\n")
    shutil.copytree(installed, folder / "extensions")
    shutil.copy(ROOT / EXCLUSIONS, folder)
    _configure(
        "ext_pylintrc", "MESSAGES CONTROL", "disable", (*TO_RUFF, *TO_MYPY, *COUNTS), written=folder / "pylintrc"
    )
    _configure("ext.flake8", "flake8", "ignore", TO_FORMATTER, written=folder / ".flake8")
    patterns = folder / "scripts" / "ci" / "cmdcov.yml"
    patterns.parent.mkdir(parents=True)
    patterns.write_text(json.dumps(dict.fromkeys(PATTERNS, "")))  # JSON is YAML
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AZURE_", "AZDEV_"))},
        "AZDEV_CONFIG_DIR": str(folder),
        "AZURE_CONFIG_DIR": str(folder / "cli"),
        "AZURE_CORE_COLLECT_TELEMETRY": "no",
        "AZURE_EXTENSION_DIR": str(folder / "extensions"),
        "PYLINTHOME": str(folder / "pylint"),
        "VIRTUAL_ENV": sys.prefix,
    }


def lint(installed: Path, *commands: Iterable[str]) -> int:
    """Check an installed extension by commands of azdev; return 0 if all pass."""
    with tempfile.TemporaryDirectory() as folder:
        environment = set_up(Path(folder), installed)
        done = [subprocess.run([AZDEV, *command], env=environment, cwd=folder, check=False) for command in commands]
    return 1 if any(one.returncode for one in done) else 0


def _configure(given: str, section: str, option: str, left_out: Iterable[str], written: Path) -> None:
    rules = ConfigParser(interpolation=None)
    rules.read_string((files("azdev") / "config" / given).read_text())
    rules[section][option] = ",".join([rules[section][option].rstrip().rstrip(","), *left_out])
    with written.open("w") as opened:
        rules.write(opened)


if __name__ == "__main__":
    sys.exit(lint(extensions(), LINTER, STYLE))
