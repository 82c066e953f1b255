"""The observer that lets everything pass."""

from __future__ import annotations

from azext_flexcompare.scheduler.observer import Observer
from azext_flexcompare.scheduler.outcome import Outcome, Status


def test_nothing_is_stopped_and_everything_may_be_sent() -> None:
    observer: Observer[int] = Observer()
    assert observer.stop_reason() is None
    assert observer.before_send([1, 2]) is True
    assert observer.may_be_active(1) is False


def test_an_interruption_is_that_of_its_source() -> None:
    pressed: list[int] = []
    observer: Observer[int] = Observer(lambda: bool(pressed))
    assert not observer.interrupted()
    pressed.append(1)
    assert observer.interrupted()


def test_what_happens_changes_nothing() -> None:
    observer: Observer[int] = Observer()
    observer.on_accepted(1, "url", None)
    observer.on_throttled(1, None, sent=True)
    observer.on_outcome(Outcome(1, Status.FAILED))
    observer.on_turn([1], 0)
    assert (observer.stop_reason(), observer.interrupted()) == (None, False)
