"""What would the quickest client that can be thought of take?

The start of the Azure CLI, the list of the set, the writes that must wait because Azure takes no more of them at once,
and the slowest of the operations.
"""

from __future__ import annotations

from armsim.arm.limits import ARM
from armsim.compute.bulk import DATA
from armsim.compute.lifecycle import ACTIONS

WRITES = ARM["writes"][0]  # of one principal


def pacing(calls: int) -> float:
    """Say how many seconds pass at the documented limits before the last of so many writes is taken."""
    return max(0.0, (calls - WRITES.capacity) / WRITES.refill)


def slowest(operation: str, seconds: float, bulk: bool) -> float:
    """Say what the slowest operation lasts; in the bulk service it waits before it begins."""
    action = ACTIONS[operation]
    before = sum(DATA["phases"].values()) if bulk else 0.0
    return seconds * (action.duration * (1 + action.jitter) + before)
