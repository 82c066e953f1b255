"""What a request can lead to, and the interface of an operation that was accepted."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple, Protocol, TypeVar

from azext_flexcompare.scheduler.outcome import Error

T_contra = TypeVar("T_contra", contravariant=True)


class Throttled(Exception):  # noqa: N818  (not an error of the target: the request is repeated)
    """The service did not accept a request, which may be repeated; `after` are the seconds that it asks to wait.

    `error` is the reason, and `alone` is whether it concerns this target only and not all that share its rate limits.
    `by_limit` is whether the service said that it was one request too many.
    """

    def __init__(
        self, after: float | None = None, error: Error | None = None, *, alone: bool = False, by_limit: bool = False
    ) -> None:
        super().__init__(after)
        self.after, self.error, self.alone, self.by_limit = after, error, alone, by_limit


class Unanswered(Exception):  # noqa: N818  (not an error of the target: the next poll may succeed)
    """A poll brought no answer, and perhaps a reason; the operation is still in progress."""

    def __init__(self, why: str = "") -> None:
        super().__init__(why)
        self.why = why


class NotAccepted(Exception):  # noqa: N818  (not an error of the target: it is sent again)
    """The service never accepted a request; `error` is what left that open."""

    def __init__(self, error: Error) -> None:
        super().__init__(error.message)
        self.error = error


class Failure(Exception):  # noqa: N818
    """The target failed, with the code and message to report."""

    def __init__(self, error: Error) -> None:
        super().__init__(error.message)
        self.error = error


class TemporaryFailure(Failure):
    """The service refused a request for a reason that it calls temporary; it may be sent again."""


class OutcomeUnknown(Failure):
    """It is not known what became of the target; `error` is what left that open, `reason` what is known."""

    def __init__(self, error: Error, reason: str | None = None) -> None:
        super().__init__(error)
        self.reason = reason


class Departed(Exception):  # noqa: N818  (not an error of the target: it is no longer there)
    """The target no longer exists, or is about to disappear; `reason` says which."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Poll(NamedTuple):
    """What one answer of the service says of an operation."""

    done: bool
    retry_after: float | None = None  # seconds that the service asks to wait
    remaining: float | None = None  # requests of that kind that it still takes; infinity is no limit, None not said
    result: object = None
    took: float | None = None  # seconds that the operation took by the service's own clock
    began: datetime | None = None  # when the operation began by the service's own clock


class Acceptance(NamedTuple):
    """What the answer that accepted a request says; where its poll is done, nothing is left to poll."""

    poll: Poll
    url: str | None = None  # of the operation
    result_url: str | None = None  # of its result, where that is read elsewhere


class Poller(Protocol):
    """An operation that was accepted."""

    @property
    def acceptance(self) -> Acceptance:
        """Return what the answer that accepted it says."""

    def poll(self) -> Poll:
        """Send one request for its status; raises Failure if it failed, Throttled or Unanswered to be called again."""


class OutcomeCheck(Protocol):
    """Finds out what became of a request that the service may or may not have accepted."""

    @property
    def reason(self) -> str | None:
        """Return how the outcome was found out."""

    def poll(self) -> Poll:
        """Send one request, as a Poller does; raises NotAccepted where the service never accepted the request."""


class ResolveUnknown(Protocol[T_contra]):
    """Builds an OutcomeCheck where a failure leaves open what became of a target."""

    def __call__(self, target: T_contra, failure: Failure, accepted: bool, /) -> OutcomeCheck | None:
        """Return the check, if there is one; `accepted` is whether the service is known to have accepted the target."""
