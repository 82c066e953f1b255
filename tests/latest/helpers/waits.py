"""Commands that a test starts, watches and interrupts."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from armsim import Simulator
from tests.latest.helpers.az import Ran
from tools.sandbox import AZ


@contextmanager
def started(environment: dict[str, str], *command: str, cwd: Path | None = None) -> Iterator[subprocess.Popen[str]]:
    """A command as a terminal starts it, with a group of its own; nothing of it is left behind."""
    with subprocess.Popen(
        command,
        env=environment,
        cwd=cwd,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def wait_until(simulator: Simulator, true: Callable[[Simulator], bool]) -> None:
    for _ in range(400):
        if true(simulator):
            return
        signal.sigtimedwait([], 0.05)
    raise TimeoutError


def interrupt(
    environment: dict[str, str],
    sim: Simulator,
    when: Callable[[Simulator], bool],
    *arguments: str,
    number: int = signal.SIGINT,
) -> Ran:
    """Run az and press Ctrl-C at a moment, or send another signal."""
    with subprocess.Popen(
        [str(AZ), "vmss-flex", *arguments], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        wait_until(sim, when)
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=30)
    assert "Traceback" not in stderr
    return Ran(process.returncode, stdout, stderr)
