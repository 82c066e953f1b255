"""How are the parts of a run laid out as tables: what failed, batches, durations, every instance?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from azext_flexcompare.html_report.chart import axis, bars, class_of, range_plot, shape, spread
from azext_flexcompare.html_report.markup import Markup, joined, tag
from azext_flexcompare.html_report.model import UNFINISHED, Batch, Part, Run
from azext_flexcompare.html_report.timeline import Timeline
from azext_flexcompare.html_report.wording import (
    clock,
    counted,
    domain_name,
    domain_of,
    grouped,
    lasted,
    many,
    seconds_of,
    times,
    zone_name,
    zone_of,
)
from azext_flexcompare.scheduler.outcome import Error, Status

NOTE = 60  # characters of a reason beside an instance; the whole stands in the folded list
NAMES_OPEN = 12
BATCHES_OPEN = 24
SHADED = " Shaded spans are every second batch."
COLUMNS = ("name", "status", "batch", "sent", "t", "seconds", "note")

Folded = dict[tuple[str, Error], list[Part]]


def failures(found: Folded) -> Markup | None:
    """List what did not succeed, equal messages once."""
    if not found:
        return None
    rows = [
        tag(
            "tr",
            tag("td", _word(status)),
            tag("td", len(parts), class_="number"),
            tag("td", tag("b", error.code), ": " if all(error) else None, error.message, class_="said"),
            tag("td", _names([part.name for part in parts]), class_="who"),
            id=f"why-{index}",
            class_=f"why {class_of(status)}",
        )
        for index, ((status, error), parts) in enumerate(found.items(), start=1)
    ]
    note = "Equal messages are told once; <instance> stands for the name of each."
    return _section(
        "failures",
        "Not succeeded, and why",
        tag("p", note, class_="quiet"),
        _brief(("Status", "Instances", "Said", "Who"), rows, numbers=(1,)),
    )


def batches(run: Run) -> Markup | None:
    """List the batches."""
    if not run.batches:
        return None
    by_batch: dict[int | None, list[Part]] = {}
    for part in run.parts:
        by_batch.setdefault(part.batch, []).append(part)
    checked = any(batch.unhealthy is not None for batch in run.batches)
    rows = [_batch_row(batch, by_batch.get(batch.number, []), run, checked) for batch in run.batches]
    headings = ("Batch", "Instances", "Zones", "Began", "Took", "Outcomes", *(["Health"] if checked else []))
    table = _brief(headings, rows, numbers=(0, 1, 3, 4))
    if len(rows) > BATCHES_OPEN:
        table = tag("details", tag("summary", many(len(rows), "batch")), table)
    return _section("batches", "Batches", table)


def durations(run: Run) -> Markup | None:
    """Show how durations are spread in each fault domain."""
    groups = [(parts, spread([part.seconds for part in parts if part.seconds is not None]))
              for parts in grouped(run.parts, domain_of)]  # fmt: skip
    longest = max((found.most for _, found in groups if found), default=0)
    rows = [
        tag(
            "tr",
            tag("th", zone_name(parts[0], run), scope="row", class_="place"),
            tag("td", parts[0].fault_domain or "none"),
            tag("td", len(parts), class_="number"),
            *(tag("td", seconds_of(value), class_="number") for value in (found.least, found.middle, found.most)),
            tag("td", range_plot(found, longest), class_="range"),
            tag("td", max(parts, key=lambda part: part.seconds or 0).name, class_="who"),
        )
        for parts, found in groups
        if found
    ]
    range_ = f"0 to {seconds_of(longest)} s"
    headings = ("Zone", "FD", "Instances", "Shortest", "Median", "Longest", range_, "Slowest")
    if not rows:
        return None
    note = "Seconds from sending to end; the bar is the middle half, its mark the median."
    return _section("durations", "Durations", tag("p", note, class_="quiet"), _brief(headings, rows, (2, 3, 4, 5)))


def instances(run: Run, line: Timeline, found: Folded) -> Markup:
    """List every instance with its timeline, by zone and fault domain."""
    numbers = {part.id: index for index, parts in enumerate(found.values(), start=1) for part in parts}
    zones = [_zone_section(parts, run, line, numbers) for parts in grouped(run.parts, zone_of)]
    return tag("section", _key(run), *zones, aria_labelledby="instances")


def classes(run: Run) -> dict[str, int]:
    """Count the instances of each class of status."""
    found: Counter[str] = Counter()
    for status, number in run.statuses.items():
        found[class_of(status)] += number
    return found


def _batch_row(batch: Batch, parts: list[Part], run: Run, checked: bool) -> Markup:
    ends = [part.ended or run.seen for part in parts if part.sent]
    zones = sorted({part.zone for part in parts if part.zone})
    took = lasted(max(0, (max(ends) - batch.began).total_seconds())) if ends else ""
    return tag(
        "tr",
        tag("th", batch.number, scope="row", class_="number"),
        tag("td", len(parts), class_="number"),
        tag("td", ", ".join(zones)),
        tag("td", clock(batch.began), class_="number"),
        tag("td", took, class_="number"),
        tag("td", counted(parts)),
        tag("td", *_health(batch)) if checked else None,
    )


def _health(batch: Batch) -> Iterable[object]:
    if batch.unhealthy is None:
        return ["not asked"]
    if not batch.unhealthy:
        return ["healthy"]
    reasons: dict[str, list[str]] = {}
    for one in batch.unhealthy:
        reasons.setdefault(one.reason, []).append(one.name)
    return [tag("div", f"{len(names)} unhealthy: {reason} ", _names(names)) for reason, names in reasons.items()]


def _key(run: Run) -> Markup:
    told = (("waiting", "waiting"), ("sending", "sent, not yet accepted"), ("running", "accepted, going on"))
    parts = [
        tag("li", tag("svg", tag("rect", class_=kind, y=5 if kind == "waiting" else 2, width=26,
            height=1 if kind == "waiting" else 8), class_=Status.SUCCEEDED, aria_hidden="true"), word)
        for kind, word in told
    ]  # fmt: skip
    if run.throttles:
        mark = tag("svg", tag("use", class_="throttle", href="#throttled", x=13, y=7), aria_hidden="true")
        parts.append(tag("li", mark, "refused as too many (429)"))
    return joined(
        tag("h2", "Instances", id="instances", tabindex="-1"),
        tag(
            "p",
            "In each fault domain in the order of sending.",
            tag("span", SHADED, class_="shaded") if len(run.batches) > 1 else None,
        ),
        tag("ul", *parts, class_="key"),
        _filter(run),
    )


def _filter(run: Run) -> Markup | None:
    counts = [
        tag(
            "label",
            tag("input", type="checkbox", checked=True, id=f"show-{word}"),
            _word(word),
            tag("b", number),
            class_=class_of(word),
        )
        for word, number in classes(run).items()
    ]
    return tag("fieldset", tag("legend", "Show"), *counts) if len(counts) > 1 else None


def _zone_section(parts: Sequence[Part], run: Run, line: Timeline, numbers: dict[str, int]) -> Markup:
    tables = [_domain_table(one, run, line, numbers) for one in grouped(parts, domain_of)]
    return tag("section", tag("h3", zone_name(parts[0], run)), *tables, aria_label=zone_name(parts[0], run))


def _domain_table(parts: Sequence[Part], run: Run, line: Timeline, numbers: dict[str, int]) -> Markup:
    name = domain_name(parts[0])
    heads = [
        tag("th", "Instance", scope="col"),
        tag("th", "Status", scope="col"),
        tag("th", "Batch", scope="col", class_="number"),
        tag("th", "Sent", scope="col", class_="number"),
        tag("th", axis(line), scope="col", class_="t", aria_label=f"Timeline, {clock(run.began)} to {clock(run.seen)}"),
        tag("th", "Seconds", scope="col", class_="number"),
        tag("th", "Why", scope="col"),
    ]
    table = tag(
        "table",
        tag("colgroup", *(tag("col", class_=f"c-{column}") for column in COLUMNS)),
        tag("thead", tag("tr", *heads)),
        tag("tbody", *(_row(part, run, line, numbers) for part in parts)),
        class_="instances",
        aria_label=f"{zone_name(parts[0], run)}, {name}",
    )
    told = tag("span", f" {many(len(parts), 'instance')}: {counted(parts)}", class_="quiet")
    return tag("details", tag("summary", tag("h4", name), told), table, open=True)


def _row(part: Part, run: Run, line: Timeline, numbers: dict[str, int]) -> Markup:
    return tag(
        "tr",
        tag("th", part.name, scope="row"),
        tag("td", _word(part.status)),
        tag("td", part.batch, class_="number"),
        tag("td", clock(part.sent) if part.sent else "", class_="number"),
        tag("td", bars(part, run, line), class_="t"),
        tag("td", seconds_of(part.seconds), class_="number"),
        tag("td", *_note(part, numbers.get(part.id))),
        class_=class_of(part.status),
    )


def _note(part: Part, number: int | None) -> Iterable[object]:
    said = (part.error.code or part.error.message) if part.error else part.reason
    if number and said:
        yield tag("a", said if len(said) <= NOTE else f"{said[:NOTE]}…", href=f"#why-{number}")
    told = [f"throttled {times(len(part.throttles))}"] if part.throttles else []
    if part.status == UNFINISHED:
        told.append("accepted, no end seen" if part.accepted else "no acceptance seen")
    if told:
        yield f"{', ' if number and said else ''}{', '.join(told)}"


def _word(status: str) -> Markup:
    return tag("span", shape(status), status, class_="status")


def _names(names: Sequence[str]) -> Markup:
    told = tag("span", ", ".join(names), class_="names")
    if len(names) <= NAMES_OPEN:
        return told
    return tag("details", tag("summary", f"{names[0]}, {names[1]} and {len(names) - 2} more"), told)


def _section(name: str, heading: str, *children: object) -> Markup:
    return tag("section", tag("h2", heading, id=name), *children, aria_labelledby=name)


def _brief(headings: Sequence[str], rows: Sequence[Markup], numbers: Sequence[int] = ()) -> Markup:
    heads = [
        tag("th", heading, scope="col", class_="number" if index in numbers else None)
        for index, heading in enumerate(headings)
    ]
    return tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *rows), class_="brief")
