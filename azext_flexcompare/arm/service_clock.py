"""The service's clock, by the `Date` of its answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from time import monotonic

from azext_flexcompare.times import parse_utc

CLOCK_SLACK = timedelta(seconds=2)  # by which two clocks of the service may differ


class ServiceClock:
    """The time of the service: the latest that an answer so far proves, so never ahead of it."""

    def __init__(self) -> None:
        self._zero: datetime | None = None  # the time of the service when the monotonic clock was zero
        self._latest: str | None = None  # the `Date` of the latest answer

    def learn(self, headers: Mapping[str, str]) -> None:
        """Learn from the `Date` of an answer that has just arrived."""
        date = headers.get("Date")
        if date == self._latest:  # the first answer of a second proves more than those after it
            return
        self._latest = date
        try:
            at = parsedate_to_datetime(date or "")
            zero = (at if at.tzinfo else at.replace(tzinfo=timezone.utc)) - timedelta(seconds=monotonic())
        except (KeyError, ValueError, TypeError, OverflowError):
            return
        if self._zero is None or zero > self._zero:
            self._zero = zero

    def now(self) -> datetime | None:
        """Return a time that the service has reached, or None before its first answer."""
        return self._zero and self._zero + timedelta(seconds=monotonic())


def is_later(times: Iterable[str], since: datetime | None) -> bool:
    """Check whether one of the times may be later than a time of the service; None is a time that is not known."""
    found = [one if one.tzinfo else one.replace(tzinfo=timezone.utc) for one in map(parse_utc, times) if one]
    return since is None or any(one >= since - CLOCK_SLACK for one in found)
