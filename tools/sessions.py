"""Do the sessions of the README show what a user sees? `python -m tools.sessions` writes them anew.

A session is a block of commands, each with what came of it, in a world of its own: the one of `make sandbox`. A comment
before it says what goes wrong there (`faults` of the simulator, on `#2`, the third instance), and which command was
killed before (`killed`, when the batch `at` began in its job log).
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
PATIENCE = 60  # seconds until a command that is to be killed has come far enough
_BLOCK = re.compile(r"<!-- session (?P<how>\{.*?\}) -->\n```console\n(?P<text>.*?)```\n", re.DOTALL)
_COMMAND = re.compile(r"^\$ (?:.*\\\n> )*.*\n", re.MULTILINE)


class Session(NamedTuple):
    """What goes wrong in it, and its commands as they are shown, each with what came of it."""

    how: dict[str, Any]
    steps: list[tuple[str, str]]

    @property
    def name(self) -> str:
        """Name it by its first command."""
        return _typed(self.steps[0][0])


def sessions(text: str) -> Iterator[Session]:
    """Find the sessions of a document."""
    for block in _BLOCK.finditer(text):
        shown = _COMMAND.findall(block["text"])
        came = _COMMAND.split(block["text"])[1:]
        yield Session(json.loads(block["how"]), list(zip(shown, came, strict=True)))


def play(session: Session, simulator: Simulator, environment: dict[str, str], **settings: Any) -> Session:
    """Run the commands of a session in a world as it is at first; return it with what really came of them."""
    simulator.reset(vms=INSTANCES, **settings)
    for fault in session.how.get("faults", []):
        named = simulator.names("flex")[int(fault["vm"].removeprefix("#"))]
        simulator.add_fault({**fault, "vm": named})
    with tempfile.TemporaryDirectory() as folder:
        if "killed" in session.how:
            _kill(session.how["killed"], session.how["at"], Path(folder), environment)
        came = [(shown, _told(_typed(shown), folder, environment)) for shown, _ in session.steps]
    return session._replace(steps=came)


def written(text: str, played: list[Session]) -> str:
    """Put what came of the sessions of a document into it."""
    rest = iter(played)

    def block(found: re.Match[str]) -> str:
        steps = "".join(f"{shown}{_wrapped(came)}" for shown, came in next(rest).steps)
        return f"<!-- session {found['how']} -->\n```console\n{steps}```\n"

    return _BLOCK.sub(block, text)


def main() -> None:
    """Write the sessions of the README as they are today."""
    text = README.read_text(encoding="utf-8")
    with sandbox(INSTANCES, SECONDS) as (simulator, environment):
        played = [play(session, simulator, environment) for session in sessions(text)]
    README.write_text(written(text, played), encoding="utf-8")


def _typed(shown: str) -> str:
    return re.sub(r"\\\n> *", "", shown.removeprefix("$ ")).strip()


def _told(command: str, folder: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
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
        until = time.monotonic() + PATIENCE
        while not ((folder / LOG).exists() and begun.search((folder / LOG).read_text(encoding="utf-8"))):
            if process.poll() is not None or time.monotonic() > until:
                process.kill()
                raise RuntimeError(f"{command}: batch {batch} did not begin")
            time.sleep(0.02)
        process.kill()


def _wrapped(came: str) -> str:
    lines = (textwrap.wrap(line, WIDTH, break_long_words=False, break_on_hyphens=False) for line in came.splitlines())
    return "".join(f"{part}\n" for line in lines for part in (line or [""]))


if __name__ == "__main__":
    main()
