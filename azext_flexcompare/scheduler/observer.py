"""The observer of a run: it is called at each step, and may stop the run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Generic, TypeVar

from azext_flexcompare.scheduler.outcome import Error, Outcome

T = TypeVar("T")


class Observer(Generic[T]):
    """An observer that only knows whether the user interrupted the run; subclasses override what they need.

    All calls come from the one thread that runs the scheduler.
    """

    def __init__(self, interrupted: Callable[[], bool] = lambda: False) -> None:
        self.interrupted = interrupted

    def stop_reason(self) -> str | None:
        """Return why nothing more is sent, or None; what is in progress is polled until it ends."""
        return None

    def may_be_active(self, target: T) -> bool:
        """Check whether an earlier run may have sent a target; it is then polled even if nothing more is sent."""
        del target
        return False

    def before_send(self, targets: Sequence[T]) -> bool:
        """Record which targets are sent next, and return whether to send them."""
        del targets
        return True

    def on_accepted(self, target: T, url: str | None, result_url: str | None) -> None:
        """Record that the service accepted a target, and the URLs of its operation and its result."""

    def on_throttled(self, target: T, seconds: float | None, *, sent: bool) -> None:
        """Record that the service refused a request as one too many, and the seconds that it asks to wait.

        `sent` is whether the request was to send the target; else it was a poll.
        """

    def on_postponed(self, target: T, error: Error | None, *, sent: bool) -> None:
        """Record why a request was not accepted for another reason, and is sent again later; `sent` is as above."""

    def on_outcome(self, outcome: Outcome[T]) -> None:
        """Record the outcome of a target."""

    def on_turn(self, in_progress: Collection[T], waiting: int) -> None:
        """Record which targets are in progress and how many wait; called several times a second."""
