"""What an interrupted run left to be done."""

from __future__ import annotations

from typing import Any

import pytest

from armsim import Simulator
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.polling import Completed
from azext_flexcompare.arm.responses import OperationNotFound, Unacknowledged
from azext_flexcompare.execution.remaining_work import (
    FOREIGN_URL,
    TO_BE_SENT,
    Source,
    poll_only,
    remaining_work,
)
from azext_flexcompare.instances import Instance
from azext_flexcompare.joblog.replay import LoggedInstance
from azext_flexcompare.planning.work import Work
from azext_flexcompare.scheduler.outcome import Outcome, Status
from azext_flexcompare.scheduler.poller import Failure
from azext_flexcompare.table.entries import operations
from tests.latest.helpers.factories import instance
from tests.latest.helpers.logs import PLANNED

THERE = instance("vm", resource=object())
NOWHERE = Azure(lambda _: None, lambda _: None)
GONE = instance("vm")  # nothing was read of it


RESTART = next(one for one in operations() if one.name == "restart")


def source(azure: Azure = NOWHERE) -> Source:
    return Source(azure, RESTART, "vm", 60)


def to_send(instances: list[Instance]) -> list[Work]:
    return [Work([one], Completed) for one in instances]


def logged(**known: Any) -> LoggedInstance:
    return LoggedInstance({"id": "/vm", **PLANNED}, **known)


def test_what_was_never_sent_is_sent() -> None:
    [work], lost = remaining_work(source(), [(THERE, logged())], to_send)
    assert (work.sent, work.sends, lost) == (False, True, [])


def test_an_instance_that_is_gone_before_it_was_sent_is_lost() -> None:
    assert remaining_work(source(), [(GONE, logged())], to_send) == ([], [GONE])


def test_a_call_without_an_answer_is_unknown_first_and_then_sent() -> None:
    [work], _ = remaining_work(source(), [(THERE, logged(sent=True))], to_send)
    assert work.sent
    assert list(work.before or ()) == PLANNED["provisioned"]
    with pytest.raises(Unacknowledged):
        work.call()  # type: ignore[operator]
    assert work.call() == Completed()  # type: ignore[operator]


def test_what_was_accepted_is_polled_where_its_operation_is(azure: Azure, sim: Simulator) -> None:
    one = THERE._replace(scale_set=THERE.scale_set._replace(subscription=sim.subscription))
    url = f"{sim.url}/subscriptions/x"
    [work], _ = remaining_work(source(azure), [(one, logged(accepted=True, url=url))], to_send)
    assert (work.sends, work.call().acceptance.url) == (False, url)  # type: ignore[operator]


def test_the_login_is_not_shown_to_another_service(azure: Azure, sim: Simulator) -> None:
    one = THERE._replace(scale_set=THERE.scale_set._replace(subscription=sim.subscription))
    url = "https://elsewhere.example/x"
    [work], _ = remaining_work(source(azure), [(one, logged(accepted=True, url=url))], to_send)
    with pytest.raises(OperationNotFound) as refused:
        work.call()  # type: ignore[operator]
    assert refused.value.error == FOREIGN_URL


def test_watching_sends_nothing_and_says_what_was_never_accepted() -> None:
    found = [(THERE, logged()), (THERE, logged(sent=True))]
    [work] = poll_only(source(), found)
    assert not work.sends
    with pytest.raises(Unacknowledged):
        work.call()  # type: ignore[operator]
    with pytest.raises(Failure) as never:
        work.call()  # type: ignore[operator]
    assert work.settle
    [outcome] = work.settle(Outcome(work, Status.FAILED, never.value.error))
    assert isinstance(outcome, Outcome)
    assert (outcome.status, outcome.reason) == ("NotStarted", TO_BE_SENT)
