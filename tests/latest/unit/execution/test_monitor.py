"""The monitor of a run: counts, records, and when to stop."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from azure.cli.core.azclierror import FileOperationError

from azext_flexcompare.arm.polling import Completed
from azext_flexcompare.execution.monitor import Monitor
from azext_flexcompare.planning.batches import Amount
from azext_flexcompare.planning.work import Work
from azext_flexcompare.scheduler.outcome import Error, Outcome, Status
from azext_flexcompare.table.entries import operations
from tests.latest.helpers.factories import instance

RESTART = next(one for one in operations() if one.name == "restart")
WORK = [Work([instance(name)], Completed) for name in "abc"]


class Kept:
    """A follower that keeps what it is told, until its disk is full."""

    def __init__(self, required: bool, room: int = 100) -> None:
        self.required, self.room = required, room
        self.records: list[dict[str, Any]] = []

    def write(self, written: Iterable[dict[str, Any]]) -> None:
        self.records += written
        if len(self.records) > self.room:
            raise OSError(28, "No space left on device")

    def sync(self) -> None:
        return

    def close(self) -> None:
        return


def monitor_of(*recorders: Kept, **run_options: Any) -> Monitor:
    monitor = Monitor(RESTART, run_options.pop("interrupted", lambda: False), **run_options)
    monitor.recorders += recorders
    return monitor


def test_each_step_is_a_record() -> None:
    log = Kept(required=True)
    monitor = monitor_of(log)
    assert monitor.before_send(WORK[:2])
    monitor.on_accepted(WORK[0], "u", None)
    monitor.on_throttled(WORK[1], 2.0, sent=True)
    monitor.on_outcome(Outcome(WORK[0], Status.SUCCEEDED))
    monitor.on_postponed(WORK[1], Error("NotSent", "No connection."), sent=True)
    assert [one["record"] for one in log.records] == [
        "intent",
        "intent",
        "accepted",
        "throttled",
        "outcome",
        "postponed",
    ]
    assert log.records[-1]["code"] == "NotSent"
    assert log.records[3]["request"] == "send"
    assert monitor.throttle_waits == [2.0]
    assert monitor.counts == {"Succeeded": 1}


def test_the_first_reason_to_stop_stays() -> None:
    log = Kept(required=True)
    monitor = monitor_of(log)
    monitor.stop("One.")
    monitor.stop("Two.")
    assert monitor.stop_reason() == "One."
    assert [one["reason"] for one in log.records] == ["One."]
    assert not monitor.before_send(WORK)


def test_what_an_earlier_run_has_sent_is_polled_after_a_stop() -> None:
    monitor = monitor_of()
    monitor.stop("One.")
    assert monitor.before_send([WORK[0]._replace(sent=True)])
    assert monitor.may_be_active(WORK[0]._replace(sent=True))


@pytest.mark.parametrize(
    ("most", "total", "failed"),
    [(Amount(Fraction(2)), 3, 2), (Amount(Fraction(50), percent=True), 6, 3), (Amount(Fraction(0)), 3, 1)],
)
def test_a_run_stops_at_so_many_errors(most: Amount, total: int, failed: int) -> None:
    monitor = monitor_of(max_errors=most, total=total)
    for number in range(1, failed + 1):
        assert monitor.stop_reason() is None
        monitor.on_outcome(Outcome(WORK[0], Status.TIMED_OUT if number % 2 else Status.FAILED))
    assert str(monitor.stop_reason()).startswith(f"Stopped by --max-errors: {failed} instance")


def test_without_a_limit_no_error_stops_a_run() -> None:
    monitor = monitor_of()
    monitor.settle([Outcome(instance("a"), Status.FAILED)] * 9)
    assert (monitor.errors, monitor.stop_reason()) == (9, None)


def test_a_log_that_cannot_be_written_stops_the_run() -> None:
    log, events = Kept(required=True, room=1), Kept(required=False)
    monitor = monitor_of(log, events)
    monitor.before_send(WORK)
    assert monitor.stopped == "The job log could not be written: No space left on device."
    assert monitor.recorders == [events]
    with pytest.raises(FileOperationError):
        monitor.require_recording()


def test_events_that_cannot_be_written_stop_nothing() -> None:
    monitor = monitor_of(Kept(required=False, room=0))
    assert monitor.before_send(WORK)
    assert (monitor.stopped, monitor.recorders) == (None, [])


def test_an_outcome_has_the_number_of_its_batch_and_is_finished() -> None:
    monitor = monitor_of(finish=lambda one: replace(one, error=Error("Bad", "*** is wrong.")))
    monitor.batch = (2, 3)
    one = monitor.complete(Outcome(instance("a"), Status.FAILED, Error("Bad", "hunter2 is wrong.")))
    assert (one.batch, one.error) == (2, ("Bad", "*** is wrong."))


@pytest.mark.parametrize("end", ["interrupted", "stopped"])
def test_a_pause_ends_with_the_run(end: str) -> None:
    always: Callable[[], bool] = lambda: end == "interrupted"  # noqa: E731
    monitor = monitor_of(interrupted=always)
    if end == "stopped":
        monitor.stop("One.")
    monitor.pause(10**9)
