"""The runs of a report of several job logs: the page shows them as one, and a table compares them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from azext_flexcompare.html_report.markup import Markup, tag
from azext_flexcompare.html_report.model import Run, read_run
from azext_flexcompare.html_report.tables import brief_table, page_section
from azext_flexcompare.html_report.wording import format_statuses, format_time
from azext_flexcompare.joblog.file import read_records
from azext_flexcompare.joblog.jobs import name_of
from azext_flexcompare.joblog.merge import merge_logs
from azext_flexcompare.times import format_exact_duration

HEADINGS = ("Job", "Share", "Instances", "Started", "Duration", "Throttled", "Exit status", "Outcomes")


class Part(NamedTuple):
    """One of several runs, and the name of its log."""

    name: str
    run: Run


def read_parts(logs: Sequence[str]) -> tuple[Run, list[Part]]:
    """Read the runs of logs; return them as one run, and each of them if there are several."""
    read = [read_records(log) for log in logs]
    if len(read) == 1:
        return read_run(read[0], logs[0]), []
    parts = [Part(name_of(Path(log)), read_run(found, log)) for log, found in zip(logs, read, strict=True)]
    return read_run(merge_logs(read), ", ".join(logs)), parts


def part_table(parts: Sequence[Part]) -> Markup | None:
    """List the runs that the page shows as one."""
    if not parts:
        return None
    return page_section("runs", "Runs", brief_table(HEADINGS, [_row(*one) for one in parts], numbers=(2, 3, 4, 5, 6)))


def _row(name: str, run: Run) -> Markup:
    seconds = (run.last_record - run.started).total_seconds()
    numbers = (
        len(run.instances),
        format_time(run.started),
        format_exact_duration(seconds),
        len(run.throttles),
        "none" if run.exit is None else run.exit,
    )
    return tag(
        "tr",
        tag("th", name, scope="row", class_="listed"),
        tag("td", run.shard or "none"),
        *(tag("td", one, class_="number") for one in numbers),
        tag("td", format_statuses(run.instances)),
    )
