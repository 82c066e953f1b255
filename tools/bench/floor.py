"""The floor: the least time that any client could take.

It consists of the start of the Azure CLI, the list of a scale set, the writes that wait for Azure's limits, the slowest
operation, and the answers to one call and one poll.
"""

from __future__ import annotations

from armsim.arm.limits import ARM
from armsim.compute.bulk import DATA
from armsim.compute.lifecycle import ACTIONS
from tools.bench.series import Run

WRITES = ARM["writes"][0]  # of one principal


def floor_of(run: Run, start: float, listing: float) -> float:
    """Return the least seconds of a run, by the seconds of a start of `az` and of the list of a set."""
    waiting = pacing(run.way.calls(run.vms, run.sets)) if run.limits else 0.0
    return start + listing + waiting + slowest(run.operation, run.seconds, run.way.key == "bulk") + 2 * run.latency


def pacing(calls: int) -> float:
    """Return the seconds until the last of a number of writes is accepted, at the documented limits."""
    return max(0.0, (calls - WRITES.capacity) / WRITES.refill)


def slowest(operation: str, seconds: float, bulk: bool) -> float:
    """Return the duration of the slowest operation, with the wait of the bulk service before it."""
    action = ACTIONS[operation]
    before = sum(DATA["phases"].values()) if bulk else 0.0
    return seconds * (action.duration * (1 + action.jitter) + before)
