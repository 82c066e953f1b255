"""The command of the benchmark: one table from one run on one machine."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from tools.bench.cloud import Cloud, cloud
from tools.bench.floor import pacing, slowest
from tools.bench.measurement import measure, start_up
from tools.bench.results import Row, Start, format_results, write
from tools.bench.ways import Way, ways
from tools.sandbox import AZ
from tools.wheel import ROOT

DOCUMENT = ROOT / "docs" / "performance.md"
OPERATIONS = ("deallocate", "restart", "start")  # of the same name in every tool
SIZES = [100, 300, 1000]
WITHOUT_LIMITS = "restart", ("az-vm", "vm")


class Run(NamedTuple):
    """A measurement to take: a way to operate, and a number of VMs."""

    way: Way
    operation: str
    vms: int
    limits: bool

    @property
    def names(self) -> set[str]:
        """Return the names by which it can be left out."""
        return {self.way.key, f"{self.way.key}:{self.vms}"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every way and print the table."""
    options = _parser().parse_args(arguments)
    runs = [run for run in _runs(options) if not run.names & set(options.without)]
    left_out = [f"`{run.way.name}` with {run.vms:,}" for run in _runs(options) if run.names & set(options.without)]
    alone = [run for run in runs if not run.way.sleeps]
    with cloud(options.seconds, options.set) as one, ThreadPoolExecutor(max(1, len(runs))) as beside:
        start = Start(*start_up(one.az, [[str(AZ), "version"], [str(AZ), "vmss-flex", "compare"]], options.starts))
        quick = [_measure(one, run, start, options) for run in alone if run.way.key != "xargs"]
        asleep = [beside.submit(_measure_apart, run, start, options) for run in runs if run.way.sleeps]
        slow = [_measure(one, run, start, options) for run in alone if run.way.key == "xargs"]
        rows = [*(future.result() for future in asleep), *slow, *quick]
    text = format_results(rows, start, options.seconds, left_out)
    print(text)
    if options.write:
        write(options.write, text)
    return 0


def _runs(options: argparse.Namespace) -> Iterable[Run]:
    for vms in options.vms:
        yield from (Run(way, options.operation, vms, True) for way in ways(options.operation))
    operation, keys = WITHOUT_LIMITS
    for vms in options.unlimited:
        yield from (Run(way, operation, vms, False) for way in ways(operation) if way.key in keys)


def _measure_apart(run: Run, start: Start, options: argparse.Namespace) -> Row:
    with cloud(options.seconds, options.set) as one:
        return _measure(one, run, start, options)


def _measure(one: Cloud, run: Run, start: Start, options: argparse.Namespace) -> Row:
    way, vms = run.way, run.vms
    one.reset(vms, limits=run.limits)
    ids, listing = one.ids(), one.listing_seconds()
    one.reset(vms, limits=run.limits)
    _log(f"{way.name}, {vms} VMs")
    arguments = ids if way.ids == "arguments" else []
    measured = measure(one.az, [*way.command, *arguments], ids if way.ids == "input" else None)
    _log(f"{way.name}, {vms} VMs: {measured.seconds:.1f} s")
    waiting = pacing(way.calls(vms)) if run.limits else 0.0
    floor = start.version + listing + waiting + slowest(run.operation, options.seconds, bulk=way.key == "bulk")
    return Row(way.name, vms, run.limits, measured, traffic=one.traffic(), floor=floor)


def _log(message: str) -> None:
    print(f"{datetime.now().astimezone():%H:%M:%S} {message}", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)

    def add(name: str, about: str, **how: Any) -> None:
        parser.add_argument(name, help=about, **how)

    add(
        "--vms",
        "sizes of the set, at the documented limits (100 300 1000)",
        type=int,
        nargs="+",
        default=[100, 300, 1000],
    )
    add("--unlimited", "sizes for a restart without limits, ours and `az vm` (300)", type=int, nargs="*", default=[300])
    add("--operation", "the operation; deallocate is what every way has", choices=OPERATIONS, default=OPERATIONS[0])
    add("--seconds", "what an operation lasts (5)", type=float, default=5.0)
    keys = ", ".join(way.key for way in ways(OPERATIONS[0]))
    about = f"ways to leave out ({keys}), or with a number of VMs, as xargs:1000; az-vm and xargs take an hour"
    add("--without", about, nargs="+", default=[])
    add("--starts", "how often the start of `az` is measured (5)", type=int, default=5)
    add("--set", "other settings of the simulator", nargs="+", default=[], metavar="NAME=JSON")
    add("--write", f"write the table into a document too ({DOCUMENT.name})", type=Path, nargs="?", const=DOCUMENT)
    return parser


if __name__ == "__main__":
    sys.exit(main())
