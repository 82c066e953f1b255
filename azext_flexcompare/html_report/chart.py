"""How is a run drawn: each instance on the line of time, a zone at a glance, and how long operations took?

The drawings are SVG, whose colours are printed too. What they show stands beside them in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from statistics import quantiles
from typing import NamedTuple

from azext_flexcompare.html_report.markup import Markup, tag
from azext_flexcompare.html_report.model import UNFINISHED, WAITING, WORDS, Part, Run
from azext_flexcompare.html_report.timeline import Timeline
from azext_flexcompare.scheduler.outcome import Status

SHAPES = {  # 8 by 8 around the origin; no two look alike without their colour
    Status.SUCCEEDED: ("filled", "M-2.5 0a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0-5 0z"),
    Status.FAILED: ("open", "M-3.2-3.2L3.2 3.2M-3.2 3.2L3.2-3.2"),
    Status.TIMED_OUT: ("filled", "M-4-4H4L-4 4H4z"),
    Status.SKIPPED: ("open", "M-4 0H4"),
    Status.ACCEPTED: ("open", "M-3.2 0a3.2 3.2 0 1 0 6.4 0a3.2 3.2 0 1 0-6.4 0z"),
    Status.PLANNED: ("open", "M-3-3H3V3H-3z"),
    Status.NOT_STARTED: ("open", "M0-4L4 0L0 4L-4 0z"),
    Status.INTERRUPTED: ("filled", "M-3-4H-1V4H-3zM1-4H3V4H1z"),
    UNFINISHED: ("open", "M-2.5-3.5L3 0L-2.5 3.5z"),
    WAITING: ("filled", "M-1.2-1.2H1.2V1.2H-1.2z"),
    "Unknown": ("open", "M-3-3.5H3L0 3.5z"),
}
THROTTLE = "M-3-4H3L0 1.5z"
PANEL = 1000  # the width of a panel in its own measure
NARROWEST = 0.2  # of 100: what is short must be seen


class Spread(NamedTuple):
    """Shortest, quartiles and longest of some durations, in seconds."""

    least: float
    lower: float
    middle: float
    upper: float
    most: float


def spread(durations: Sequence[float]) -> Spread | None:
    """Tell how durations are spread."""
    if not durations:
        return None
    lower, middle, upper = quantiles(
        [*durations, *durations[:1]] if len(durations) == 1 else durations, method="inclusive"
    )
    return Spread(min(durations), lower, middle, upper, max(durations))


def class_of(status: str) -> str:
    """Give the class of a status: one of our own words, whatever the log says."""
    return status if status in WORDS else "Unknown"


def shapes() -> Markup:
    """Define the shapes to which the rest refers."""
    drawn = [tag("g", tag("path", d=path, class_=kind), id=f"is-{status}") for status, (kind, path) in SHAPES.items()]
    throttle = tag("g", tag("path", d=THROTTLE, class_="filled"), id="throttled")
    return tag("svg", tag("defs", *drawn, throttle), class_="shapes", aria_hidden="true")


def shape(status: str) -> Markup:
    """Draw the shape of a status, to stand beside its word."""
    use = tag("use", href=f"#is-{class_of(status)}", x=6, y=6)
    return tag("svg", use, class_=f"shape {class_of(status)}", aria_hidden="true")


def bars(part: Part, run: Run, line: Timeline) -> Markup:
    """Draw one instance: waiting, from its sending to its acceptance, and to its end."""
    drawn = [_rect(kind, line.place(start), line.place(end)) for kind, start, end in _stretches(part, run)]
    marks = [
        tag("use", class_="throttle", href="#throttled", x=_percent(line.place(one.at)), y=5) for one in part.throttles
    ]
    if part.status != Status.SUCCEEDED and part.sent:
        end = line.place(part.ended or run.seen)
        marks.append(tag("use", href=f"#is-{class_of(part.status)}", x=_percent(end), y=9, transform="translate(8 0)"))
    return tag("svg", *drawn, *marks, aria_hidden="true")


def axis(line: Timeline) -> Markup:
    """Draw the axis with its round moments."""
    drawn = []
    for place, label in line.ticks():
        drawn.append(tag("line", x1=_percent(place), x2=_percent(place), y1=0, y2=3))
        drawn.append(tag("text", label, x=_percent(place), y=13, text_anchor="middle"))
    return tag("svg", *drawn, class_="axis", aria_hidden="true")


def panel(parts: Sequence[Part], run: Run, line: Timeline, told: str) -> Markup:
    """Draw many instances at a glance, a thin line each."""
    lines: dict[str, list[str]] = {}
    for row, part in enumerate(parts):
        for kind, start, end in _stretches(part, run):
            if kind != "waiting":
                name = class_of(part.status) if kind == "running" else kind
                lines.setdefault(name, []).append(_stroke(row, line.place(start), line.place(end)))
    rules = [f"M0 {row}H{PANEL}" for row in _changes(parts)]
    rules += [f"M{line.place(batch.began) * PANEL / 100:g} 0V{len(parts)}" for batch in run.batches[1:]]
    order = sorted(lines, key=lambda name: name not in ("sending", Status.SUCCEEDED))  # what went wrong lies on top
    return tag(
        "svg",
        tag("path", class_="rule", d="".join(rules)) if rules else None,
        *(tag("path", class_=name, d="".join(lines[name])) for name in order),
        class_="panel",
        viewBox=f"0 0 {PANEL} {max(len(parts), 12)}",
        preserveAspectRatio="none",
        role="img",
        aria_label=told,
    )


def range_plot(found: Spread, longest: float) -> Markup:
    """Draw a spread: a line from the shortest to the longest, a bar over the middle half, a mark at the median."""
    least, lower, middle, _, most = (_percent(100 * seconds / (longest or 1)) for seconds in found)
    half = _percent(max(NARROWEST, 100 * (found.upper - found.lower) / (longest or 1)))
    return tag(
        "svg",
        tag("line", x1=least, x2=most, y1=8.5, y2=8.5),
        tag("rect", x=lower, width=half),
        tag("rect", class_="middle", x=middle, width=2),
        aria_hidden="true",
    )


def grid(line: Timeline, run: Run, most_bands: int = 40) -> str:
    """Write the style that lays ticks, every second batch and the pauses behind each row; it holds numbers only."""
    images = [_upright(tick.place, "var(--line)") for tick in line.ticks()]
    images += [_band(start, end, "var(--line)") for start, end in line.pauses()]
    begins = [line.place(batch.began) for batch in run.batches]
    if 1 < len(begins) <= most_bands:
        edges = list(zip(begins, [*begins[1:], 100.0], strict=True))
        images += [_band(start, end, "var(--band)") for start, end in edges[1::2] if start < end]
    rule = f"td.t{{background:{','.join(images)};background-origin:content-box}}"
    return f"@media screen{{{rule}}}" if images else ""  # on paper it would be a picture for each row


def _stretches(part: Part, run: Run) -> Iterable[tuple[str, datetime, datetime]]:
    if part.sent:
        end = max(part.ended or run.seen, part.sent)
        accepted = min(max(part.accepted or part.sent, part.sent), end)
        yield "waiting", run.began, part.sent
        yield "sending", part.sent, accepted
        yield "running", accepted, end
    elif part.status == WAITING:
        yield "waiting", run.began, run.seen


def _rect(kind: str, start: float, end: float) -> Markup | None:
    if kind == "waiting":
        return tag("rect", class_=kind, width=_percent(end))
    if kind == "sending" and start == end:
        return None
    width = max(end - start, NARROWEST)
    return tag("rect", class_=kind, x=_percent(min(start, 100 - width)), width=_percent(width))


def _stroke(row: int, start: float, end: float) -> str:
    return f"M{start * PANEL / 100:g} {row + 0.5}H{max(end, start + NARROWEST) * PANEL / 100:g}"


def _changes(parts: Sequence[Part]) -> list[int]:
    return [row for row, (one, other) in enumerate(pairwise(parts), start=1) if one.fault_domain != other.fault_domain]


def _upright(place: float, colour: str) -> str:
    return f"linear-gradient({colour},{colour}) {_percent(place)} 0/1px 100% no-repeat"


def _band(start: float, end: float, colour: str) -> str:
    return f"linear-gradient(90deg,transparent {start:g}%,{colour} {start:g}% {end:g}%,transparent {end:g}%)"


def _percent(place: float) -> str:
    return f"{round(place, 2):g}%"
