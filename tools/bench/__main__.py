"""The command of the benchmark: one table from one run on one machine."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

from tools.bench.cloud import Cloud, cloud
from tools.bench.floor import floor_of
from tools.bench.measurement import measure, start_up
from tools.bench.results import Row, Start, format_results, write
from tools.bench.series import FEW, SERIES, Run, runs_of
from tools.sandbox import AZ
from tools.wheel import ROOT

DOCUMENT = ROOT / "docs" / "performance.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every way and print the table."""
    options = _parser().parse_args(arguments)
    runs, left_out = runs_of(options)
    alone = [run for run in runs if not run.way.sleeps]
    with cloud(options.set) as one, ThreadPoolExecutor(max(1, len(runs))) as beside:
        start = Start(*start_up(one.az, [[str(AZ), "version"], [str(AZ), "vmss-flex", "compare"]], options.starts))
        quick = [_measure(one, run, start) for run in alone if not run.way.input]
        asleep = [beside.submit(_measure_apart, run, start, options.set) for run in runs if run.way.sleeps]
        slow = [_measure(one, run, start) for run in alone if run.way.input]
        rows = [*(future.result() for future in asleep), *slow, *quick]
    text = format_results(rows, start, left_out)
    print(text)
    if options.write:
        write(options.write, text)
    return 0


def _measure_apart(run: Run, start: Start, settings: list[str]) -> Row:
    with cloud(settings) as one:
        return _measure(one, run, start)


def _measure(one: Cloud, run: Run, start: Start) -> Row:
    way = run.way
    one.reset(run.vms, run.sets, **run.settings)
    targets, listing = one.targets(), one.listing_seconds()
    one.reset(run.vms, run.sets, **run.settings)
    about = f"{run.series}: {way.name}, {run.vms} VMs"
    _log(about)
    given = targets[way.gets] if way.gets else []
    measured = measure(one.az, [*way.command, *(() if way.input else given)], given if way.input else None)
    _log(f"{about}: {measured.seconds:.1f} s")
    return Row(run, measured, one.traffic(), floor_of(run, start.version, listing))


def _log(message: str) -> None:
    print(f"{datetime.now().astimezone():%H:%M:%S} {message}", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)

    def add(name: str, about: str, **how: Any) -> None:
        parser.add_argument(name, help=about, **how)

    series = "; ".join(f"{name}: {one.about}" for name, one in SERIES.items())
    add("--series", f"what to measure (all): {series}", nargs="+", choices=SERIES, default=list(SERIES))
    add("--quick", f"leave out az-vm and xargs with more than {FEW} VMs, which take an hour", action="store_true")
    about = (
        "ways to leave out, by their keys (az-vm, xargs, az-vmss, vm, set, bulk), or with a number of VMs, as vm:1000"
    )
    add("--without", about, nargs="+", default=[])
    add("--most", "the largest number of VMs; larger sizes are measured with it", type=int)
    add("--seconds", "what an operation lasts, in place of the length of each series", type=float)
    add("--starts", "how often the start of `az` is measured (5)", type=int, default=5)
    add("--set", "other settings of the simulator", nargs="+", default=[], metavar="NAME=JSON")
    add("--write", f"write the table into a document too ({DOCUMENT.name})", type=Path, nargs="?", const=DOCUMENT)
    return parser


if __name__ == "__main__":
    sys.exit(main())
