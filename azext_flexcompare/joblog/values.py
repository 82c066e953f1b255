"""Readers of values in a job log that may have any type: a value of another type counts as missing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

MAX_NUMBER = 1e9  # a greater number of seconds is not plausible


def read_time(value: Any) -> datetime | None:
    """Read a time with its time zone, and return it as UTC."""
    try:
        found = datetime.fromisoformat(re.sub("Z$", "+00:00", value))
        return found.astimezone(timezone.utc) if found.tzinfo else None
    except (TypeError, ValueError, OverflowError):
        return None


def read_number(value: Any) -> float | None:
    """Read a number that is not negative."""
    plausible = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= MAX_NUMBER
    return float(value) if plausible else None


def read_whole(value: Any) -> int | None:
    """Read a number that is not negative, without its fraction."""
    number = read_number(value)
    return None if number is None else int(number)


def read_text(value: Any) -> str | None:
    """Read a text, or a number as a text."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    return str(value) if isinstance(value, str) or abs(value) <= MAX_NUMBER else None


def read_list(value: Any) -> Sequence[Any]:
    """Read a list."""
    return value if isinstance(value, list) else ()


def read_objects(value: Any) -> list[dict[str, Any]]:
    """Read a list of objects, and leave out its other items."""
    return [one for one in read_list(value) if isinstance(one, dict)]


def read_object(value: Any) -> dict[str, Any]:
    """Read an object."""
    return value if isinstance(value, dict) else {}
