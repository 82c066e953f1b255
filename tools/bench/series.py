"""The series of the benchmark: which ways, on how many VMs and sets, under which conditions."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from tools.bench.ways import Way, ways

OPERATION = "deallocate"  # which every way has
OURS = ("vm", "set", "bulk")
SLOW = ("az-vm", "xargs")  # with one call after the other, or a process for each VM
FEW = 40  # VMs, beyond which a quick run leaves the slow ways out


class Run(NamedTuple):
    """A measurement to take; `seconds` is the length of an operation, `latency` what each answer takes longer."""

    series: str
    way: Way
    operation: str
    vms: int
    sets: int = 1
    seconds: float = 5.0
    latency: float = 0.0
    limits: bool = True

    @property
    def names(self) -> set[str]:
        """Return the names by which it can be left out."""
        return {self.way.key, f"{self.way.key}:{self.vms}"}

    @property
    def settings(self) -> dict[str, Any]:
        """Return the settings of the simulator."""
        return {"limits": self.limits, "latency": self.latency, "seconds": self.seconds}


class Series(NamedTuple):
    """Sizes and conditions, each with every way, or with those of these keys."""

    about: str
    sizes: Sequence[int]
    operation: str = OPERATION
    keys: Sequence[str] = ()
    sets: int = 1
    seconds: float = 5.0
    latencies: Sequence[float] = (0.0,)
    limits: bool = True


SERIES = {
    "sizes": Series("one set, with the limits", (100, 300, 1000)),
    "short": Series("operations shorter than what Retry-After asks for", (3, 40, 300), seconds=8.0),
    "restart": Series("a restart without the limits", (300,), "restart", ("az-vm", "vm"), limits=False),
    "sets": Series("20 sets", (1000,), keys=(*OURS, "xargs-vmss"), sets=20),
    "latency": Series("answers that take 50 and 500 ms longer", (100,), latencies=(0.05, 0.5)),
}


def runs_of(options: argparse.Namespace) -> tuple[list[Run], list[Run]]:
    """Return the measurements that are wanted, and those of the chosen series that are left out."""
    chosen = [run for name in options.series for run in _runs(name, options.most, options.seconds)]
    left_out = [run for run in chosen if _is_left_out(run, options)]
    return [run for run in chosen if run not in left_out], left_out


def _runs(name: str, most: int | None, seconds: float | None) -> Iterator[Run]:
    series = SERIES[name]
    sizes = dict.fromkeys(min(size, most or size) for size in series.sizes)
    for vms in sizes:
        sets = min(series.sets, max(1, vms // 2))
        for latency in series.latencies:
            for way in ways(series.operation, sets):
                if not series.keys or way.key in series.keys:
                    length = series.seconds if seconds is None else seconds
                    run = Run(name, way, series.operation, vms)
                    yield run._replace(sets=sets, seconds=length, latency=latency, limits=series.limits)


def _is_left_out(run: Run, options: argparse.Namespace) -> bool:
    slow = run.way.key in SLOW and run.vms > FEW
    return bool(run.names & set(options.without)) or (options.quick and slow)
