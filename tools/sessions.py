"""The sessions in the README, and their output from real runs: `python -m tools.sessions` rewrites them.

A session is a block of commands with their output, run in the world of `make sandbox`. A comment before it names the
faults to simulate (`faults`, on `#2`, the third instance) and the command that was killed before (`killed`, when the
batch `at` began in its job log).
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from armsim import Simulator
from tools.sandbox import sandbox
from tools.wheel import ROOT

README = ROOT / "README.md"
WIDTH = 80
INSTANCES, SECONDS = 40, 3.0
LOG = "restart.jsonl"
LONGEST_WAIT = 60  # seconds until a command must have reached the batch at which it is killed
_BLOCK = re.compile(r"<!-- session (?P<setup>\{.*?\}) -->\n```console\n(?P<text>.*?)```\n", re.DOTALL)
_COMMAND = re.compile(r"^\$ (?:.*\\\n> )*.*\n", re.MULTILINE)


class Session(NamedTuple):
    """The settings of a session, and its commands as shown, each with its output."""

    setup: dict[str, Any]
    steps: list[tuple[str, str]]

    @property
    def name(self) -> str:
        """Return its first command as its name."""
        return _typed(self.steps[0][0])


def sessions(text: str) -> Iterator[Session]:
    """Find the sessions of a document."""
    for block in _BLOCK.finditer(text):
        shown = _COMMAND.findall(block["text"])
        outputs = _COMMAND.split(block["text"])[1:]
        yield Session(json.loads(block["setup"]), list(zip(shown, outputs, strict=True)))


def play(session: Session, simulator: Simulator, environment: dict[str, str], **settings: Any) -> Session:
    """Run the commands of a session in a fresh world; return it with their real output."""
    simulator.reset(vms=INSTANCES, **settings)
    for fault in session.setup.get("faults", []):
        named = simulator.names("flex")[int(fault["vm"].removeprefix("#"))]
        simulator.add_fault({**fault, "vm": named})
    with tempfile.TemporaryDirectory() as folder:
        if "killed" in session.setup:
            _kill(session.setup["killed"], session.setup["at"], Path(folder), environment)
        steps = [(shown, _run(_typed(shown), folder, environment)) for shown, _ in session.steps]
    return session._replace(steps=steps)


def with_output(text: str, played: list[Session]) -> str:
    """Replace the sessions of a document by those that were run."""
    rest = iter(played)

    def block(found: re.Match[str]) -> str:
        steps = "".join(f"{shown}{_wrapped(output)}" for shown, output in next(rest).steps)
        return f"<!-- session {found['setup']} -->\n```console\n{steps}```\n"

    return _BLOCK.sub(block, text)


def main() -> None:
    """Run the sessions of the README and write their output into it."""
    text = README.read_text(encoding="utf-8")
    with sandbox(INSTANCES, SECONDS) as (simulator, environment):
        played = [play(session, simulator, environment) for session in sessions(text)]
    README.write_text(with_output(text, played), encoding="utf-8")


def _typed(shown: str) -> str:
    return re.sub(r"\\\n> *", "", shown.removeprefix("$ ")).strip()


def _run(command: str, folder: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={**environment, "COLUMNS": str(WIDTH)},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return done.stdout


def _kill(command: str, batch: int, folder: Path, environment: dict[str, str]) -> None:
    """Run a command until a batch begins, and kill it there."""
    begun = re.compile(rf'"record": ?"batch".*"batch": ?{batch}\b')
    with subprocess.Popen(["bash", "-c", f"exec {command}"], cwd=folder, env=environment) as process:
        until = time.monotonic() + LONGEST_WAIT
        while not ((folder / LOG).exists() and begun.search((folder / LOG).read_text(encoding="utf-8"))):
            if process.poll() is not None or time.monotonic() > until:
                process.kill()
                raise RuntimeError(f"{command}: batch {batch} did not begin")
            time.sleep(0.02)
        process.kill()


def _wrapped(output: str) -> str:
    lines = (textwrap.wrap(line, WIDTH, break_long_words=False, break_on_hyphens=False) for line in output.splitlines())
    return "".join(f"{part}\n" for line in lines for part in (line or [""]))


if __name__ == "__main__":
    main()
