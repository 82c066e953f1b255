"""The floor: the least time that any client could take.

It consists of the start of the Azure CLI, the list of the scale set, the writes that wait for Azure's limits, and the
slowest operation.
"""

from __future__ import annotations

from armsim.arm.limits import ARM
from armsim.compute.bulk import DATA
from armsim.compute.lifecycle import ACTIONS

WRITES = ARM["writes"][0]  # of one principal


def pacing(calls: int) -> float:
    """Return the seconds until the last of a number of writes is accepted, at the documented limits."""
    return max(0.0, (calls - WRITES.capacity) / WRITES.refill)


def slowest(operation: str, seconds: float, bulk: bool) -> float:
    """Return the duration of the slowest operation, with the wait of the bulk service before it."""
    action = ACTIONS[operation]
    before = sum(DATA["phases"].values()) if bulk else 0.0
    return seconds * (action.duration * (1 + action.jitter) + before)
