"""The cost of a command: wall and processor seconds, exit status and peak memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from threading import Event, Thread
from typing import NamedTuple

import psutil  # the Azure CLI brings it

EVERY = 0.2  # seconds between two samples of the memory
MEGABYTE = 1e6


class Measured(NamedTuple):
    """The cost of a command and its children: `processor` seconds, and the `megabytes` of all at the peak."""

    seconds: float
    exit: int
    megabytes: float
    processor: float


def measure(environment: dict[str, str], command: list[str], lines: list[str] | None = None) -> Measured:
    """Run a command to its end, with lines for its standard input; drop its output."""
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as content:
        content.write("\n".join(lines or ()))
        content.seek(0)
        with subprocess.Popen(
            command, env=environment, stdin=content, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            memory = _Memory(process.pid)
            try:
                _, status, used = os.wait4(process.pid, 0)  # with what its children used, which it has waited for
                process.returncode = os.waitstatus_to_exitcode(status)
            except BaseException:
                process.terminate()
                raise
            finally:
                seconds = time.monotonic() - began
                megabytes = memory.peak()
    return Measured(seconds, process.returncode, megabytes, used.ru_utime + used.ru_stime)


def start_up(environment: dict[str, str], commands: list[list[str]], times: int) -> list[float]:
    """Measure the median duration of each command; they take turns, so that a disturbance affects all."""
    taken = [[measure(environment, command).seconds for command in commands] for _ in range(times)]
    return [statistics.median(one) for one in zip(*taken, strict=True)]


class _Memory:
    """The memory of a process and its children, sampled at intervals.

    The peak that the system keeps is that of one process, and includes the process which started it.
    """

    def __init__(self, pid: int) -> None:
        self._process, self._peak, self._ended = psutil.Process(pid), 0, Event()
        self._thread = Thread(target=self._sample, daemon=True)
        self._thread.start()

    def peak(self) -> float:
        """Stop sampling; return the highest number of megabytes."""
        self._ended.set()
        self._thread.join()
        return self._peak / MEGABYTE

    def _sample(self) -> None:
        while not self._ended.wait(EVERY):
            self._peak = max(self._peak, self._now())

    def _now(self) -> int:
        total = 0
        try:
            for one in (self._process, *self._process.children(recursive=True)):
                total += _resident(one)
        except psutil.NoSuchProcess:
            pass  # it has just ended
        return total


def _resident(process: psutil.Process) -> int:
    try:
        resident: int = process.memory_info().rss
    except psutil.NoSuchProcess:
        return 0
    return resident
