"""UTC times as Azure and the job log write them."""

from __future__ import annotations

import re
from datetime import datetime


def utc(at: datetime | None) -> str | None:
    """Write a time as Azure does."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else None


def moment(text: str | None) -> datetime | None:
    """Read a time as Azure writes it; Python 3.10 reads neither the Z nor the seven digits."""
    try:
        return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", (text or "").replace("Z", "+00:00")))
    except ValueError:
        return None
