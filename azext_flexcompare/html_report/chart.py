"""SVG drawings of a run: the bar of each instance, the overview of each zone, and the durations.

The same facts are on the page as text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from statistics import quantiles
from typing import NamedTuple

from azext_flexcompare.html_report.markup import Markup, tag
from azext_flexcompare.html_report.model import STATUSES, InstanceRun, Run
from azext_flexcompare.html_report.timeline import Timeline
from azext_flexcompare.joblog.job_state import UNFINISHED, WAITING
from azext_flexcompare.joblog.waits import DRAIN, GATE, HOOK, Wait
from azext_flexcompare.scheduler.outcome import Status

SHAPES = {  # 8 by 8 around the origin; they differ also without their colour
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
OVERVIEW_WIDTH = 1000  # in units of its view box
MIN_WIDTH = 0.2  # of 100, so that a short bar can be seen
MAX_BANDS = 40
BREAK = "//"  # where the axis is broken
OTHER_WAITS = {HOOK: "50%", DRAIN: "90%"}  # waits beside the operation, and where they are drawn
MIN_ROWS = 12  # of the overview
MIN_LABELS = 7.0  # of 100, so that labels of fault domains do not overlap


class Quartiles(NamedTuple):
    """Shortest, quartiles and longest of some durations, in seconds."""

    shortest: float
    lower: float
    median: float
    upper: float
    longest: float


def quartiles_of(durations: Sequence[float]) -> Quartiles | None:
    """Return the quartiles of durations, or None if there are no durations."""
    if not durations:
        return None
    lower, median, upper = quantiles(
        [*durations, *durations[:1]] if len(durations) == 1 else durations, method="inclusive"
    )
    return Quartiles(min(durations), lower, median, upper, longest=max(durations))


def css_class(status: str) -> str:
    """Return the CSS class of a status; it is one of our own names, whatever the log contains."""
    return status if status in STATUSES else "Unknown"


def shape_definitions() -> Markup:
    """Define the shapes to which the other drawings refer."""
    drawn = [tag("g", tag("path", d=path, class_=kind), id=f"is-{status}") for status, (kind, path) in SHAPES.items()]
    throttle = tag("g", tag("path", d=THROTTLE, class_="filled"), id="throttled")
    return tag("svg", tag("defs", *drawn, throttle), class_="shapes", aria_hidden="true")


def status_shape(status: str) -> Markup:
    """Draw the shape of a status beside its name."""
    use = tag("use", href=f"#is-{css_class(status)}", x=6, y=6)
    return tag("svg", use, class_=f"shape {css_class(status)}", aria_hidden="true")


def instance_bar(instance: InstanceRun, run: Run, line: Timeline) -> Markup:
    """Draw one instance: its wait, its call up to the acceptance, its operation, and the gate after it."""
    bars = [_bar(kind, line.position(start), line.position(end)) for kind, start, end in _phases(instance, run)]
    bars += [_wait(one, line) for one in instance.waits if one.kind in OTHER_WAITS]
    marks = [
        tag("use", class_="throttle", href="#throttled", x=_percent(line.position(one.at)), y=5)
        for one in instance.throttles
    ]
    if instance.status != Status.SUCCEEDED and instance.sent:
        end = _percent(line.position(instance.ended or run.last_record))
        marks.append(tag("use", href=f"#is-{css_class(instance.status)}", x=end, y=9, transform="translate(8 0)"))
    return tag("svg", *bars, *marks, aria_hidden="true")


def axis(line: Timeline) -> Markup:
    """Draw the time axis with its ticks."""
    drawn = []
    for position, label in line.ticks():
        drawn.append(tag("line", x1=_percent(position), x2=_percent(position), y1=0, y2=3))
        drawn.append(tag("text", label, x=_percent(position), y=13, text_anchor="middle"))
    for start, end in line.pauses():
        drawn.append(tag("text", BREAK, class_="break", x=_percent((start + end) / 2), y=6, text_anchor="middle"))
    return tag("svg", *drawn, class_="axis", aria_hidden="true")


def overview(instances: Sequence[InstanceRun], run: Run, line: Timeline, label: str) -> Markup:
    """Draw many instances, a thin line for each."""
    lines: dict[str, list[str]] = {}
    for row, one in enumerate(instances):
        for kind, start, end in _phases(one, run):
            if kind != "waiting":
                name = css_class(one.status) if kind == "running" else kind
                lines.setdefault(name, []).append(_stroke(row, line.position(start), line.position(end)))
    rules = [f"M0 {row}H{OVERVIEW_WIDTH}" for row in _domain_borders(instances)]
    rules += [
        f"M{line.position(batch.started) * OVERVIEW_WIDTH / 100:g} 0V{len(instances)}" for batch in run.batches[1:]
    ]
    order = sorted(lines, key=lambda name: name not in ("gate", "sending", Status.SUCCEEDED))  # failures on top
    return tag(
        "svg",
        tag("path", class_="rule", d="".join(rules)) if rules else None,
        *(tag("path", class_=name, d="".join(lines[name])) for name in order),
        class_="panel",
        viewBox=f"0 0 {OVERVIEW_WIDTH} {max(len(instances), MIN_ROWS)}",
        preserveAspectRatio="none",
        role="img",
        aria_label=label,
    )


def domain_labels(instances: Sequence[InstanceRun]) -> Markup | None:
    """Name the fault domains beside the overview of many instances, those with too few lines for it left out."""
    starts = [0, *_domain_borders(instances)]
    rows = max(len(instances), MIN_ROWS)
    labels: list[Markup] = []
    last = -MIN_LABELS
    for start, end in pairwise([*starts, len(instances)]):
        middle = 50 * (start + end) / rows
        if middle - last >= MIN_LABELS:
            last = middle
            labels.append(tag("text", _short_domain(instances[start]), x="100%", y=_percent(middle), text_anchor="end"))
    return tag("svg", *labels, class_="domains", aria_hidden="true") if len(starts) > 1 else None


def quartile_plot(found: Quartiles, longest: float) -> Markup:
    """Draw quartiles: a line from the shortest to the longest, a bar over the middle half, a mark at the median."""
    start, lower, median, _, end = (_percent(100 * seconds / (longest or 1)) for seconds in found)
    half = _percent(max(MIN_WIDTH, 100 * (found.upper - found.lower) / (longest or 1)))
    return tag(
        "svg",
        tag("line", x1=start, x2=end, y1=8.5, y2=8.5),
        tag("rect", x=lower, width=half),
        tag("rect", class_="middle", x=median, width=2),
        aria_hidden="true",
    )


def grid_style(line: Timeline, run: Run) -> str:
    """Return the CSS rule that draws ticks, every second batch and the pauses behind each bar; it has only numbers."""
    images = [_vertical_line(tick.position, "var(--line)") for tick in line.ticks()]
    idle = [(line.position(start), line.position(end)) for start, end in run.idle]
    images += [_hatched(start, end) for start, end in (*line.pauses(), *idle[:MAX_BANDS]) if end - start > MIN_WIDTH]
    starts = [line.position(batch.started) for batch in run.batches]
    if 1 < len(starts) <= MAX_BANDS:
        edges = list(zip(starts, [*starts[1:], 100.0], strict=True))
        images += [_band(start, end, "var(--band)") for start, end in edges[1::2] if start < end]
    rule = f"td.t{{background:{','.join(images)};background-origin:content-box}}"
    return f"@media screen{{{rule}}}" if images else ""  # a printer would draw a picture for each row


def _phases(instance: InstanceRun, run: Run) -> Iterable[tuple[str, datetime, datetime]]:
    if instance.sent:
        end = max(instance.ended or run.last_record, instance.sent)
        accepted = min(max(instance.accepted or instance.sent, instance.sent), end)
        yield "waiting", run.started, instance.sent
        yield "sending", instance.sent, accepted
        yield "running", accepted, end
        gates = [wait for wait in instance.waits if wait.kind == GATE and wait.end and wait.end > end]
        yield from ((GATE, max(end, wait.start), wait.end or end) for wait in gates)
    elif instance.status == WAITING:
        yield "waiting", run.started, run.last_record


def _wait(wait: Wait, line: Timeline) -> Markup:
    start, end = line.position(wait.start), line.position(wait.end or wait.start)
    height = OTHER_WAITS[wait.kind]
    return tag("line", class_=wait.kind, x1=_percent(start), x2=_percent(end), y1=height, y2=height)


def _bar(kind: str, start: float, end: float) -> Markup | None:
    if kind == GATE:
        return tag("line", class_=kind, x1=_percent(start), x2=_percent(end), y1="50%", y2="50%")
    if kind == "waiting":
        return tag("rect", class_=kind, width=_percent(end))
    if kind == "sending" and start == end:
        return None
    width = max(end - start, MIN_WIDTH)
    return tag("rect", class_=kind, x=_percent(min(start, 100 - width)), width=_percent(width))


def _stroke(row: int, start: float, end: float) -> str:
    left, right = start * OVERVIEW_WIDTH / 100, max(end, start + MIN_WIDTH) * OVERVIEW_WIDTH / 100
    return f"M{left:g} {row + 0.5}H{right:g}"


def _domain_borders(instances: Sequence[InstanceRun]) -> list[int]:
    pairs = enumerate(pairwise(instances), start=1)
    return [row for row, (one, other) in pairs if one.fault_domain != other.fault_domain]


def _short_domain(instance: InstanceRun) -> str:
    return f"FD {instance.fault_domain}" if instance.fault_domain else "no FD"


def _vertical_line(position: float, colour: str) -> str:
    return f"linear-gradient({colour},{colour}) {_percent(position)} 0/1px 100% no-repeat"


def _band(start: float, end: float, colour: str) -> str:
    gradient = f"linear-gradient(90deg,transparent {start:g}%,{colour} {start:g}% {end:g}%,transparent {end:g}%)"
    return f"{gradient} 0 0/100% 100% no-repeat"


def _hatched(start: float, end: float) -> str:
    width = end - start
    left = 0 if width >= 100 else 100 * start / (100 - width)  # as CSS counts it: 100 % is flush with the right side
    hatch = "repeating-linear-gradient(135deg,var(--line) 0 1px,transparent 1px 5px)"
    return f"{hatch} {_percent(left)} 0/{_percent(width)} 100% no-repeat"


def _percent(position: float) -> str:
    return f"{round(position, 2):g}%"
