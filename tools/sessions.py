"""The output of the sessions in documents, from real runs: `make sessions` rewrites it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from armsim import Simulator
from tools.documents import BLOCK, NAMED, Session, stories, typed
from tools.sandbox import add_faults, description, sandbox

WIDTH = 80
INSTANCES, SECONDS = 40, 1.0
QUICK = {"retry_after": "none", "retry_after_ms": 200}  # what a document says of seconds is not about Azure's hints
KILLABLE = 0.5  # seconds that an operation lasts at least while the process that waits for it is killed
LONGEST_WAIT = 60  # seconds until a command must have reached the batch at which it is killed
_JOB_TIME = re.compile(r"\b\d{8}T\d{6}(?:\.\d{3}Z)?")


def play(
    story: list[Session], simulator: Simulator, environment: dict[str, str], *, seconds: float, **settings: Any
) -> list[Session]:
    """Run the commands of a story in a fresh world; return its sessions with their real output."""
    world = description(INSTANCES)
    world["resourceGroups"]["rg"]["scaleSets"]["flex"]["overrides"] = story[0].setup.get("vms", {})
    simulator.reset(world, seconds=seconds, **settings)
    shutil.rmtree(_jobs(environment), ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        return [_play(session, simulator, environment, Path(folder), seconds=seconds) for session in story]


def normal(said: str) -> str:
    """Return an output without what differs between two runs: widths, durations and the times in names of jobs."""
    timeless = _JOB_TIME.sub("TIME", said)
    return " ".join(re.sub(r"-{3,}", "---", re.sub(r"\b\d+\.\d+\b", "SECONDS", timeless)).split())


def with_output(text: str, played: list[Session]) -> str:
    """Replace the sessions of a document by those that were run; keep an output that differs only in times."""
    rest = iter(played)

    def block(found: re.Match[str]) -> str:
        session = next(rest)
        steps = "".join(f"{shown}{_wrapped(output)}" for shown, output in session.steps)
        kept = found["text"] if _shape(found["text"]) == _shape(steps) else _JOB_TIME.sub(_tidied, steps)
        return f"<!-- session {found['setup']} -->\n```console\n{kept}```\n"

    return BLOCK.sub(block, text)


def main(arguments: list[str]) -> None:
    """Run the sessions of the documents, or of those that are named, and write their output into them."""
    with sandbox(INSTANCES, SECONDS) as (simulator, environment):
        for path in [Path(name).resolve() for name in arguments] or NAMED.values():
            text = path.read_text(encoding="utf-8")
            played = [
                session
                for story in stories(text)
                for session in play(story, simulator, environment, seconds=SECONDS, **QUICK)
            ]
            path.write_text(with_output(text, played), encoding="utf-8")


def _play(
    session: Session, simulator: Simulator, environment: dict[str, str], folder: Path, *, seconds: float
) -> Session:
    add_faults(simulator, session.setup.get("faults", []))
    if "killed" in session.setup:
        simulator.configure(seconds=max(seconds, KILLABLE))
        _kill(session.setup["killed"], session.setup["at"], folder, environment)
    simulator.configure(**{"seconds": seconds, **session.setup.get("settings", {})})
    return session._replace(steps=[(shown, _run(typed(shown), folder, environment)) for shown, _ in session.steps])


def _run(command: str, folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={**environment, "COLUMNS": str(WIDTH)},
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    return done.stdout


def _jobs(environment: dict[str, str]) -> Path:
    return Path(environment["AZURE_CONFIG_DIR"], "vmss-flex", "jobs")


def _kill(command: str, batch: int, folder: Path, environment: dict[str, str]) -> None:
    """Run a command until a batch begins, and kill it there."""
    begun = re.compile(rf'"record": ?"batch".*"batch": ?{batch}\b')
    shell = ["bash", "-c", f"exec {command}"]
    with subprocess.Popen(shell, cwd=folder, env=environment, stderr=subprocess.DEVNULL) as process:
        until = time.monotonic() + LONGEST_WAIT
        while not any(begun.search(log.read_text("utf-8")) for log in _logs(folder, environment)):
            if process.poll() is not None or time.monotonic() > until:
                process.kill()
                raise RuntimeError(f"{command}: batch {batch} did not begin")
            time.sleep(0.02)
        process.kill()


def _logs(folder: Path, environment: dict[str, str]) -> Iterator[Path]:
    yield from folder.glob("*.jsonl")
    yield from sorted(_jobs(environment).glob("*.jsonl"))[-1:]


def _shape(said: str) -> tuple[str, bool]:
    """Return what two outputs have in common that differ only in times: the words, and whether seconds are rounded."""
    return normal(said), bool(re.search(r"\b\d+\.\d{2,}\b", said))


def _tidied(found: re.Match[str]) -> str:
    return "20261125T090000.125Z" if found[0].endswith("Z") else "20261125T090000"


def _wrapped(output: str) -> str:
    lines = (textwrap.wrap(line, WIDTH, break_long_words=False, break_on_hyphens=False) for line in output.splitlines())
    return "".join(f"{part}\n" for line in lines for part in (line or [""]))


if __name__ == "__main__":
    main(sys.argv[1:])
