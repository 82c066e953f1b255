"""A planned call: the instances it is for, and how its outcome becomes theirs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from azext_flexcompare.instances import Instance
from azext_flexcompare.scheduler.outcome import Outcome
from azext_flexcompare.scheduler.poller import Flight

Call = Callable[[], Flight]


Options = dict[str, Any]


class Nothing(NamedTuple):
    """No call, and why."""

    reason: str


def alike(outcome: Outcome[Work]) -> list[Outcome[Instance]]:
    """Give every instance of a call the call's own outcome."""
    url = outcome.url or outcome.target.url
    return [replace(outcome, target=one, url=url) for one in outcome.target.instances]  # type: ignore[arg-type,misc]


class Work(NamedTuple):
    """A call, and the instances whose outcome it is: one, except where one call is for many.

    `settle` makes theirs of the call's outcome, or says what is to be done instead.
    """

    instances: list[Instance]
    call: Call | Nothing
    settle: Callable[[Outcome[Work]], Sequence[Outcome[Instance] | Work]] = alike
    sends: bool = True  # whether the call may come to a request that changes something
    before: Sequence[str] | None = None  # the instance's times (standing.py) before the call was made, if it was
    sent: bool = False  # whether an earlier run made the call, or may have
    url: str | None = None  # where what an earlier run has sent can be looked at


Prepare = Callable[[list[Instance]], list[Work]]
