"""Who is told of each step of a run, and may stop it?"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Generic, TypeVar

from azext_flexcompare.scheduler.outcome import Outcome

T = TypeVar("T")


class Observer(Generic[T]):
    """The least there is: it knows whether the user has interrupted, and lets everything pass.

    All calls come from the one thread that runs the engine.
    """

    def __init__(self, interrupted: Callable[[], bool] = lambda: False) -> None:
        self.interrupted = interrupted

    def stop_reason(self) -> str | None:
        """Say why nothing more is to be sent, if so; what is under way is seen to its end."""
        return None

    def may_be_active(self, target: T) -> bool:
        """Say whether a target may have been sent before this run: then it is seen to its end, or Interrupted."""
        del target
        return False

    def before_send(self, targets: Sequence[T]) -> bool:
        """Hear which targets are sent next; where the answer is false they are not."""
        del targets
        return True

    def on_accepted(self, target: T, url: str | None, result_url: str | None) -> None:
        """Hear that the service took a target, and where its operation and its result can be looked at."""

    def on_throttled(self, target: T, seconds: float | None) -> None:
        """Hear that the service refused a request for a target because there were too many."""

    def on_outcome(self, outcome: Outcome[T]) -> None:
        """Hear what became of a target."""

    def on_turn(self, in_progress: Collection[T], waiting: int) -> None:
        """Hear which targets are in progress, and how many wait, now and then."""
