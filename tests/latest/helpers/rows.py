"""What the rows of a command say, in short."""

from __future__ import annotations

from collections import Counter

from tests.latest.helpers.az import Ran


def statuses(done: Ran) -> Counter[str]:
    """Count the statuses."""
    return Counter(row["status"] for row in done.json)


def status_of_each(done: Ran) -> dict[str, str]:
    """Return the status of each instance."""
    return {row["instance"]: row["status"] for row in done.json}


def numbers(done: Ran) -> dict[str, int]:
    """Return the number of the batch of each instance."""
    return {row["instance"]: row["batch"] for row in done.json}
