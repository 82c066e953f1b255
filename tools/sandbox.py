"""A sandbox in which the real `az` runs the extension, apart from the user's own Azure CLI.

It consists of the wheel, installed by `az extension add` into the build folder, an empty configuration folder, and the
embedded Azure Resource Manager to log in to. `python -m tools.sandbox` opens a shell there, and with `--faults readme`
one in which the same instances fail as in the README.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from filelock import FileLock

from armsim import Simulator
from armsim.world.description import default_description
from tools.documents import faults_of
from tools.wheel import ROOT, build_wheel, packaged

BUILD = ROOT / "build"
AZ = Path(sys.executable).with_name("az.cmd" if os.name == "nt" else "az")


def az(environment: dict[str, str], *arguments: str, **how: object) -> subprocess.CompletedProcess[str]:
    """Run the real `az` in an environment."""
    return subprocess.run([str(AZ), *arguments], env=environment, text=True, check=False, **how)  # type: ignore[call-overload, no-any-return]


def extensions() -> Path:
    """Install the extension of these sources, once, and return the folder for AZURE_EXTENSION_DIR."""
    home = BUILD / "extensions" / digest(ROOT)
    BUILD.mkdir(exist_ok=True)
    with FileLock(BUILD / "extensions.lock"):
        if not (home / "installed").exists():
            wheel = build_wheel(home / "wheel")
            with tempfile.TemporaryDirectory() as config:
                environment = {**os.environ, "AZURE_CONFIG_DIR": config, "AZURE_EXTENSION_DIR": str(home / "az")}
                environment["AZURE_CORE_COLLECT_TELEMETRY"] = "no"  # its process would write on after this one's end
                az(environment, "extension", "add", "--yes", "--source", str(wheel)).check_returncode()
            (home / "installed").touch()
    return home / "az"


def digest(source: Path) -> str:
    """Return a digest of the files that the wheel of a source tree is built from."""
    found = hashlib.sha256()
    for path in packaged(source):
        found.update(str(path.relative_to(source)).encode() + path.read_bytes())
    return found.hexdigest()[:16]


class Cloud(Protocol):
    """A simulator to log in to, of this process or of another."""

    def environment(self) -> dict[str, str]:
        """Return the environment that `az` needs."""

    def login_commands(self) -> list[list[str]]:
        """List the commands of `az` that log in."""


def log_in(simulator: Cloud, config: Path) -> dict[str, str]:
    """Log in to a simulator with an empty configuration folder; return the environment in which `az` uses both."""
    environment = {  # COLUMNS is the terminal of who runs the tests, or none
        **{name: value for name, value in os.environ.items() if not name.startswith("AZURE_") and name != "COLUMNS"},
        **simulator.environment(),
        "AZURE_CONFIG_DIR": str(config),
        "AZURE_EXTENSION_DIR": str(extensions()),
        "PATH": f"{AZ.parent}{os.pathsep}{os.environ['PATH']}",
    }
    for command in simulator.login_commands():
        done = az(environment, *command, "--only-show-errors", capture_output=True)
        if done.returncode:
            raise RuntimeError(f"az {' '.join(command)}: {done.stderr}")
    return environment


def description(vms: int) -> dict[str, Any]:
    """Return the world of the sandbox: that of the simulator, its load balancer with a rule and a probe."""
    world = default_description(vms)
    world["resourceGroups"]["rg"]["loadBalancers"]["flex-lb"] |= {
        "probes": {"http": 80},
        "loadBalancingRules": {
            "http": {"pool": "flex-pool", "frontendPort": 80, "backendPort": 80, "probe": "http"},
        },
    }
    return world


def add_faults(simulator: Simulator, faults: Iterable[dict[str, Any]]) -> None:
    """Add faults of documents, which name an instance by its number: `#2` is the third one."""
    names = simulator.names("flex")
    for fault in faults:
        named = {"vm": names[int(fault["vm"].removeprefix("#"))]} if fault.get("vm", "").startswith("#") else {}
        simulator.add_fault({**fault, **named})


@contextmanager
def sandbox(vms: int = 40, seconds: float = 5) -> Iterator[tuple[Simulator, dict[str, str]]]:
    """Start a simulator whose operations last `seconds`, and log in to it."""
    with (
        Simulator(world=description(vms), seconds=seconds) as simulator,
        tempfile.TemporaryDirectory() as config,
    ):
        yield simulator, log_in(simulator, Path(config))


def main(arguments: list[str]) -> int:
    """Open a shell in the sandbox."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--faults", metavar="DOCUMENT", help="document of which the sessions fail, such as readme")
    faults = parser.parse_args(arguments).faults
    with sandbox() as (simulator, environment):
        add_faults(simulator, faults_of(faults) if faults else [])
        print(
            "`az` is logged in to a simulated Azure: resource group rg, Flexible set flex (40 instances), and others."
        )
        print(f"Try: az vmss-flex list-instances -g rg -n flex -o table     ({simulator.url}; exit leaves)")
        shell = os.environ.get("SHELL", "/bin/sh")
        return subprocess.run([shell], env={**environment, "PS1": "(sandbox) $ "}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
