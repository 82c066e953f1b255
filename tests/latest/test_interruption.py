"""What does Ctrl-C leave behind?"""

from __future__ import annotations

import json
import signal
import subprocess
from collections import Counter
from collections.abc import Callable

import pytest

from armsim import Simulator
from tests.latest.conftest import changes
from tools.sandbox import AZ

RESTART = [str(AZ), "vmss-flex", "restart", "-g", "rg", "-n", "flex"]


def wait_until(simulator: Simulator, true: Callable[[Simulator], bool]) -> None:
    for _ in range(400):
        if true(simulator):
            return
        signal.sigtimedwait([], 0.05)
    raise TimeoutError


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_was_sent_is_told_and_nothing_more_is_sent(
    sim: Simulator, environment: dict[str, str], number: signal.Signals
) -> None:
    sim.configure(seconds=600)
    with subprocess.Popen(
        [*RESTART, "--max-parallel", "4"], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        wait_until(sim, lambda sim: len(changes(sim)) == 4)
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=30)
    rows = json.loads(stdout)
    assert process.returncode == 130
    assert Counter(row["status"] for row in rows) == {"Interrupted": 4, "NotStarted": 2}
    assert [row["instance"] for row in rows] == sim.names("flex")
    assert all(bool(row["operationUrl"]) is (row["status"] == "Interrupted") for row in rows)
    assert "4 Interrupted" in stderr
    assert "Traceback" not in stderr
    assert len(changes(sim)) == 4
