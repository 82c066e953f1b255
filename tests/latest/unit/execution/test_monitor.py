"""The monitor of a run: counts, records, and when to stop."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

import pytest
from azure.cli.core.azclierror import FileOperationError

from azext_flexcompare.arm.polling import Ended
from azext_flexcompare.execution.monitor import Oversight
from azext_flexcompare.planning.batches import Share
from azext_flexcompare.planning.work import Work
from azext_flexcompare.scheduler.outcome import Error, Outcome, Status
from azext_flexcompare.table.entries import operations
from tests.latest.helpers.factories import BUSY, instance

RESTART = next(one for one in operations() if one.name == "restart")
WORK = [Work([instance(name)], Ended) for name in "abc"]


class Kept:
    """A follower that keeps what it is told, until its disk is full."""

    def __init__(self, vital: bool, room: int = 100) -> None:
        self.vital, self.room = vital, room
        self.records: list[dict[str, Any]] = []

    def write(self, written: Iterable[dict[str, Any]]) -> None:
        self.records += written
        if len(self.records) > self.room:
            raise OSError(28, "No space left on device")

    def sync(self) -> None:
        return

    def close(self) -> None:
        return


def watched(*followers: Kept, **how: Any) -> Oversight:
    oversight = Oversight(RESTART, how.pop("interrupted", lambda: False), **how)
    oversight.followers += followers
    return oversight


def test_each_step_is_a_record() -> None:
    log = Kept(vital=True)
    oversight = watched(log)
    assert oversight.intends(WORK[:2])
    oversight.accepted(WORK[0], "u", None)
    oversight.throttled(WORK[1], 2.0)
    oversight.ended(Outcome(WORK[0], Status.SUCCEEDED))
    assert [one["record"] for one in log.records] == ["intent", "intent", "accepted", "throttled", "outcome"]
    assert oversight.refusals == [2.0]
    assert oversight.ended_as == {"Succeeded": 1}


def test_the_first_reason_to_stop_stays() -> None:
    log = Kept(vital=True)
    oversight = watched(log)
    oversight.stop("One.")
    oversight.stop("Two.")
    assert oversight.enough() == "One."
    assert [one["reason"] for one in log.records] == ["One."]
    assert not oversight.intends(WORK)


def test_what_an_earlier_run_has_sent_is_polled_after_a_stop() -> None:
    oversight = watched()
    oversight.stop("One.")
    assert oversight.intends([WORK[0]._replace(sent=True)])
    assert oversight.afloat(WORK[0]._replace(sent=True))


@pytest.mark.parametrize(
    ("most", "total", "failures"),
    [(Share(Fraction(2)), 3, 2), (Share(Fraction(50), percent=True), 6, 3), (Share(Fraction(0)), 3, 1)],
)
def test_a_run_stops_at_so_many_errors(most: Share, total: int, failures: int) -> None:
    oversight = watched(max_errors=most, total=total)
    for number in range(1, failures + 1):
        assert oversight.enough() is None
        oversight.ended(Outcome(WORK[0], Status.TIMED_OUT if number % 2 else Status.FAILED))
    assert str(oversight.enough()).startswith(f"Stopped by --max-errors: {failures} instance")


def test_without_a_limit_no_error_stops_a_run() -> None:
    oversight = watched()
    oversight.settled([Outcome(instance("a"), Status.FAILED)] * 9)
    assert (oversight.errors, oversight.enough()) == (9, None)


def test_a_log_that_cannot_be_written_stops_the_run() -> None:
    log, events = Kept(vital=True, room=1), Kept(vital=False)
    oversight = watched(log, events)
    oversight.intends(WORK)
    assert oversight.stopped == "The job log could not be written: No space left on device."
    assert oversight.followers == [events]
    with pytest.raises(FileOperationError):
        oversight.demand_kept()


def test_events_that_cannot_be_written_stop_nothing() -> None:
    oversight = watched(Kept(vital=False, room=0))
    assert oversight.intends(WORK)
    assert (oversight.stopped, oversight.followers) == (None, [])


def test_an_outcome_has_the_number_of_its_batch_and_no_secret() -> None:
    oversight = watched(mask=lambda text: text.replace("hunter2", "***"))
    oversight.batch = (2, 3)
    one = oversight.finished(Outcome(instance("a"), Status.FAILED, Error("Bad", "hunter2 is wrong.")))
    assert (one.batch, one.error) == (2, ("Bad", "*** is wrong."))
    assert oversight.finished(Outcome(instance("a"), Status.FAILED, BUSY)).error == BUSY


@pytest.mark.parametrize("end", ["interrupted", "stopped"])
def test_a_pause_ends_with_the_run(end: str) -> None:
    always: Callable[[], bool] = lambda: end == "interrupted"  # noqa: E731
    oversight = watched(interrupted=always)
    if end == "stopped":
        oversight.stop("One.")
    oversight.pause(10**9)
