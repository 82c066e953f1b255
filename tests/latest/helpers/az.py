"""The real `az` as a test runs it: once in a process of its own, or often and quickly.

What takes a second each time is that Python reads the Azure CLI. So one process reads it, with the installed extension,
and each command is a fork of it: a process of its own, with clients, connections and tokens of its own, as the real one
is. Where a test says so, the product waits for milliseconds where it otherwise waits for seconds.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import pkgutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from io import StringIO
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from typing_extensions import Self

ROOT = Path(__file__).parents[3]
INSTANCES = 6  # of the scale set `flex`
FLEX = ("-g", "rg", "-n", "flex")
PATIENCE = 120  # seconds after which a command that hangs is ended
IMPATIENT = {  # seconds of the product's that only cost a test its time
    "scheduler.scheduler.FIRST_RETRY": 0.05,
    "scheduler.scheduler.LONGEST_RETRY": 0.3,
    "scheduler.list_poll.INTERVAL": 0.1,
    "scheduler.scheduler.TICK": 0.02,
    "scheduler.poll_interval.FIRST": 0.02,
    "scheduler.poll_interval.MARGIN": 0.01,
    "execution.alarm.INTERVAL": 0.1,
    "execution.rolling_window.SOONEST_VIEW": 0.05,
    "execution.rolling_window.VIEW_AGE": 0.2,
    "execution.rolling_window.PATIENCE": 5.0,
    "execution.unknown_outcome.GRACE": 0.1,
    "execution.unknown_outcome.ACCEPTED_GRACE": 0.5,
}


class Ran(NamedTuple):
    """What a user sees of a command."""

    exit: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)


Run = Callable[..., Ran]


class WarmProcess:
    """A process that has read the Azure CLI, whose forks run commands."""

    process: subprocess.Popen[str]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self.process:  # it ends when nothing more is asked of it
            assert self.process.stdin
            self.process.stdin.close()


class WarmAz(WarmProcess):
    """The process that has read the Azure CLI; `instead` are constants of the product, such as `settling.GRACE`."""

    def __init__(self, environment: dict[str, str], folder: Path, instead: dict[str, float]) -> None:
        self.out, self.err = folder / "out", folder / "err"
        self.child = 0  # the process of the latest command
        command = [sys.executable, __file__, json.dumps(instead)]
        self.process = subprocess.Popen(
            command, env=environment, cwd=folder, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def run(
        self,
        *arguments: str,
        variables: Mapping[str, str] | None = None,
        stdout: str | None = None,
        closed: Sequence[int] = (),
    ) -> Ran:
        """Run `az vmss-flex` with these arguments to its end.

        `variables` are added to the environment, `stdout` is a file other than the usual one, `closed` are descriptors
        of standard streams that the caller closed.
        """
        assert self.process.stdin
        assert self.process.stdout
        streams = {0: os.devnull, 1: stdout or str(self.out), 2: str(self.err)}
        self.out.write_text("")
        self.err.write_text("")
        asked = [["vmss-flex", *arguments], dict(variables or {}), list(streams.items()), list(closed)]
        print(json.dumps(asked), file=self.process.stdin, flush=True)
        self.child = int(self.process.stdout.readline())
        status = int(self.process.stdout.readline())
        return Ran(status, self.out.read_text("utf-8"), self.err.read_text("utf-8"))


def read_everything() -> None:
    from azure.cli.core import extension, get_default_cli

    get_default_cli().invoke(["vmss-flex", "compare"], out_file=StringIO())
    for logger in (logging.getLogger(), logging.getLogger("cli")):  # so that each command sets them up by its options
        logger.handlers.clear()
    sys.path.append(extension.get_extension_path("flexcompare"))
    package = importlib.import_module("azext_flexcompare")
    for module in pkgutil.walk_packages(package.__path__, "azext_flexcompare."):
        importlib.import_module(module.name)
    for name in ("azure.mgmt.compute.v2024_11_01", "requests", "msal", "azure.cli.core.auth.msal_credentials"):
        importlib.import_module(name)


def put_instead(values: dict[str, float]) -> None:
    for name, value in values.items():
        module, _, constant = name.rpartition(".")
        place = importlib.import_module(f"azext_flexcompare.{module}")
        assert type(getattr(place, constant)) in (int, float)
        setattr(place, constant, value)


def _carry_out(
    arguments: list[str], variables: dict[str, str], streams: list[tuple[int, str]], closed: list[int]
) -> None:
    signal.alarm(PATIENCE)
    sys.argv[1:] = arguments
    os.environ.update(variables)
    for descriptor, path in streams:
        flags = os.O_RDONLY if descriptor == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        os.dup2(os.open(path, flags), descriptor)
    for descriptor in closed:  # as Python finds it where it starts with a descriptor closed
        os.close(descriptor)
        setattr(sys, ("stdin", "stdout", "stderr")[descriptor], None)
    from azure.cli.core import get_default_cli

    sys.exit(get_default_cli().invoke(arguments))


def _serve() -> None:
    for line in sys.stdin:
        child = os.fork()
        if not child:
            return _carry_out(*json.loads(line))
        print(child, flush=True)  # noqa: T201
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201
    return None


if __name__ == "__main__":
    read_everything()
    put_instead(json.loads(sys.argv[1]))
    _serve()
