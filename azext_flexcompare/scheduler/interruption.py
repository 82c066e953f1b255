"""Ctrl-C, SIGTERM and SIGHUP as a state that a run checks, instead of an exception."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Yield a function that returns whether there was one of these signals; a second one ends the process at once."""
    received: list[int] = []
    signals = [signal.SIGINT, signal.SIGTERM]
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # ignored under nohup
        signals.append(signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in signals}

    def receive(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        for each in signals:
            signal.signal(each, signal.SIG_DFL)

    for number in signals:
        signal.signal(number, receive)
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
