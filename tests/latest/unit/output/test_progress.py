"""The line of progress in words, and the lines of batches."""

from __future__ import annotations

from collections import Counter
from io import StringIO

import pytest

from azext_flexcompare.output.progress import (
    BatchEnd,
    BatchLines,
    BatchTimes,
    ProgressLine,
    Snapshot,
    batch_line,
    progress,
    time_left,
)


@pytest.mark.parametrize(
    ("snapshot", "left", "line"),
    [
        (Snapshot("in progress", "abc", 0, Counter(), (1, 1)), None, "0 of 10 done, 0 failed, 3 in progress"),
        (
            Snapshot("in progress", "abc", 2, Counter(Succeeded=4, Failed=1), (2, 3)),
            10.0,
            "5 of 10 done, 1 failed, 3 in progress, 2 waiting, batch 2 of 3, about 10 s left",
        ),
        (
            Snapshot("in progress", "ba", 0, Counter(TimedOut=5), (1, 1)),
            600.0,
            "5 of 10 done, 5 failed, 2 in progress (a, b), about 10 min left",
        ),
        (Snapshot("in progress", "", 0, Counter(Succeeded=10), (1, 1)), 6.0, "10 of 10 done, 0 failed, 0 in progress"),
        (Snapshot("in progress", "", 0, Counter(), (1, 1)), -6.0, "0 of 10 done, 0 failed, 0 in progress"),
        (
            Snapshot("next batch in 9 s", None, 0, Counter(), (1, 2)),
            None,
            "0 of 10 done, 0 failed, next batch in 9 s, batch 1 of 2",
        ),
        (
            Snapshot("not healthy yet", "ab", 0, Counter(Succeeded=2), (1, 2), "40 s of at most 10 min"),
            None,
            "2 of 10 done, 0 failed, 2 not healthy yet (a, b) for 40 s of at most 10 min, batch 1 of 2",
        ),
    ],
)
def test_the_line_says_how_far_a_run_is(snapshot: Snapshot, left: float | None, line: str) -> None:
    assert progress(10, snapshot, left) == line


@pytest.mark.parametrize(
    ("names", "waiting", "done", "left"),
    [
        ("abc", 7, 0, None),  # nothing has ended
        ("abc", 5, 2, None),  # not even the first instances have all ended
        ("abc", 4, 3, 70.0),
        ("abcdefghi", 0, 1, None),  # all of them are in progress: one that was quick says nothing of the others
        ("a", 0, 9, None),
    ],
)
def test_a_run_of_one_batch_has_an_estimate_once_there_is_ground(
    names: str, waiting: int, done: int, left: float | None
) -> None:
    assert time_left(10, Snapshot("in progress", names, waiting, Counter(Succeeded=done), (1, 1)), 30.0) == left


def test_batches_are_estimated_by_what_they_took() -> None:
    times = BatchTimes(100.0)
    times.update(1, 105.0)
    assert times.left(5, 110.0) is None
    times.update(2, 180.0)
    assert times.left(5, 190.0) == 80 * 4 - 10
    times.update(4, 220.0)  # the third ended between two updates
    assert times.left(5, 220.0) == 40 * 2


def test_a_resumed_run_is_estimated_by_the_batches_that_it_sees() -> None:
    times = BatchTimes(0.0)
    times.update(3, 1.0)
    assert times.left(5, 1.0) is None
    times.update(4, 30.0)
    assert times.left(5, 30.0) == 60


END = BatchEnd((2, 5), 20, "zone 2", Counter(Succeeded=19, Failed=1))


def test_a_batch_that_has_ended_is_a_line() -> None:
    assert batch_line(END) == "Batch 2 of 5: 20 instances, zone 2: 19 Succeeded, 1 Failed"
    assert batch_line(END._replace(domain="")) == "Batch 2 of 5: 20 instances: 19 Succeeded, 1 Failed"


def test_the_only_batch_of_a_run_is_no_line(caplog: pytest.LogCaptureFixture) -> None:
    BatchLines().end_batch(END._replace(batch=(1, 1)))
    assert caplog.text == ""
    BatchLines().end_batch(END)
    assert "Batch 2 of 5" in caplog.text


def test_nobody_is_named_while_nothing_is_shown() -> None:
    line = ProgressLine(StringIO(), 10)
    assert line.is_due()
    line.show(Snapshot("in progress", "abc", 0, Counter(), (1, 1)))
    assert not line.is_due()
    assert not BatchLines().is_due()
