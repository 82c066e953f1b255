"""Which instances are still in operation, so that another zone or fault domain may not begin?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from azext_flexcompare._client_factory import WORKERS
from azext_flexcompare.cost import PACES, lane_of
from azext_flexcompare.fanout import fan_out
from azext_flexcompare.lanes import Limits
from azext_flexcompare.outcome import Status
from azext_flexcompare.overseer import Overseer
from azext_flexcompare.pacing import UNPACED
from azext_flexcompare.reinspection import read_again
from azext_flexcompare.selection import Instance
from azext_flexcompare.sending import Azure
from azext_flexcompare.standing import is_under_way

PATIENCE = 60  # seconds in which the service must answer


def still_moving(azure: Azure, instances: Sequence[Instance], interrupted: Callable[[], bool]) -> list[Instance]:
    """Look at instances once, and list those that something is being done to, or that cannot be read."""
    limits = Limits(None, PATIENCE, WORKERS, True, UNPACED, PACES[1])  # nothing is sent before the looks
    outcomes = fan_out(instances, partial(_Glance, azure), limits, Overseer(interrupted), lane_of)
    return [one.target for one in outcomes if one.status != Status.SUCCEEDED or one.result]


@dataclass(eq=False)
class _Glance:
    """The look at one instance; `result` is whether something is being done to it."""

    azure: Azure
    instance: Instance
    result: bool = False
    lasted: None = None
    left: None = None
    final: None = None
    url: str = "the instance itself"  # there is something to look at

    def wait(self) -> float:
        """Ask for a short wait where there was no answer."""
        return 1.0

    def look(self) -> bool:
        """Read the instance; one answer is enough."""
        found = read_again(self.azure, self.instance)
        self.result = found is not None and is_under_way(found)
        return True
