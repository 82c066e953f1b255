"""UTC times as Azure and the job log write them, durations and counts."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_flexcompare.times import count, format_exact_duration, format_utc, parse_duration, parse_utc

AT = datetime(2026, 11, 23, 4, 5, 6, 789000, timezone.utc)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-11-23T04:05:06.789Z", AT),
        ("2026-11-23T04:05:06.7890000Z", AT),
        ("2026-11-23T05:05:06.789+01:00", AT),
        ("2026-11-23T04:05:06Z", AT.replace(microsecond=0)),
        ("2026-11-23T04:05:06", AT.replace(microsecond=0)),
        ("0001-01-01T00:00:00+08:00", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_a_time_is_read_as_azure_writes_it(text: str | None, found: datetime | None) -> None:
    assert parse_utc(text) == found


def test_a_time_is_written_in_milliseconds() -> None:
    assert format_utc(AT) == "2026-11-23T04:05:06.789Z"
    assert format_utc(AT.astimezone(timezone(timedelta(hours=8)))) == "2026-11-23T04:05:06.789Z"
    assert format_utc(None) is None


@given(st.datetimes(timezones=st.just(timezone.utc)))
def test_a_time_that_was_written_is_read_as_the_same(at: datetime) -> None:
    read = parse_utc(format_utc(at))
    assert read is not None
    assert timedelta(0) <= at - read < timedelta(milliseconds=1)


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
def test_an_exact_duration_has_two_units(seconds: float, text: str) -> None:
    assert format_exact_duration(seconds) == text


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [(1, "batch", "1 batch"), (2, "batch", "2 batches"), (0, "run", "0 runs"), (2104, "request", "2,104 requests")],
)
def test_a_count_has_its_noun_in_singular_or_plural(number: int, noun: str, text: str) -> None:
    assert count(number, noun) == text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("90s", 90),
        ("5m", 300),
        ("1h", 3600),
        ("1.5 h", 5400),
        (" 2M ", 120),
        (".5", 0.5),
        ("1e-05", 0.00001),
    ],
)
def test_a_duration_is_parsed_with_or_without_a_unit(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["s", "-1", "1d", "1 h 5 m", "inf", "1e999"])
def test_another_text_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match=text):
        parse_duration(text)
