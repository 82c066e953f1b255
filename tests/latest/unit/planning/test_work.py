"""A planned call, and the instances whose outcome it is."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from azext_flexcompare.arm.polling import Completed
from azext_flexcompare.planning.work import Skip, Work, share_outcome, skip_reasons, without_skips
from azext_flexcompare.scheduler.outcome import Outcome, Status
from tests.latest.helpers.factories import BUSY, instance


def test_every_instance_of_a_call_shares_its_outcome() -> None:
    work = Work([instance("a"), instance("b")], Completed)
    outcomes = share_outcome(Outcome(work, Status.FAILED, BUSY, seconds=2.5))
    assert [(one.target.name, one.status, one.error, one.seconds) for one in outcomes] == [
        ("a", "Failed", BUSY, 2.5),
        ("b", "Failed", BUSY, 2.5),
    ]


def test_the_url_of_the_outcome_goes_before_that_of_an_earlier_run() -> None:
    work = Work([instance("a")], Completed, url="earlier")
    assert share_outcome(Outcome(work, Status.SUCCEEDED))[0].url == "earlier"
    assert share_outcome(Outcome(work, Status.SUCCEEDED, url="now"))[0].url == "now"


def test_a_call_sends_unless_it_says_otherwise() -> None:
    work = Work([instance("a")], Skip("It is so already."))
    assert (work.sends, work.sent, work.settle) == (True, False, None)


def test_work_without_a_call_is_set_apart_with_its_reason() -> None:
    work = [Work([instance("a")], Completed), Work([instance("b")], Skip("It is so already."))]
    assert skip_reasons(work) == {instance("b").id: "It is so already."}
    assert without_skips(work) == work[:1]


def test_an_outcome_of_an_earlier_call_began_no_later_than_the_call() -> None:
    since = datetime(2024, 8, 27, tzinfo=timezone.utc)
    work = Work([instance()], Completed, sent=True, since=since)
    (unknown,) = share_outcome(Outcome(work, Status.SUCCEEDED))
    assert unknown.began == since
    later = since + timedelta(seconds=5)
    (known,) = share_outcome(Outcome(work, Status.SUCCEEDED, began=later))
    assert known.began == later
