"""Numbers, moments and places of a run in words."""

from __future__ import annotations

import pytest

from azext_flexcompare.html_report import wording
from azext_flexcompare.planning.run_options import RunOptions
from tests.latest.helpers.report_logs import BEGAN, SET, plan, planned, run_in, whole_log


def test_a_moment_has_a_day_and_a_time() -> None:
    assert (wording.format_moment(BEGAN), wording.format_time(BEGAN)) == ("2026-11-23 07:38:12", "07:38:12")


@pytest.mark.parametrize(("scale_set", "text"), [(SET, "flex (resource group rg)"), ("flex", "flex"), ("", "")])
def test_a_set_is_named_with_its_resource_group(scale_set: str, text: str) -> None:
    assert wording.format_scale_set(scale_set) == text


def test_statuses_are_counted_in_the_order_of_the_words() -> None:
    assert wording.format_statuses(run_in(whole_log()).instances) == "1 Succeeded, 2 Failed, 1 TimedOut, 1 Skipped"


def test_a_run_that_was_never_throttled_says_nothing_of_it() -> None:
    assert wording.format_throttling(run_in([plan(planned("a"))])) == ""
    assert wording.format_throttling(run_in(whole_log())) == "2 times, 1 instance, retry after up to 5.0 s"


def test_the_defaults_that_are_left_out_are_those_of_a_run() -> None:
    kept = RunOptions().to_log()
    assert wording.DEFAULTS.items() <= kept.items()
    assert [name for name, value in kept.items() if value and name not in wording.DEFAULTS] == []
