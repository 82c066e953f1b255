"""Commands that the user gave to a run, carried out by the user's shell within a time limit."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import IO, NamedTuple

from azext_flexcompare.instances import Instance
from azext_flexcompare.table.entries import Operation
from azext_flexcompare.times import format_duration

GRACE = 5.0  # seconds that a command is given to end by itself
TICK = 0.1  # seconds between checks for an interruption
LATE_OUTPUT = 0.5  # seconds in which what a command has written must arrive; a process that it left may write on
KEPT = 4096  # bytes of the output, from its end
LINES, LONGEST = 5, 500  # lines and characters of the output in a reason
PREFIX = "VMSS_FLEX_"


class CommandResult(NamedTuple):
    """How a command ended: why it did not succeed, if so, its exit status if it has one, and its seconds."""

    problem: str | None
    status: int | None = None
    seconds: float = 0.0


class Shell(NamedTuple):
    """The user's shell: what hides secrets in the output, and whether the run is interrupted."""

    mask: Callable[[str], str]
    interrupted: Callable[[], bool]

    def run(
        self,
        command: str,
        variables: Mapping[str, str],
        *,
        timeout: float,
        stdin: str = "",
        echo: Callable[[str], None] | None = None,
    ) -> CommandResult:
        """Run a command to its end, or end it once its time is over or the run is interrupted.

        Each piece of its output, standard error included, is passed to `echo`.
        """
        began = time.monotonic()
        with tempfile.TemporaryFile() as given:  # a pipe would block where the command does not read it
            given.write(stdin.encode())
            given.seek(0)
            try:
                process = _start(command, variables, given)
            except (OSError, ValueError) as error:
                return CommandResult(f"It could not be started: {error}.")
            output = _Output(process, lambda text: echo(self.mask(text)) if echo else None)
            ended = self._wait(process, began + timeout)
        tail = self.mask(output.tail())
        seconds = round(time.monotonic() - began, 3)
        if ended:
            return CommandResult(f"{ended.format(limit=format_duration(timeout))}{tail and f': {tail}'}", None, seconds)
        status = process.returncode
        problem = f"It exited with status {status}{f': {tail}' if tail else '.'}" if status else None
        return CommandResult(problem, status, seconds)

    def _wait(self, process: subprocess.Popen[bytes], end: float) -> str | None:
        """Return why the command was ended, or None where it ended by itself."""
        while time.monotonic() < end:
            with suppress(subprocess.TimeoutExpired):
                process.wait(TICK)
                return None
            if self.interrupted():
                _end(process, signal.SIGINT)
                return "It was interrupted"
        _end(process, signal.SIGTERM)
        return "It did not end within {limit}"


def variables_of(operation: Operation, batch: int, instance: Instance | None = None) -> dict[str, str]:
    """Return the variables of a command: those of the batch, and the fields of an instance under their names."""
    of_batch = {"OPERATION": operation.name, "BATCH": str(batch)}
    of_instance = {} if instance is None else _fields_of(instance)
    return {f"{PREFIX}{name}": value for name, value in (of_batch | of_instance).items()}


def _fields_of(instance: Instance) -> dict[str, str]:
    domain = instance.fault_domain
    return {
        "INSTANCE": instance.name,
        "ID": instance.id,
        "SUBSCRIPTION": instance.subscription,
        "RESOURCE_GROUP": instance.resource_group,
        "SCALE_SET": instance.scale_set.name,
        "ZONE": instance.zone or "",
        "FAULT_DOMAIN": "" if domain is None else str(domain),
    }


def _start(command: str, variables: Mapping[str, str], stdin: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a command in a process group of its own, so that all of it can be ended."""
    environment = {**os.environ, **variables}
    shell = os.environ.get("SHELL") or "/bin/sh"
    return subprocess.Popen(  # noqa: S603  (it is what the user wants run)
        command if os.name == "nt" else [shell if os.access(shell, os.X_OK) else "/bin/sh", "-c", command],
        shell=os.name == "nt",
        env=environment,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _end(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to a command and what it started, and kill what has not ended a moment later."""
    _signal(process, number)
    with suppress(subprocess.TimeoutExpired):
        process.wait(GRACE)
    _signal(process, getattr(signal, "SIGKILL", signal.SIGTERM))
    process.wait()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if os.name == "nt":
            process.kill()
        else:
            os.killpg(process.pid, number)


class _Output:
    """The output of a command, which a thread reads."""

    def __init__(self, process: subprocess.Popen[bytes], echo: Callable[[str], None]) -> None:
        self.process, self.echo, self.kept = process, echo, b""
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def tail(self) -> str:
        """Return the last lines."""
        self.thread.join(LATE_OUTPUT)
        lines = [one.strip() for one in self.kept.decode(errors="replace").splitlines() if one.strip()]
        return " / ".join(lines[-LINES:])[-LONGEST:]

    def _read(self) -> None:
        with self.process.stdout or tempfile.TemporaryFile() as pipe:
            while piece := os.read(pipe.fileno(), 65536):
                self.kept = (self.kept + piece)[-KEPT:]
                self.echo(piece.decode(errors="replace"))
        if self.kept and not self.kept.endswith(b"\n"):
            self.echo("\n")
