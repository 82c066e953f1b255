"""The line of progress in words."""

from __future__ import annotations

from collections import Counter

import pytest

from azext_flexcompare.output.progress import Snapshot, progress


@pytest.mark.parametrize(
    ("snapshot", "seconds", "line"),
    [
        (Snapshot("in progress", "abc", 0, Counter(), (1, 1)), 5.0, "0 of 10 done, 0 failed, 3 in progress"),
        (
            Snapshot("in progress", "abc", 2, Counter(Succeeded=4, Failed=1), (2, 3)),
            10.0,
            "5 of 10 done, 1 failed, 3 in progress, 2 waiting for a slot, batch 2 of 3, about 10 s left",
        ),
        (
            Snapshot("in progress", "ba", 0, Counter(TimedOut=5), (1, 1)),
            600.0,
            "5 of 10 done, 5 failed, 2 in progress (a, b), about 10 min left",
        ),
        (Snapshot("in progress", "", 0, Counter(Succeeded=10), (1, 1)), 6.0, "10 of 10 done, 0 failed, 0 in progress"),
        (
            Snapshot("next batch in 9 s", None, 0, Counter(), (1, 2)),
            6.0,
            "0 of 10 done, 0 failed, next batch in 9 s, batch 1 of 2",
        ),
    ],
)
def test_the_line_says_how_far_a_run_is(snapshot: Snapshot, seconds: float, line: str) -> None:
    assert progress(10, snapshot, seconds) == line
