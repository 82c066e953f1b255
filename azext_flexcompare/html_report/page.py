"""How does a run read as a page: one file that opens without network, on paper and in the dark?

Everything the log says goes through `markup`, which escapes it. The page has no script; its filter is a style, and the
policy in its head allows nothing but that style.
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

from azext_flexcompare.html_report.chart import axis, grid, panel, shapes
from azext_flexcompare.html_report.markup import Markup, joined, tag
from azext_flexcompare.html_report.model import UNFINISHED, WAITING, Part, Run, folded, run_of
from azext_flexcompare.html_report.tables import batches, classes, durations, failures, instances
from azext_flexcompare.html_report.timeline import Timeline
from azext_flexcompare.html_report.wording import (
    clock,
    counted,
    day,
    grouped,
    lasted,
    many,
    place_of,
    throttled,
    typed,
    zone_name,
    zone_of,
)
from azext_flexcompare.instances import last_name
from azext_flexcompare.joblog.file import read_records
from azext_flexcompare.output.exit_status import Exit
from azext_flexcompare.scheduler.outcome import BAD, Error

HERE = Path(__file__).parent
EXITS: dict[int, str] = {
    Exit.SUCCESS: "all went well",
    Exit.SOME_FAILED: "some instances did not succeed",
    Exit.STOPPED: "stopped early",
    Exit.INTERRUPTED: "interrupted",
}


def write_report(job_log: str, file: str) -> dict[str, Any]:
    """Write the page of the last run in a job log; return where it is and what became of how many.

    Raises FileOperationError for a file that cannot be read or written, ValidationError for one that is no job log.
    """
    run = run_of(read_records(job_log), job_log)
    _write(file, page(run, Path(job_log).name))
    return {
        "file": file,
        "operation": run.operation,
        "instances": len(run.parts),
        "statuses": run.statuses,
        "throttled": len(run.throttles),
        "exit": run.exit,
    }


def page(run: Run, source: str) -> str:
    """Write a run as a page; `source` names the log."""
    line = Timeline(run.began, run.seen, run.pauses)
    found = dict(sorted(folded(run.parts).items(), key=_weight))
    style = (HERE / "page.css").read_text("utf-8") + _filters(run) + grid(line, run)
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    pair = tag("div", batches(run), durations(run), class_="pair")
    return Template((HERE / "page.html").read_text("utf-8")).substitute(
        digest=digest,
        style=style,
        title=joined(_title(run), f", {day(run.began)} {clock(run.began)} UTC"),
        shapes=shapes(),
        header=_header(run),
        main=joined(_is_active(run, line), failures(found), pair, instances(run, line, found)),
        footer=joined(f"Written by az vmss-flex report from {source}. All times are UTC."),
    )


def _weight(told: tuple[tuple[str, Error], list[Part]]) -> tuple[bool, int]:
    (status, _), parts = told
    return status not in BAD, -len(parts)


def _title(run: Run) -> str:
    return f"{run.operation}: {', '.join(map(last_name, run.scale_sets)) or 'unknown scale set'}"


def _header(run: Run) -> Markup:
    facts = [(name, value, "wide" if name == "Options" else None) for name, value in _facts(run) if value]
    return joined(
        tag("h1", _title(run)),
        tag("p", f"{many(len(run.parts), 'instance')}: {counted(run.parts)}.", class_="summary"),
        *(tag("p", notice, class_="notice") for notice in _notices(run)),
        tag(
            "dl",
            *(joined(tag("dt", name, class_=kind), tag("dd", value, class_=kind)) for name, value, kind in facts),
        ),
    )


def _facts(run: Run) -> Iterable[tuple[str, object]]:
    yield "Began", f"{day(run.began)} {clock(run.began)} UTC"
    yield "Ended" if run.exit is not None else "Last seen", f"{day(run.seen)} {clock(run.seen)} UTC"
    yield "Took", lasted((run.seen - run.began).total_seconds())
    if run.exit is not None:
        yield "Exit status", f"{run.exit}{f', {EXITS[run.exit]}' if run.exit in EXITS else ''}"
    yield "Scale set" if len(run.scale_sets) == 1 else "Scale sets", ", ".join(map(place_of, run.scale_sets))
    yield "Throttled", throttled(run)
    checked = [batch for batch in run.batches if batch.unhealthy is not None]
    if checked:
        yield "Health", f"{sum(not batch.unhealthy for batch in checked)} of {many(len(checked), 'batch')} healthy"
    options = [tag("span", option, class_="option") for option in typed(run)]
    yield "Options", joined(*(piece for option in options for piece in (option, " ")))


def _notices(run: Run) -> Iterable[str]:
    if run.stopped is not None:
        yield f"Stopped early: {run.stopped or 'no reason is told.'}"
    left = Counter(part.status for part in run.parts)
    if run.exit is None:
        yield (
            f"The log ends at {clock(run.seen)} UTC without an end: the run was going on still, or was cut short. "
            f"{many(left[UNFINISHED], 'instance')} had been sent a call whose outcome is not told (Unfinished), "
            f"of {left[WAITING]} nothing is told (Waiting)."
        )
    for start, end in run.pauses:
        yield (
            f"Left at {day(start)} {clock(start)} UTC and resumed at {day(end)} {clock(end)}; "
            "the timeline shortens what lies between."
        )
    if run.earlier:
        yield (
            f"The log tells of {many(run.earlier + 1, 'run')}; this is the last. "
            f"{many(run.elsewhere, 'instance')} of those before had no part in it."
        )


def _is_active(run: Run, line: Timeline) -> Markup:
    panels = [_figure(parts, run, line) for parts in grouped(run.parts, zone_of)]
    return tag(
        "section",
        tag("h2", "At a glance", id="glance"),
        tag("p", "A line for each instance, from its sending to its end; upright lines are beginnings of batches."),
        tag("div", *panels, class_="panels"),
        aria_labelledby="glance",
    )


def _figure(parts: Sequence[Part], run: Run, line: Timeline) -> Markup:
    told = f"{zone_name(parts[0], run)}: {many(len(parts), 'instance')}, {counted(parts)}"
    caption = tag("figcaption", tag("b", zone_name(parts[0], run)), " ", tag("span", counted(parts), class_="quiet"))
    return tag("figure", caption, panel(parts, run, line, told), axis(line))


def _filters(run: Run) -> str:
    return "".join(
        f":root:has(#show-{word}:not(:checked)) .instances tr.{word}{{display:none}}\n" for word in classes(run)
    )


def _write(file: str, text: str) -> None:
    # Whoever opens the page meanwhile sees the old one or the new one whole.
    target = Path(os.path.realpath(file))
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        if target.exists() and not target.is_file():
            raise FileOperationError(f"{file} is not a file.", recommendation="Give --file the path of a file.")
        beside.write_text(text, encoding="utf-8", newline="\n")
        beside.replace(target)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise FileOperationError(
            f"{file} cannot be written: {error.strerror}.", recommendation="Give --file a place that you may write to."
        ) from error
