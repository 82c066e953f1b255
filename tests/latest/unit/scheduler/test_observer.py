"""The observer that lets everything pass."""

from __future__ import annotations

from azext_flexcompare.scheduler.observer import Overseer
from azext_flexcompare.scheduler.outcome import Outcome, Status


def test_nothing_is_stopped_and_everything_may_be_sent() -> None:
    overseer: Overseer[int] = Overseer()
    assert overseer.enough() is None
    assert overseer.intends([1, 2]) is True
    assert overseer.afloat(1) is False


def test_an_interruption_is_that_of_its_source() -> None:
    pressed: list[int] = []
    overseer: Overseer[int] = Overseer(lambda: bool(pressed))
    assert not overseer.interrupted()
    pressed.append(1)
    assert overseer.interrupted()


def test_what_happens_changes_nothing() -> None:
    overseer: Overseer[int] = Overseer()
    overseer.accepted(1, "url", None)
    overseer.throttled(1, None)
    overseer.ended(Outcome(1, Status.FAILED))
    overseer.turned([1], 0)
    assert (overseer.enough(), overseer.interrupted()) == (None, False)
