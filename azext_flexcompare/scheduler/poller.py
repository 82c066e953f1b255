"""What can come of a request, and what is known of an operation that was accepted?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

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


class Poller(Protocol):
    """An operation that was accepted."""

    @property
    def result(self) -> object:
        """Give what the operation returned, once it has ended."""

    @property
    def lasted(self) -> float | None:
        """Say how many seconds the operation took by the service's own clock, once it has ended."""

    @property
    def left(self) -> float | None:
        """Say how many more requests of the latest kind the service takes: infinity is no limit, None not said."""

    @property
    def url(self) -> str | None:
        """Say where the operation can be looked at, if there is anything left to watch."""

    @property
    def final(self) -> str | None:
        """Say where its result can be read once it has ended, if it has one that is read elsewhere."""

    def look(self) -> bool:
        """Ask once whether it has ended; raises Failure if it failed, Throttled or Unanswered to be asked again."""

    def wait(self) -> float | None:
        """Say how many seconds the service asks to wait before the next look, if it does."""


class OutcomeCheck(Poller, Protocol):
    """A flight that finds out what became of a request which the service may or may not have taken.

    A look raises NotAccepted where it has not.
    """

    @property
    def reason(self) -> str | None:
        """Say how the outcome was found out."""


class ListPoll(Protocol[T_contra]):
    """A cheaper way than a look at each: it may be wrong, since whoever it names is looked at all the same."""

    def requests(self) -> int:
        """Say how many requests it takes."""

    def ended(self, targets: Sequence[T_contra]) -> list[int]:
        """Name, by their places in the list, the targets that may have ended."""


class ResolveUnknown(Protocol[T_contra]):
    """Gives a flight that finds out what became of a target, where a failure leaves that open."""

    def __call__(self, target: T_contra, failure: Failure, accepted: bool, /) -> OutcomeCheck | None:
        """Say how to find out, if there is a way; `accepted` is whether the service is known to have taken it."""
