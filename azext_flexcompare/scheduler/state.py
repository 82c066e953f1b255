"""The state of a run: how far each target has come, and the rate-limit groups that targets share."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from azext_flexcompare.scheduler.outcome import Error
from azext_flexcompare.scheduler.poller import OutcomeCheck, Poll, Poller
from azext_flexcompare.scheduler.rate_limiter import Bucket

T = TypeVar("T")


@dataclass(eq=False)
class RateLimitGroup(Generic[T]):
    """The targets that share the service's rate limits, and what is known of these."""

    sends: Bucket
    polls: Bucket
    waiting: deque[TargetState[T]] = field(default_factory=deque)
    accepts: bool = False  # whether the latest answer to a request was no refusal
    refusal: Error | None = None  # the latest


@dataclass(eq=False, slots=True)
class TargetState(Generic[T]):
    """How far one target has come."""

    target: T
    index: int
    group: RateLimitGroup[T]
    began: float = 0.0  # seconds of the monotonic clock
    started: datetime | None = None
    poller: Poller | OutcomeCheck | None = None  # None: not accepted yet, or ended
    url: str | None = None
    latest: Poll = Poll(done=False)  # noqa: RUF009  (it cannot be changed)
    hint: float = 0.0  # seconds that the latest answer asks to wait before the next poll
    hinted: float = 0.0  # when that is over
    due: float = 0.0  # when it is polled next
    polled: bool = False
    unanswered: str = ""  # why the latest poll brought no answer
    throttled: int = 0  # requests refused in a row
    retried: int = 0  # times that it was refused for a temporary reason, and sent again
    not_before: float = 0.0  # when it may be sent
    refusal: Error | None = None  # why the service did not accept it
    not_accepted: int = 0  # times that it was sent, and never accepted
    outcome_check: OutcomeCheck | None = None  # the poller, where it checks what became of a request

    def learn(self, poll: Poll, now: float) -> None:
        """Keep what an answer says, and until when it asks not to poll again."""
        self.latest, self.hint = poll, poll.retry_after or 0.0
        self.hinted = now + self.hint if self.hint else 0.0


class TargetsOf(Collection[T]):
    """The targets of states, none of which is listed before it is needed: there may be thousands."""

    def __init__(self, states: Collection[TargetState[T]]) -> None:
        self._states = states

    def __len__(self) -> int:
        """Return their number."""
        return len(self._states)

    def __iter__(self) -> Iterator[T]:
        """List them."""
        return (state.target for state in self._states)

    def __contains__(self, target: object) -> bool:
        """Check whether a target is among them."""
        return any(one == target for one in self)
