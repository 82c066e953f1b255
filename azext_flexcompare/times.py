"""UTC times, durations in seconds and counts, as text."""

from __future__ import annotations

import re
from datetime import datetime, timezone

MINUTE, HOUR = 60, 3600  # seconds
DURATION = re.compile(r"((?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]{1,3})?) ?([smh]?)")
UNITS = {"": 1, "s": 1, "m": MINUTE, "h": HOUR}
SECONDS_UP_TO, MINUTES_UP_TO = 120, 7200  # seconds up to which a duration is written in seconds, in minutes


def format_utc(at: datetime | None) -> str | None:
    """Format a time in UTC as Azure does, to the millisecond."""
    return at.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else None


def parse_utc(text: str | None) -> datetime | None:
    """Parse a time as Azure writes it, with any offset, as one in UTC; return None for any other text.

    Python 3.10 reads neither the Z nor the seven digits.
    """
    try:
        found = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", (text or "").replace("Z", "+00:00")))
        return found.astimezone(timezone.utc) if found.tzinfo else found.replace(tzinfo=timezone.utc)
    except (ValueError, OverflowError):
        return None


def parse_duration(text: str) -> float:
    """Parse `90`, `90s`, `5m` or `1h` as seconds; raises ValueError for anything else."""
    found = DURATION.fullmatch(text.strip().lower())
    if not found:
        raise ValueError(text)
    seconds = float(found[1]) * UNITS[found[2]]
    if seconds == float("inf"):
        raise ValueError(text)
    return seconds


def format_duration(seconds: float) -> str:
    """Format a duration with one unit, rounded down: `90 s`, `3 min`, `2.5 h`."""
    if seconds < SECONDS_UP_TO:
        return f"{int(seconds)} s"
    return f"{int(seconds / MINUTE)} min" if seconds < MINUTES_UP_TO else f"{int(seconds / (HOUR / 10)) / 10} h"


def format_exact_duration(seconds: float) -> str:
    """Format a duration with two units: `41.2 s`, `2 min 3 s`, `1 h 5 min`."""
    if seconds < MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), MINUTE)
    hours, minutes = divmod(minutes, MINUTE)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def count(number: int, noun: str) -> str:
    """Format a number of things: `1 batch`, `3 batches`, `2,104 requests`."""
    plural = "" if number == 1 else "es" if noun.endswith("ch") else "s"
    return f"{number:,} {noun}{plural}"
