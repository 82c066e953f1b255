"""What can come of a request, and what is known of an operation that was accepted?"""

from __future__ import annotations

from typing import NamedTuple, Protocol, TypeVar

from azext_flexcompare.scheduler.outcome import Error

T_contra = TypeVar("T_contra", contravariant=True)


class Throttled(Exception):  # noqa: N818  (not an error of the target: it was not accepted and is sent again)
    """The service did not take a request because there were too many; `after` are the seconds it asks for."""

    def __init__(self, after: float | None = None) -> None:
        super().__init__(after)
        self.after = after


class Unanswered(Exception):  # noqa: N818  (not an error of the target: the next look may succeed)
    """A look brought no answer, and maybe a word why; the operation goes on."""

    def __init__(self, why: str = "") -> None:
        super().__init__(why)
        self.why = why


class NotAccepted(Exception):  # noqa: N818  (it may be sent again)
    """The service turned out never to have taken the request; `error` is what made that doubtful."""

    def __init__(self, error: Error) -> None:
        super().__init__(error.message)
        self.error = error


class Failure(Exception):  # noqa: N818
    """The target's own failure, with the code and message to report."""

    def __init__(self, error: Error) -> None:
        super().__init__(error.message)
        self.error = error


class Poll(NamedTuple):
    """What one answer of the service says of an operation."""

    done: bool
    retry_after: float | None = None  # seconds that the service asks to wait
    remaining: float | None = None  # requests of that kind that it still takes; infinity is no limit, None not said
    result: object = None
    took: float | None = None  # seconds that the operation took by the service's own clock


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
    """Gives a flight that finds out what became of a target, where a failure leaves that open."""

    def __call__(self, target: T_contra, failure: Failure, accepted: bool, /) -> OutcomeCheck | None:
        """Say how to find out, if there is a way; `accepted` is whether the service is known to have taken it."""
