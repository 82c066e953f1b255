"""Commands that run at a pseudo terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

import pytest

from tools.sandbox import AZ

QUESTION = b"(y/n): "
on_a_terminal = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals")


class Shown(NamedTuple):
    """How a command ended, its standard output, and what the terminal showed."""

    exit: int
    stdout: bytes
    seen: bytes


def run_at_terminal(environment: dict[str, str], *arguments: str, answers: Sequence[str] = ()) -> Shown:
    """Run `az vmss-flex ...` with standard error on a terminal, on which each question gets the next answer."""
    import pty

    ours, theirs = pty.openpty()
    left, stdin = list(answers), theirs if answers else None
    try:
        with subprocess.Popen(
            [str(AZ), "vmss-flex", *arguments], env=environment, stdin=stdin, stdout=subprocess.PIPE, stderr=theirs
        ) as process:
            os.close(theirs)
            seen = b""
            with suppress(OSError):  # that is how a terminal ends
                while piece := os.read(ours, 4096):
                    seen += piece
                    if left and seen.count(QUESTION) > len(answers) - len(left):
                        os.write(ours, f"{left.pop(0)}\n".encode())
            stdout, _ = process.communicate(timeout=60)
    finally:
        os.close(ours)
    return Shown(process.returncode, stdout, seen)
