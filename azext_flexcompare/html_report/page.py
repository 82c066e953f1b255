"""The command `report`: a run as one HTML file that needs no network.

Each text of the log is escaped by `markup`. The page has no script: its filter is CSS, and the policy in its head
allows nothing but that style.
"""

from __future__ import annotations

import hashlib
import os
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from string import Template
from typing import Any

from azure.cli.core.azclierror import FileOperationError

from azext_flexcompare.html_report.chart import axis, domain_labels, grid_style, overview, shape_definitions
from azext_flexcompare.html_report.markup import Markup, join, tag
from azext_flexcompare.html_report.model import InstanceRun, Run, group_by_reason
from azext_flexcompare.html_report.parts import Part, part_table, read_parts
from azext_flexcompare.html_report.tables import (
    batch_table,
    count_classes,
    duration_table,
    instance_tables,
    reason_table,
)
from azext_flexcompare.html_report.timeline import Timeline
from azext_flexcompare.html_report.wording import (
    format_moment,
    format_options,
    format_scale_set,
    format_statuses,
    format_throttling,
    format_time,
    group_by,
    zone_key,
    zone_name,
)
from azext_flexcompare.instances import last_name
from azext_flexcompare.joblog.job_state import UNFINISHED, WAITING
from azext_flexcompare.joblog.jobs import find_log
from azext_flexcompare.joblog.private_file import open_private
from azext_flexcompare.output.exit_status import Exit
from azext_flexcompare.scheduler.outcome import BAD, Error
from azext_flexcompare.times import count, format_exact_duration

HERE = Path(__file__).parent
REPLACE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
RELOAD = 5  # seconds after which a live page is loaded again
EXITS: dict[int, str] = {
    Exit.SUCCESS: "success",
    Exit.SOME_FAILED: "some instances did not succeed",
    Exit.STOPPED: "stopped early",
    Exit.INTERRUPTED: "interrupted",
}


def write_report(job_logs: Sequence[str], file: str) -> dict[str, Any]:
    """Write the page of the last run in job logs; return its path and the number of instances of each status.

    Several logs are one run. Raises FileOperationError for a file that cannot be read or written, ValidationError for
    one that is no job log.
    """
    return write_page(find_logs(job_logs), file, live=False)


def find_logs(job_logs: Sequence[str]) -> list[str]:
    """Find the logs that texts name, each once."""
    return list(dict.fromkeys(find_log(one) for one in job_logs))


def write_page(logs: Sequence[str], file: str, *, live: bool) -> dict[str, Any]:
    """Write the page once; one that is `live` reloads itself."""
    run, parts = read_parts(logs)
    _write(file, format_page(run, ", ".join(Path(log).name for log in logs), parts, live=live))
    return {
        "file": file,
        "operation": run.operation,
        "instances": len(run.instances),
        "statuses": run.statuses,
        "throttled": len(run.throttles),
        "exit": run.exit,
    }


def format_page(run: Run, log_name: str, parts: Sequence[Part] = (), *, live: bool = False) -> str:
    """Format a run as a page; one that is `live` reloads itself."""
    line = Timeline(run.started, run.last_record, run.shortened)
    reasons = dict(sorted(group_by_reason(run.instances).items(), key=_reason_order))
    style = (HERE / "page.css").read_text("utf-8") + _filter_style(run) + grid_style(line, run)
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    pair = tag("div", batch_table(run), duration_table(run), class_="pair")
    return Template((HERE / "page.html").read_text("utf-8")).substitute(
        digest=digest,
        style=style,
        title=join(_title(run), f", {format_moment(run.started)} UTC"),
        shapes=shape_definitions(),
        refresh=tag("meta", http_equiv="refresh", content=RELOAD) if live else "",
        header=_header(run, live),
        main=join(
            _overview(run, line), part_table(parts), reason_table(reasons), pair, instance_tables(run, line, reasons)
        ),
        footer=join(f"Written by az vmss-flex report from {log_name}. All times are UTC."),
    )


def _reason_order(group: tuple[tuple[str, Error], list[InstanceRun]]) -> tuple[bool, int]:
    (status, _), instances = group
    return status not in BAD, -len(instances)


def _title(run: Run) -> str:
    return f"{run.operation}: {', '.join(map(last_name, run.scale_sets)) or 'unknown scale set'}"


def _header(run: Run, live: bool) -> Markup:
    facts = [(name, value, "wide" if name in ("Options", "Command") else None) for name, value in _facts(run) if value]
    summary = f"{count(len(run.instances), 'instance')}: {format_statuses(run.instances)}."
    return join(
        tag("h1", _title(run)),
        tag("p", summary, class_="summary"),
        *(tag("p", notice, class_="notice") for notice in _notices(run, live)),
        tag("dl", *(join(tag("dt", name, class_=kind), tag("dd", value, class_=kind)) for name, value, kind in facts)),
    )


def _facts(run: Run) -> Iterable[tuple[str, object]]:
    yield "Started", f"{format_moment(run.started)} UTC"
    yield "Ended" if run.exit is not None else "Last record", f"{format_moment(run.last_record)} UTC"
    yield "Duration", format_exact_duration((run.last_record - run.started).total_seconds())
    if run.exit is not None:
        yield "Exit status", f"{run.exit}{f', {EXITS[run.exit]}' if run.exit in EXITS else ''}"
    yield "Scale set" if len(run.scale_sets) == 1 else "Scale sets", ", ".join(map(format_scale_set, run.scale_sets))
    yield "Started by", run.started_by
    yield "Throttled", format_throttling(run)
    checked = [batch for batch in run.batches if batch.unhealthy is not None]
    if checked:
        healthy = sum(not batch.unhealthy for batch in checked)
        yield "Health", f"{healthy} of {count(len(checked), 'batch')} healthy"
    options = [tag("span", option, class_="option") for option in format_options(run)]
    yield "Options", join(*(piece for option in options for piece in (option, " ")))
    yield "Command", run.command_line and tag("code", run.command_line)


def _notices(run: Run, live: bool) -> Iterable[str]:
    if live:
        yield f"The run is in progress, and this page reloads itself every {RELOAD} seconds."
    if run.stopped is not None:
        yield f"Stopped early: {run.stopped or 'the log has no reason.'}"
    if run.exit is None and not live:
        found = Counter(one.status for one in run.instances)
        yield (
            f"The log has no end; its last record is of {format_time(run.last_record)} UTC. The run was still in "
            f"progress, or was interrupted. Sent without an outcome ({UNFINISHED}): "
            f"{count(found[UNFINISHED], 'instance')}. Without a record ({WAITING}): "
            f"{count(found[WAITING], 'instance')}."
        )
    for start, end in run.pauses:
        yield (
            f"Interrupted at {format_moment(start)} UTC and resumed at {format_moment(end)}. "
            "The timeline shortens the time in between."
        )
    if run.earlier_runs:
        yield (
            f"The log has {count(run.earlier_runs + 1, 'run')}; this is the last one. "
            f"{count(run.earlier_instances, 'instance')} of the earlier runs had no part in it."
        )


def _overview(run: Run, line: Timeline) -> Markup:
    panels = [_figure(instances, run, line) for instances in group_by(run.instances, zone_key)]
    return tag(
        "section",
        tag("h2", "Overview", id="overview"),
        tag("p", "Each instance is a line from its call to its end. Vertical lines mark the start of a batch."),
        tag("div", *panels, class_="panels"),
        aria_labelledby="overview",
    )


def _figure(instances: Sequence[InstanceRun], run: Run, line: Timeline) -> Markup:
    name, statuses = zone_name(instances[0], run), format_statuses(instances)
    label = f"{name}: {count(len(instances), 'instance')}, {statuses}"
    caption = tag("figcaption", tag("b", name), " ", tag("span", statuses, class_="quiet"))
    if not any(one.sent for one in instances):
        return tag("figure", caption, tag("p", "Nothing was sent.", class_="quiet"))
    drawn = tag("div", overview(instances, run, line, label), axis(line))
    return tag("figure", caption, tag("div", domain_labels(instances), drawn, class_="labelled"))


def _filter_style(run: Run) -> str:
    return "".join(
        f":root:has(#show-{name}:not(:checked)) .instances tr.{name}{{display:none}}\n" for name in count_classes(run)
    )


def _write(file: str, text: str) -> None:
    # A browser that opens the page at the same time gets the old page or the new one, each complete.
    target = Path(os.path.realpath(file))
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        if target.exists() and not target.is_file():
            raise FileOperationError(f"{file} is not a file.", recommendation="Specify the path of a file.")
        with os.fdopen(open_private(str(beside), REPLACE), "w", encoding="utf-8", newline="\n") as page:
            page.write(text)
        beside.replace(target)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise FileOperationError(
            f"Cannot write {file}: {error.strerror}.", recommendation="Specify a path that you can write to."
        ) from error
