"""The waits of a run, and what the axis shortens."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from azext_flexcompare.html_report.timeline import Timeline
from azext_flexcompare.html_report.waits import Span, idle_spans, shortened_spans
from tests.latest.helpers.report_logs import BEGAN, Log, ended, page_of, parsed, plan, planned, run_in, said


def moment(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def spans(*pairs: tuple[float, float]) -> list[Span]:
    return [(moment(start), moment(end)) for start, end in pairs]


def gate(state: str, when: float, batch: int = 1, **of: Any) -> dict[str, Any]:
    return said("gate", when, state=state, batch=batch, gate="vm-agent", **of)


def log_with_gate(seconds: float) -> Log:
    """Two batches of ten seconds each, with a health gate between them."""
    second = 10 + seconds
    return [
        plan(planned("a"), planned("b", 2), planned("c", 3)),
        said("batch", 0, batch=1),
        said("intent", 0, "a"),
        ended("a", "Succeeded", 0, 10),
        gate("begun", 10, instances=["/vms/A"]),
        gate("ended", second, passed=True),
        said("health", second, batch=1, unhealthy=[]),
        said("batch", second, batch=2),
        said("intent", second, "b"),
        ended("b", "Succeeded", second, second + 10),
        said("batch", second + 10, batch=3),
        said("end", second + 10, exit=5),
    ]


def test_times_in_which_nothing_is_in_operation_are_idle() -> None:
    busy = spans((1, 5), (3, 4), (8, 9))
    assert idle_spans(busy, moment(0), moment(9)) == spans((0, 1), (5, 8))
    assert idle_spans([], moment(0), moment(2)) == spans((0, 2))


@pytest.mark.parametrize(
    ("idle", "pauses", "shortened"),
    [
        ([(10, 11)], [], []),
        ([(10, 90)], [], [(10, 90)]),
        ([(10, 90)], [(80, 95)], [(10, 95)]),
        ([], [(20, 30)], [(20, 30)]),
        ([(0, 100)], [], []),
    ],
)
def test_only_long_idle_times_and_interruptions_are_shortened(
    idle: list[tuple[float, float]], pauses: list[tuple[float, float]], shortened: list[tuple[float, float]]
) -> None:
    assert shortened_spans(spans(*idle), spans(*pauses), moment(0), moment(100)) == spans(*shortened)


def test_a_gate_of_ten_minutes_does_not_squeeze_the_bars() -> None:
    run = run_in(log_with_gate(600))
    line = Timeline(run.started, run.last_record, run.shortened)
    first, second = line.position(moment(10)), line.position(moment(610))
    assert (first, 100 - second) == (48.5, 48.5)
    page = page_of(log_with_gate(600))
    assert 'class="break"' in page
    assert "repeating-linear-gradient" in page.partition("td.t{")[2]
    assert 'class="break"' not in page_of(log_with_gate(1))


def test_the_gate_is_drawn_after_each_instance_and_said_of_its_batch() -> None:
    page = parsed(log_with_gate(600))
    gates = [one.get("x1") for tag, one in page.elements if tag == "line" and one.get("class") == "gate"]
    assert gates[1:] == ["48.5%"]  # the first is the key's
    assert "healthy after 10 min 0 s" in page.said


def test_a_batch_that_never_began_is_nowhere() -> None:
    page = parsed(log_with_gate(600))
    batches = [row[0] for row, kind in zip(page.rows, page.kinds, strict=True) if kind == "brief" and row[0].isdigit()]
    assert batches == ["1", "2"]
    assert [page.instances()[name][1] for name in "abc"] == ["1", "2", ""]


def test_hooks_and_times_out_of_rotation_are_drawn_beside_their_instances() -> None:
    address = {"addresses": [{"id": "/vms/b", "address": "1", "before": "None"}], "pool": "p"}
    extra = [
        said("hook", 1, state="begun", hook="before-batch", batch=1),
        said("hook", 2, state="ended", hook="before-batch", batch=1, exit=0, seconds=1.0),
        said("drain", 3, state="begun", batch=2, **address),
        said("undrain", 19, state="ended", batch=2, **address),
    ]
    log = log_with_gate(1)
    page = parsed([log[0], *sorted([*log[1:], *extra], key=lambda one: one["at"])])
    drawn = [(one.get("class"), one.get("x1")) for tag, one in page.elements if tag == "line" and one.get("x1")]
    assert ("hook", "4.76%") in drawn
    assert ("drain", "14.29%") in drawn
    assert {"hook", "out of rotation", "waiting to be healthy"} <= {*page.texts("li")}
