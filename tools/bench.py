"""How long does a restart of 300 instances take, beside what a user would run instead?

Both run in one go on one machine against one simulator, so that their ratio means something where seconds do not.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from typing import NamedTuple

from armsim import Simulator
from tools.sandbox import az, sandbox


class Measured(NamedTuple):
    """What one way of restarting took: wall seconds, and the requests that reached the simulator."""

    way: str
    seconds: float
    exit: int
    sent: int
    asked: int


def measure(simulator: Simulator, environment: dict[str, str], way: str, command: list[str]) -> Measured:
    """Run a command on a fresh world and count what arrives."""
    simulator.reset()
    began = time.monotonic()
    done = az(environment, *command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seconds = time.monotonic() - began
    requests = simulator.requests()
    sent = sum(request["method"] == "POST" for request in requests)
    return Measured(way, seconds, done.returncode, sent, len(requests) - sent)


def main() -> int:
    """Print the two side by side."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)
    parser.add_argument("--vms", type=int, default=300, help="instances of the set (300)")
    parser.add_argument("--seconds", type=float, default=5, help="what an operation lasts (5)")
    options = parser.parse_args()
    with sandbox(options.vms, options.seconds) as (simulator, environment):
        ids = [simulator.vm_id(name) for name in simulator.names("flex")]
        ours = measure(
            simulator, environment, "az vmss-flex restart", ["vmss-flex", "restart", "-g", "rg", "-n", "flex"]
        )
        theirs = measure(simulator, environment, "az vm restart --ids", ["vm", "restart", "--ids", *ids])
    print(f"{options.vms} instances, operations of {options.seconds:g} s\n")
    print(f"{'way':24} {'seconds':>8} {'times':>6} {'exit':>5} {'sent':>5} {'asked':>6}")
    for one in (ours, theirs):
        times = one.seconds / ours.seconds
        print(f"{one.way:24} {one.seconds:8.1f} {times:6.1f} {one.exit:5} {one.sent:5} {one.asked:6}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
