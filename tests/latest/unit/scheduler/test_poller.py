"""What a poll may raise: throttled, unanswered, not accepted, failed."""

from __future__ import annotations

import pytest

from azext_flexcompare.scheduler.outcome import Error
from azext_flexcompare.scheduler.poller import Failure, NotAccepted, Throttled, Unanswered

ERROR = Error("Conflict", "Busy.")


@pytest.mark.parametrize("seconds", [None, 0, 2.5])
def test_a_throttled_request_has_the_seconds_to_wait(seconds: float | None) -> None:
    assert Throttled(seconds).after == seconds


def test_an_unanswered_poll_may_say_why() -> None:
    assert (Unanswered().why, Unanswered("HTTP503").why) == ("", "HTTP503")


@pytest.mark.parametrize("kind", [Failure, NotAccepted])
def test_a_failure_keeps_code_and_message(kind: type[Failure]) -> None:
    raised = kind(ERROR)
    assert (raised.error, str(raised)) == (ERROR, "Busy.")


def test_what_may_be_repeated_is_no_failure() -> None:
    assert not any(issubclass(kind, Failure) for kind in (Throttled, Unanswered, NotAccepted))
