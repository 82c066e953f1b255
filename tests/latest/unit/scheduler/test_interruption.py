"""The first Ctrl-C asks, the second ends the process."""

from __future__ import annotations

import signal

import pytest

from azext_flexcompare.scheduler.interruption import interruptible

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_is_an_answer_and_the_next_has_its_default(number: signal.Signals) -> None:
    with interruptible() as interrupted:
        assert not interrupted()
        signal.raise_signal(number)
        assert interrupted()
        assert [signal.getsignal(one) for one in SIGNALS] == [signal.SIG_DFL] * 2


def test_the_handlers_are_as_before_afterwards() -> None:
    before = [signal.getsignal(one) for one in SIGNALS]
    with interruptible():
        signal.raise_signal(signal.SIGINT)
    assert [signal.getsignal(one) for one in SIGNALS] == before
    with pytest.raises(LookupError), interruptible():
        raise LookupError
    assert [signal.getsignal(one) for one in SIGNALS] == before


def test_an_interruption_does_not_outlive_its_run() -> None:
    with interruptible() as first:
        signal.raise_signal(signal.SIGINT)
    with interruptible() as second:
        assert (first(), second()) == (True, False)
