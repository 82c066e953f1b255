"""The drawings of the page."""

from __future__ import annotations

from azext_flexcompare.html_report.chart import SHAPES, css_class, quartiles_of, status_shape
from azext_flexcompare.html_report.model import STATUSES
from tests.latest.helpers.report_logs import ended, parsed, plan, planned


def test_every_status_has_a_shape_of_its_own_and_stands_there_as_a_word() -> None:
    assert {*STATUSES} < {*SHAPES}
    assert len({path for _, path in SHAPES.values()}) == len(SHAPES)
    log = [plan(*(planned(word) for word in STATUSES)), *(ended(word, word, 0, 1) for word in STATUSES)]
    assert {name: row[0] for name, row in parsed(log).instances().items()} == {word: word for word in STATUSES}


def test_a_spread_of_one_duration_is_that_duration() -> None:
    assert quartiles_of([3.0]) == (3.0, 3.0, 3.0, 3.0, 3.0)
    assert quartiles_of([]) is None


def test_a_spread_has_the_quartiles_between_its_ends() -> None:
    assert quartiles_of([1.0, 2.0, 3.0, 4.0, 5.0]) == (1.0, 2.0, 3.0, 4.0, 5.0)


def test_an_unknown_status_has_the_class_unknown() -> None:
    assert css_class("<b>") == "Unknown"
    assert css_class("Failed") == "Failed"
    assert "#is-Unknown" in status_shape("<b>")
