"""Record of the operations on each VM: which one, from when to when."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from armsim.world.model import Vm


class Interval(NamedTuple):
    """One operation on one VM; `began` and `ended` are like `monotonic` in the request log, None while it runs."""

    vm: str
    zone: str | None
    fault_domain: int
    action: str
    began: float
    ended: float | None = None


class Intervals:
    """Every operation since the last reset, those of batches and bulk requests for each VM by itself."""

    def __init__(self) -> None:
        self._intervals: list[Interval] = []

    def begin(self, vm: Vm, action: str, moment: float) -> int:
        """Record that an operation runs from a moment on, and return its number."""
        spec = vm.spec
        self._intervals.append(Interval(spec.name, spec.zone, spec.fault_domain, action, began=moment))
        return len(self._intervals) - 1

    def end(self, number: int, moment: float) -> None:
        """Record that an operation is over."""
        self._intervals[number] = self._intervals[number]._replace(ended=moment)

    def read(self) -> list[Interval]:
        """Return them all, in the order in which they were recorded."""
        return list(self._intervals)
