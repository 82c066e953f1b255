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

BEGINS, ENDS = "<!-- the benchmark begins -->", "<!-- the benchmark ends -->"
HEAD = (
    "way", "VMs", "limits", "seconds", "requests", "429s", "connections", "MB", "reached", "exit", "floor", "ratio"
)  # fmt: skip


class Start(NamedTuple):
    """The durations of `az version` and `az vmss-flex compare` in seconds."""

    version: float
    compare: float


class Row(NamedTuple):
    """The measurement of one way with one number of VMs; `floor` is in seconds."""

    way: str
    vms: int
    limits: bool
    measured: Measured
    traffic: Traffic
    floor: float

    def cells(self) -> tuple[str, ...]:
        """Format the cells of the table's row."""
        took, came = self.measured, self.traffic
        ratio = took.seconds / self.floor
        return (
            f"`{self.way}`", f"{self.vms:,}", "on" if self.limits else "off", f"{took.seconds:,.1f}",
            f"{came.requests:,}", f"{came.refused:,}", f"{came.connections:,}", f"{took.megabytes:,.0f}",
            f"{came.reached:,}", str(took.exit), f"{self.floor:.1f}", f"{ratio:.2f}",
        )  # fmt: skip


def format_results(rows: Sequence[Row], start: Start, seconds: float, left_out: Sequence[str] = ()) -> str:
    """Format the table and the notes below it, as Markdown."""
    ordered = sorted(rows, key=lambda row: (not row.limits, row.vms))
    return f"{_table([HEAD, *(row.cells() for row in ordered)])}\n\n{_notes(start, seconds)}{_left_out(left_out)}\n"


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


def _left_out(what: Sequence[str]) -> str:
    return f"\n* Left out of this run: {', '.join(what)}." if what else ""


def _notes(start: Start, seconds: float) -> str:
    machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    return f"""\
* One run on one machine ({machine}, azure-cli {version("azure-cli")}), against the embedded Azure Resource Manager:
  operations of {seconds:g} s, more or less; every way has a fresh set, and the simulator is a process of its own.
* `floor`: the start of `az` + the pages of the list, read without any client + (calls - 200) / 10 where limits are on
  + the slowest operation (with `--engine bulk` also what the service waits first). `calls`: one for each VM, one for
  each hundred with `--engine bulk`, one for a call of the set. `ratio`: seconds / floor.
* `reached`: the VMs that were sent the operation. `MB`: resident memory of the command and its children, at its peak.
* Ours and `az vmss` were measured one after another; then the `xargs`, also one after another, and beside them every
  `az vm --ids`, which mostly sleeps.
* Start-up: `az version` {start.version:.2f} s, `az vmss-flex compare` {start.compare:.2f} s (medians), a difference of
  {start.compare - start.version:.2f} s."""
