"""The line of time, its pauses and its ticks."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_flexcompare.html_report.timeline import Timeline
from tests.latest.helpers.report_logs import BEGAN, ended, parsed, plan, planned, run_in, said


def test_the_time_between_leaving_and_resuming_takes_little_room() -> None:
    day = 86400
    log = [
        plan(planned("a")),
        said("intent", 1, "a"),
        said("resumed", day, None),
        said("accepted", day + 1, "a"),
        ended("a", "Succeeded", 1, day + 2),
        said("end", day + 2, exit=0),
    ]
    run = run_in(log)
    line = Timeline(run.started, run.last_record, run.pauses)
    places = [line.position(BEGAN + timedelta(seconds=seconds)) for seconds in (0, 1, day, day + 1, day + 2)]
    assert places == [0, 32.33, 35.33, 67.67, 100]
    assert "resumed at 2026-11-24 07:38:12" in parsed(log).said


moments = st.datetimes(timezones=st.just(timezone.utc))


@given(moments, st.floats(0, 1e7), st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1e6)), max_size=4))
def test_a_later_moment_is_never_further_left_and_ticks_are_few(
    began: datetime, active: float, pauses: list[tuple[float, float]]
) -> None:
    began = min(began, datetime(9000, 1, 1, tzinfo=timezone.utc))
    spans, end = [], began
    for share, pause in pauses:
        start = end + timedelta(seconds=share * active)
        end = start + timedelta(seconds=2 + pause)
        spans.append((start, end))
    end += timedelta(seconds=active)
    line = Timeline(began, end, spans)
    asked = sorted([began, end, *(moment for span in spans for moment in span)])
    places = [line.position(moment) for moment in asked]
    assert places == sorted(places)
    assert places[0] == 0
    assert places[-1] <= 100
    ticks = line.ticks()
    assert len(ticks) <= 2 * (5 + len(spans)) + 1
    assert all(other.position - one.position >= 9 for one, other in pairwise(ticks))


@pytest.mark.parametrize(
    ("seconds", "labels"),
    [
        (0.5, ["07:38:12.0", "07:38:12.1", "07:38:12.2", "07:38:12.3", "07:38:12.4", "07:38:12.5"]),
        (40, ["07:38:20", "07:38:30", "07:38:40", "07:38:50"]),
        (300, ["07:39", "07:40", "07:41", "07:42", "07:43"]),
        (5 * 86400, ["2026-11-24", "2026-11-25", "2026-11-26", "2026-11-27", "2026-11-28"]),
    ],
)
def test_ticks_stand_at_round_moments(seconds: float, labels: list[str]) -> None:
    ticks = Timeline(BEGAN, BEGAN + timedelta(seconds=seconds)).ticks()
    assert [tick.label for tick in ticks] == labels
