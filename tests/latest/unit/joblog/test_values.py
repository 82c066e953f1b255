"""Readers of values of any type in a job log."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_flexcompare.joblog.values import (
    read_list,
    read_number,
    read_object,
    read_objects,
    read_text,
    read_time,
    read_whole,
)

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize("text", ["2026-11-23T07:38:12.500Z", "2026-11-23T08:38:12.500+01:00"])
def test_a_time_is_read_as_utc(text: str) -> None:
    assert read_time(text) == datetime(2026, 11, 23, 7, 38, 12, 500_000, timezone.utc)


@pytest.mark.parametrize("value", ["2026-11-23T07:38:12", "yesterday", "", None, 5, [], "0001-01-01T00:00:00+23:59"])
def test_a_time_without_zone_or_outside_the_calendar_is_missing(value: Any) -> None:
    assert read_time(value) is None


@pytest.mark.parametrize("value", [True, -1, float("nan"), float("inf"), 1e10, "5", None, [5]])
def test_a_number_that_is_not_plausible_is_missing(value: Any) -> None:
    assert read_number(value) is None
    assert read_whole(value) is None


def test_a_number_is_read_with_and_without_its_fraction() -> None:
    assert (read_number(2.5), read_whole(2.5), read_number(0)) == (2.5, 2, 0)


@pytest.mark.parametrize(
    ("value", "text"), [("a", "a"), (1, "1"), (1.5, "1.5"), (True, None), (1e10, None), ([], None)]
)
def test_a_text_is_read_from_a_text_or_a_number(value: Any, text: str | None) -> None:
    assert read_text(value) == text


def test_objects_are_read_without_the_other_items_of_a_list() -> None:
    assert read_objects([{"a": 1}, 2, None, {}]) == [{"a": 1}, {}]
    assert read_objects({"a": 1}) == []


@given(ANYTHING)
def test_a_value_of_any_type_is_read_as_its_type_or_missing(value: Any) -> None:
    assert isinstance(read_time(value), datetime | None)
    assert isinstance(read_number(value), float | None)
    assert isinstance(read_whole(value), int | None)
    assert isinstance(read_text(value), str | None)
    assert isinstance(read_list(value), list | tuple)
    assert isinstance(read_object(value), dict)
    assert all(isinstance(one, dict) for one in read_objects(value))
