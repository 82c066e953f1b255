"""Tables of the report page: reasons of failure, batches, durations, and every instance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from azext_flexcompare.html_report.chart import (
    BREAK,
    axis,
    css_class,
    instance_bar,
    quartile_plot,
    quartiles_of,
    status_shape,
)
from azext_flexcompare.html_report.markup import Markup, join, tag
from azext_flexcompare.html_report.model import Batch, InstanceRun, Reasons, Run
from azext_flexcompare.html_report.timeline import Timeline
from azext_flexcompare.html_report.wording import (
    domain_key,
    domain_name,
    format_seconds,
    format_statuses,
    format_time,
    format_times,
    group_by,
    zone_key,
    zone_name,
)
from azext_flexcompare.joblog.job_state import UNFINISHED
from azext_flexcompare.joblog.waits import DRAIN, GATE, HOOK
from azext_flexcompare.scheduler.outcome import Status
from azext_flexcompare.times import count, format_exact_duration

MAX_REASON = 60  # characters of a reason beside an instance; the table of reasons has all of it
MAX_OPEN_NAMES = 12
MAX_OPEN_BATCHES = 24
COLUMNS = ("name", "status", "batch", "sent", "t", "seconds", "note")
WAITS = {GATE: "waiting to be healthy", HOOK: "hook", DRAIN: "out of rotation"}
PHASES = (("waiting", "waiting"), ("sending", "sent, not yet accepted"), ("running", "accepted, in progress"))


def reason_table(reasons: Reasons) -> Markup | None:
    """List the instances that did not succeed by their reason."""
    if not reasons:
        return None
    rows = [
        tag(
            "tr",
            tag("td", _status(status)),
            tag("td", len(instances), class_="number"),
            tag("td", tag("b", error.code), ": " if all(error) else None, error.message, class_="message"),
            tag("td", _names([one.name for one in instances]), class_="listed"),
            id=f"why-{index}",
            class_=f"why {css_class(status)}",
        )
        for index, ((status, error), instances) in enumerate(reasons.items(), start=1)
    ]
    note = "Equal messages are shown once; <instance> stands for the name of the instance."
    return page_section(
        "failures",
        "Instances that did not succeed",
        tag("p", note, class_="quiet"),
        brief_table(("Status", "Instances", "Reason", "Names"), rows, numbers=(1,)),
    )


def batch_table(run: Run) -> Markup | None:
    """List the batches with their outcomes and their health."""
    if not run.batches:
        return None
    by_batch: dict[int | None, list[InstanceRun]] = {}
    for one in run.instances:
        by_batch.setdefault(one.batch, []).append(one)
    checked = any(batch.unhealthy is not None or batch.gate is not None for batch in run.batches)
    rows = [_batch_row(batch, by_batch.get(batch.number, []), run, checked) for batch in run.batches]
    headings = ("Batch", "Instances", "Zones", "Started", "Duration", "Outcomes", *(["Health"] if checked else []))
    table = brief_table(headings, rows, numbers=(0, 1, 3, 4))
    if len(rows) > MAX_OPEN_BATCHES:
        table = tag("details", tag("summary", count(len(rows), "batch")), table)
    return page_section("batches", "Batches", table)


def duration_table(run: Run) -> Markup | None:
    """List the fault domains with the durations of their operations."""
    groups = [
        (instances, quartiles_of([one.seconds for one in instances if one.seconds is not None]))
        for instances in group_by(run.instances, domain_key)
    ]
    longest = max((found.longest for _, found in groups if found), default=0)
    rows = [
        tag(
            "tr",
            tag("th", zone_name(instances[0], run), scope="row", class_="place"),
            tag("td", instances[0].fault_domain or "none"),
            tag("td", len(instances), class_="number"),
            *(tag("td", format_seconds(one), class_="number") for one in (found.shortest, found.median, found.longest)),
            tag("td", quartile_plot(found, longest), class_="range"),
            tag("td", max(instances, key=lambda one: one.seconds or 0).name, class_="listed"),
        )
        for instances, found in groups
        if found
    ]
    if not rows:
        return None
    scale = f"0 to {format_seconds(longest)} s"
    headings = ("Zone", "FD", "Instances", "Shortest", "Median", "Longest", scale, "Slowest")
    note = "Seconds from call to end, by fault domain (FD). Bar: middle half. Mark: median."
    return page_section(
        "durations", "Durations", tag("p", note, class_="quiet"), brief_table(headings, rows, (2, 3, 4, 5))
    )


def instance_tables(run: Run, line: Timeline, reasons: Reasons) -> Markup:
    """List every instance with its timeline, by zone and fault domain."""
    numbers = {one.id: index for index, instances in enumerate(reasons.values(), start=1) for one in instances}
    zones = [_zone_section(instances, run, line, numbers) for instances in group_by(run.instances, zone_key)]
    return tag("section", _legend(run), *zones, aria_labelledby="instances")


def count_classes(run: Run) -> dict[str, int]:
    """Count the instances of each CSS class of a status."""
    found: Counter[str] = Counter()
    for status, number in run.statuses.items():
        found[css_class(status)] += number
    return found


def _batch_row(batch: Batch, instances: list[InstanceRun], run: Run, checked: bool) -> Markup:
    ends = [one.ended or run.last_record for one in instances if one.sent]
    zones = sorted({one.zone for one in instances if one.zone})
    duration = format_exact_duration(max(0, (max(ends) - batch.started).total_seconds())) if ends else ""
    return tag(
        "tr",
        tag("th", batch.number, scope="row", class_="number"),
        tag("td", len(instances), class_="number"),
        tag("td", ", ".join(zones)),
        tag("td", format_time(batch.started), class_="number"),
        tag("td", duration, class_="number"),
        tag("td", format_statuses(instances)),
        tag("td", *_health(batch)) if checked else None,
    )


def _health(batch: Batch) -> Iterable[object]:
    after = f" after {format_exact_duration(batch.gate.total_seconds())}" if batch.gate is not None else ""
    if batch.unhealthy is None:
        return [f"no answer{after}" if after else "not checked"]
    if not batch.unhealthy:
        return [f"healthy{after}"]
    reasons: dict[str, list[str]] = {}
    for one in batch.unhealthy:
        reasons.setdefault(one.reason, []).append(one.name)
    return [tag("div", f"{len(names)} unhealthy{after}: {reason} ", _names(names)) for reason, names in reasons.items()]


def _legend(run: Run) -> Markup:
    items = [tag("li", _phase_sample(kind), text) for kind, text in PHASES]
    if run.throttles:
        mark = tag("svg", tag("use", class_="throttle", href="#throttled", x=13, y=7), aria_hidden="true")
        items.append(tag("li", mark, "throttled (429)"))
    for kind in sorted({wait.kind for one in run.instances for wait in one.waits}):
        drawn = tag("svg", tag("line", class_=kind, x2=26, y1=6, y2=6), aria_hidden="true")
        items.append(tag("li", drawn, WAITS[kind]))
    if run.idle:
        items.append(tag("li", tag("span", class_="hatched"), "nothing in operation", class_="ground"))
    if run.shortened:
        items.append(tag("li", tag("b", BREAK), " shortened"))
    return join(
        tag("h2", "Instances", id="instances", tabindex="-1"),
        tag(
            "p",
            "In each fault domain, the instances are in the order of their calls.",
            tag("span", " Every second batch is shaded.", class_="shaded") if len(run.batches) > 1 else None,
        ),
        tag("ul", *items, class_="key"),
        _filter(run),
    )


def _phase_sample(kind: str) -> Markup:
    y, height = (5, 1) if kind == "waiting" else (2, 8)
    rect = tag("rect", class_=kind, y=y, width=26, height=height)
    return tag("svg", rect, class_=Status.SUCCEEDED, aria_hidden="true")


def _filter(run: Run) -> Markup | None:
    counts = [
        tag(
            "label",
            tag("input", type="checkbox", checked=True, id=f"show-{status}"),
            _status(status),
            tag("b", number),
            class_=css_class(status),
        )
        for status, number in count_classes(run).items()
    ]
    return tag("fieldset", tag("legend", "Show"), *counts) if len(counts) > 1 else None


def _zone_section(instances: Sequence[InstanceRun], run: Run, line: Timeline, numbers: dict[str, int]) -> Markup:
    name = zone_name(instances[0], run)
    tables = [_domain_table(domain, run, line, numbers) for domain in group_by(instances, domain_key)]
    return tag("section", tag("h3", name), *tables, aria_label=name)


def _domain_table(instances: Sequence[InstanceRun], run: Run, line: Timeline, numbers: dict[str, int]) -> Markup:
    name = domain_name(instances[0])
    span = f"Timeline, {format_time(run.started)} to {format_time(run.last_record)}"
    heads = [
        tag("th", "Instance", scope="col"),
        tag("th", "Status", scope="col"),
        tag("th", "Batch", scope="col", class_="number"),
        tag("th", "Sent", scope="col", class_="number"),
        tag("th", axis(line), scope="col", class_="t", aria_label=span),
        tag("th", "Seconds", scope="col", class_="number"),
        tag("th", "Reason", scope="col"),
    ]
    table = tag(
        "table",
        tag("colgroup", *(tag("col", class_=f"c-{column}") for column in COLUMNS)),
        tag("thead", tag("tr", *heads)),
        tag("tbody", *(_instance_row(one, run, line, numbers) for one in instances)),
        class_="instances",
        aria_label=f"{zone_name(instances[0], run)}, {name}",
    )
    table = tag("div", table, class_="scroll")
    summary = f" {count(len(instances), 'instance')}: {format_statuses(instances)}"
    return tag("details", tag("summary", tag("h4", name), tag("span", summary, class_="quiet")), table, open=True)


def _instance_row(instance: InstanceRun, run: Run, line: Timeline, numbers: dict[str, int]) -> Markup:
    return tag(
        "tr",
        tag("th", instance.name, scope="row"),
        tag("td", _status(instance.status)),
        tag("td", instance.batch if instance.sent or instance.batch in run.began else None, class_="number"),
        tag("td", format_time(instance.sent) if instance.sent else "", class_="number"),
        tag("td", instance_bar(instance, run, line), class_="t"),
        tag("td", format_seconds(instance.seconds), class_="number"),
        tag("td", *_note(instance, numbers.get(instance.id))),
        class_=css_class(instance.status),
    )


def _note(instance: InstanceRun, number: int | None) -> Iterable[object]:
    reason = (instance.error.code or instance.error.message) if instance.error else instance.reason
    if number and reason:
        short = reason if len(reason) <= MAX_REASON else f"{reason[:MAX_REASON]}…"
        yield tag("a", short, href=f"#why-{number}")
    notes = [f"throttled {format_times(len(instance.throttles))}"] if instance.throttles else []
    if instance.status == UNFINISHED:
        notes.append("accepted, no outcome" if instance.accepted else "sent, no answer")
    if notes:
        yield f"{', ' if number and reason else ''}{', '.join(notes)}"


def _status(status: str) -> Markup:
    return tag("span", status_shape(status), status, class_="status")


def _names(names: Sequence[str]) -> Markup:
    every = tag("span", ", ".join(names), class_="names")
    if len(names) <= MAX_OPEN_NAMES:
        return every
    return tag("details", tag("summary", f"{names[0]}, {names[1]} and {len(names) - 2} more"), every)


def page_section(name: str, heading: str, *children: object) -> Markup:
    """Return a section of the page under a heading."""
    return tag("section", tag("h2", heading, id=name), *children, aria_labelledby=name)


def brief_table(headings: Sequence[str], rows: Sequence[Markup], numbers: Sequence[int] = ()) -> Markup:
    """Return a table; `numbers` are the places of the columns that are aligned as numbers."""
    heads = [
        tag("th", heading, scope="col", class_="number" if index in numbers else None)
        for index, heading in enumerate(headings)
    ]
    table = tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *rows), class_="brief")
    return tag("div", table, class_="scroll")
