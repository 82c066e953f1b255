"""The results of the benchmark: one table and its notes."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from tools.bench.cloud import Traffic
from tools.bench.measurement import Measured
from tools.bench.series import SERIES, Run

BEGINS, ENDS = "<!-- the benchmark begins -->", "<!-- the benchmark ends -->"
HEAD = (
    "way", "series", "sets", "VMs", "latency", "seconds", "floor", "ratio", "requests", "429s", "CPU s", "ms each",
    "connections", "MB", "reached", "exit",
)  # fmt: skip


class Start(NamedTuple):
    """The durations of `az version` and `az vmss-flex compare` in seconds."""

    version: float
    compare: float


class Row(NamedTuple):
    """The measurement of a run; `floor` is in seconds."""

    run: Run
    measured: Measured
    traffic: Traffic
    floor: float

    def cells(self) -> tuple[str, ...]:
        """Format the cells of the table's row."""
        run, took, came = self.run, self.measured, self.traffic
        each = 1000 * took.processor / max(1, came.requests)
        return (
            f"`{run.way.name}`", run.series, str(run.sets), f"{run.vms:,}", f"{1000 * run.latency:.0f} ms",
            f"{took.seconds:,.1f}", f"{self.floor:.1f}", f"{took.seconds / self.floor:.2f}", f"{came.requests:,}",
            f"{came.refused:,}", f"{took.processor:,.1f}", f"{each:,.1f}", f"{came.connections:,}",
            f"{took.megabytes:,.0f}", f"{came.reached:,}", str(took.exit),
        )  # fmt: skip


def format_results(rows: Sequence[Row], start: Start, left_out: Sequence[Run] = ()) -> str:
    """Format the table and the notes below it, as Markdown."""
    order = list(SERIES)
    ordered = sorted(rows, key=lambda row: (order.index(row.run.series), row.run.vms, row.run.latency))
    series = [name for name in SERIES if any(row.run.series == name for row in rows)]
    table = _table([HEAD, *(row.cells() for row in ordered)])
    return f"{table}\n\n{_notes(start)}\n{_conditions(series, rows)}{_left_out(left_out)}\n"


def write(file: Path, text: str) -> None:
    """Write a text between the two markers of a document; raise ValueError if it has none."""
    before, begins, rest = file.read_text(encoding="utf-8").partition(BEGINS)
    _, ends, after = rest.partition(ENDS)
    if not (begins and ends):
        raise ValueError(f"{file} has no lines {BEGINS} and {ENDS}")
    file.write_text(f"{before}{BEGINS}\n\n{text}\n{ENDS}{after}", encoding="utf-8")


def _table(lines: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(_line(cells, widths) for cells in (lines[0], rule, *lines[1:]))


def _line(cells: Iterable[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    return f"| {' | '.join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)])} |"


def _left_out(runs: Sequence[Run]) -> str:
    what = dict.fromkeys(f"`{run.way.name}` with {run.vms:,}" for run in runs)
    return f"\n* Left out of this run: {', '.join(what)}." if what else ""


def _conditions(series: Sequence[str], rows: Sequence[Row]) -> str:
    seconds = {row.run.series: row.run.seconds for row in rows}
    lines = [f"  * `{name}`: {SERIES[name].about}; operations of {seconds[name]:g} s, more or less." for name in series]
    return "\n".join(["* The series:", *lines])


def _notes(start: Start) -> str:
    machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    return f"""\
* One run on one machine ({machine}, azure-cli {version("azure-cli")}), against the embedded Azure Resource Manager,
  with `Retry-After` as recorded on Azure and, unless the series leaves them out, the documented limits. Every way has
  fresh sets, and the simulator is a process of its own.
* `floor`: the start of `az` + the pages of the list of one set, read without any client + (calls - 200) / 10 with
  limits + the slowest operation (with `--engine bulk` also what the service waits first) + the latency of a call and
  a poll. `calls`: one for each VM, one for each hundred with `--engine bulk`, one for a call of a set. `ratio`:
  seconds / floor.
* `CPU s`: processor seconds of the command and its children, the start of `az` included; `ms each`: by the request.
  `reached`: the VMs that were sent the operation. `MB`: resident memory of the command and its children, at its peak.
* Ours were measured one after another; then the `xargs`, also one after another, and beside them every `az vm --ids`
  and `az vmss`, which mostly sleep.
* `ForEach-Object -Parallel` of Az PowerShell was not measured.
* Start-up: `az version` {start.version:.2f} s, `az vmss-flex compare` {start.compare:.2f} s (medians), a difference of
  {start.compare - start.version:.2f} s."""
