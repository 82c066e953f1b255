"""Numbers, moments and places of a run in words."""

from __future__ import annotations

import pytest

from azext_flexcompare.html_report import wording
from tests.latest.helpers.report_logs import BEGAN, SET, plan, planned, run_in, whole_log


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (59.94, "59.9 s"),
        (60, "1 min 0 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h 0 min"),
        (90000, "25 h 0 min"),
    ],
)
def test_a_duration(seconds: float, text: str) -> None:
    assert wording.lasted(seconds) == text


@pytest.mark.parametrize(
    ("number", "what", "text"),
    [(1, "batch", "1 batch"), (2, "batch", "2 batches"), (0, "run", "0 runs"), (2, "instance", "2 instances")],
)
def test_a_count(number: int, what: str, text: str) -> None:
    assert wording.many(number, what) == text


def test_a_moment_has_a_day_and_a_time() -> None:
    assert (wording.day(BEGAN), wording.clock(BEGAN)) == ("2026-11-23", "07:38:12")


@pytest.mark.parametrize(("scale_set", "text"), [(SET, "flex (resource group rg)"), ("flex", "flex"), ("", "")])
def test_a_set_is_named_with_its_resource_group(scale_set: str, text: str) -> None:
    assert wording.place_of(scale_set) == text


def test_statuses_are_counted_in_the_order_of_the_words() -> None:
    assert wording.counted(run_in(whole_log()).parts) == "1 Succeeded, 2 Failed, 1 TimedOut, 1 Skipped"


def test_a_run_that_was_never_throttled_says_nothing_of_it() -> None:
    assert wording.throttled(run_in([plan(planned("a"))])) == ""
    assert wording.throttled(run_in(whole_log())) == "2 times, 1 instance, to wait up to 5.0 s"
