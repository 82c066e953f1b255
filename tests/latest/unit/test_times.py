"""UTC times as Azure and the job log write them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_flexcompare.times import moment, utc

AT = datetime(2026, 11, 23, 4, 5, 6, 789000, timezone.utc)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-11-23T04:05:06.789Z", AT),
        ("2026-11-23T04:05:06.7890000Z", AT),
        ("2026-11-23T05:05:06.789+01:00", AT),
        ("2026-11-23T04:05:06Z", AT.replace(microsecond=0)),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_a_time_is_read_as_azure_writes_it(text: str | None, found: datetime | None) -> None:
    assert moment(text) == found


def test_a_time_is_written_in_milliseconds() -> None:
    assert utc(AT) == "2026-11-23T04:05:06.789Z"
    assert utc(None) is None


@given(st.datetimes(timezones=st.just(timezone.utc)))
def test_a_time_that_was_written_is_read_as_the_same(at: datetime) -> None:
    read = moment(utc(at))
    assert read is not None
    assert timedelta(0) <= at - read < timedelta(milliseconds=1)
