"""The extension with the Azure CLI on every Python that both of them support.

Each takes a minute or more, since the whole Azure CLI is installed: `python -m pytest -m proof -n 0` asks for it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from armsim import Simulator
from tests.latest.helpers.az import INSTANCES
from tests.latest.helpers.extension_index import of_version, offered
from tests.latest.helpers.worlds import changes
from tools.wheel import ROOT, build_wheel

NEXT = "99.0.0"
VERSIONS = ("3.10", "3.11", "3.12", "3.13")
PINNED = [line for line in (ROOT / "requirements-dev.txt").read_text().splitlines() if line.startswith("azure-cli==")]
TELL = "import sys; sys.stdout.write(f'{sys.version_info[0]}.{sys.version_info[1]} {sys.executable}')"


def run(*command: object, **run_options: Any) -> str:
    """Run a command to its good end and return what it wrote."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **run_options)
    assert done.returncode == 0, done.stderr
    return str(done.stdout)


def candidates(version: str) -> Iterator[Path]:
    """List where an interpreter might be: this one, on the path, or among those of pyenv."""
    yield Path(sys.executable)
    yield from map(Path, filter(None, [shutil.which(f"python{version}")]))
    yield from sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}*/bin/python"))


def find_python(version: str) -> Path | None:
    """Find an interpreter that is of this version when it is asked."""
    for candidate in candidates(version):
        told = subprocess.run([str(candidate), "-c", TELL], capture_output=True, text=True, check=False).stdout
        if told.startswith(f"{version} "):
            return Path(told.split(" ", 1)[1])
    return None


class Installed(NamedTuple):
    """An Azure CLI of its own, on one Python, logged in to the simulated Azure."""

    python: Path
    environment: dict[str, str]
    home: Path

    def az(self, *arguments: object) -> Any:
        words = ("-m", "azure.cli", *arguments, "--only-show-errors")
        told = run(self.python, *words, env=self.environment, cwd=self.home)  # not in the sources: -m would find them
        return json.loads(told) if told else None


@pytest.fixture
def install(sim: Simulator, tmp_path: Path) -> Callable[[Path], Installed]:
    """Install the pinned Azure CLI on a Python, and the extension as a user does."""

    def install(python: Path) -> Installed:
        run(python, "-m", "venv", tmp_path / "venv")
        own = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
        run(own, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PINNED)
        folders = {f"AZURE_{name}_DIR": str(tmp_path / name) for name in ("CONFIG", "EXTENSION")}
        rest = {name: value for name, value in os.environ.items() if not name.startswith("AZURE_")}
        installed = Installed(own, {**rest, **sim.environment(), **folders}, tmp_path)
        installed.az("extension", "add", "--yes", "--source", build_wheel(tmp_path / "wheel"))
        for command in sim.login_commands():
            installed.az(*command)
        return installed

    return install


def update(installed: Installed) -> str:
    """Update the extension from an index, remove it, and return the version that was there in between."""
    with offered(of_version(NEXT, installed.home / "next")) as index:
        installed._replace(environment=installed.environment | index).az("extension", "update", "--name", "flexcompare")
    shown = installed.az("extension", "show", "--name", "flexcompare")
    assert len(installed.az("vmss-flex", "compare")) > 30
    installed.az("extension", "remove", "--name", "flexcompare")
    assert installed.az("extension", "list") == []
    return str(shown["version"])


@pytest.mark.proof
@pytest.mark.parametrize("version", VERSIONS)
def test_the_extension_works_on_python(
    version: str, install: Callable[[Path], Installed], sim: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    python = find_python(version)
    if python is None:
        pytest.skip(f"there is no Python {version} here, neither on the path nor of pyenv")
    installed = install(python)
    compared = installed.az("vmss-flex", "compare")
    restarted = installed.az("vmss-flex", "restart", "-g", "rg", "-n", "flex")
    about = installed.az("version")
    updated = update(installed)
    well = sum(row["status"] == "Succeeded" for row in restarted)
    with capsys.disabled():
        sys.stdout.write(
            f"\nPython {version} ({python}), azure-cli {about['azure-cli']}, extensions {about['extensions']}:"
            f" compare {len(compared)} rows, restart {well} of {len(restarted)} Succeeded\n"
        )
    assert f"azure-cli=={about['azure-cli']}" in PINNED
    assert len(compared) > 30
    assert updated == NEXT
    assert well == len(restarted) == INSTANCES
    assert [request["action"] for request in changes(sim)] == ["restart"] * INSTANCES
