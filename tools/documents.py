"""The sessions in documents, as they are written.

A session is a block of commands with their output, run in the world of `make sandbox`. A comment before it names what
is simulated there: `faults` (on `#2`, the third instance), `vms` (states of instances), `settings` of the simulator,
and the command that was `killed` before (when the batch `at` began in its log). With `continues` the session is in the
world and the folder of the one above.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from tools.wheel import ROOT

README = ROOT / "README.md"
NAMED = {"readme": README, "tutorial": ROOT / "docs" / "tutorial.md", "3am": ROOT / "docs" / "3am.md"}
BLOCK = re.compile(r"<!-- session (?P<setup>\{.*?\}) -->\n```console\n(?P<text>.*?)```\n", re.DOTALL)
COMMAND = re.compile(r"^\$ (?:.*\\\n> )*.*\n", re.MULTILINE)


class Session(NamedTuple):
    """The settings of a session, and its commands as shown, each with its output."""

    setup: dict[str, Any]
    steps: list[tuple[str, str]]

    @property
    def name(self) -> str:
        """Return its first command as its name."""
        return typed(self.steps[0][0])


def sessions(text: str) -> Iterator[Session]:
    """Find the sessions of a document."""
    for block in BLOCK.finditer(text):
        shown = COMMAND.findall(block["text"])
        outputs = COMMAND.split(block["text"])[1:]
        yield Session(json.loads(block["setup"]), list(zip(shown, outputs, strict=True)))


def stories(text: str) -> list[list[Session]]:
    """Group the sessions of a document by their worlds: each with those that continue it."""
    found: list[list[Session]] = []
    for session in sessions(text):
        if session.setup.get("continues"):
            found[-1].append(session)
        else:
            found.append([session])
    return found


def typed(shown: str) -> str:
    """Return a command as it is typed in one line."""
    return re.sub(r"\\\n> *", "", shown.removeprefix("$ ")).strip()


def faults_of(document: str) -> list[dict[str, Any]]:
    """List the faults of the sessions of a document, such as `readme`, in their order."""
    text = NAMED[document].read_text(encoding="utf-8")
    return [fault for session in sessions(text) for fault in session.setup.get("faults", [])]
