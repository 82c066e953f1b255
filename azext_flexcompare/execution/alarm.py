"""The command of `--stop-on`: run at intervals while a run goes on, it stops the run where it fails."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from azext_flexcompare.execution.monitor import Monitor
from azext_flexcompare.execution.user_command import Shell, variables_of

INTERVAL = 10.0  # seconds between two runs of the command
LIMIT = 60.0  # seconds for the command


@contextmanager
def watch_alarm(command: str | None, monitor: Monitor, shell: Shell) -> Iterator[None]:
    """Run the command at intervals until the run is over; its first run ends before anything is sent."""
    if command is None:
        yield
        return
    alarm = _Alarm(command, monitor, shell)
    alarm.check()
    monitor.alarm = lambda: alarm.reason
    thread = threading.Thread(target=alarm.watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        alarm.over.set()
        thread.join()


class _Alarm:
    def __init__(self, command: str, monitor: Monitor, shell: Shell) -> None:
        self.command, self.monitor = command, monitor
        self.reason: str | None = None
        self.over = threading.Event()
        self.shell = shell._replace(interrupted=lambda: self.over.is_set() or shell.interrupted())

    def watch(self) -> None:
        """Run the command until it fails."""
        while self.reason is None and not self.over.wait(INTERVAL) and not self.shell.interrupted():
            self.check()

    def check(self) -> None:
        """Run the command once."""
        variables = variables_of(self.monitor.operation, self.monitor.batch[0])
        problem = self.shell.run(self.command, variables, timeout=LIMIT).problem
        if problem and not self.shell.interrupted():
            self.reason = f"Stopped by --stop-on: {problem}"
