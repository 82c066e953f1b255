"""The state of a run as its job log tells it."""

from __future__ import annotations

import json

import pytest

from azext_flexcompare.joblog.replay import replay
from tests.latest.helpers.logs import IDS, OUTCOME, PLAN, Record

# What it tells


def logged(*records: Record) -> tuple[bool, bool, str | None]:
    """How the first instance stands: whether it may have been sent, was accepted, and its last status."""
    found = replay([PLAN, *({"id": IDS[0], **one} for one in records)]).instances[IDS[0]]
    return found.was_sent, found.accepted, found.status


INTENT, TAKEN, LATER = (
    {"record": "intent"},
    {"record": "accepted", "operationUrl": "u"},
    {"record": "throttled", "request": "send"},
)
LOOK = {"record": "throttled", "request": "poll"}
DONE, CUT_OFF, NEVER = ({**OUTCOME, "status": status} for status in ("Succeeded", "Interrupted", "NotStarted"))


@pytest.mark.parametrize(
    ("records", "found"),
    [
        ([], (False, False, None)),
        ([INTENT], (True, False, None)),
        ([INTENT, LATER], (False, False, None)),
        ([INTENT, LATER, INTENT], (True, False, None)),
        ([INTENT, {"record": "postponed", "request": "send", "code": "NotSent"}], (False, False, None)),
        ([INTENT, {"record": "postponed", "request": "poll", "code": "Unanswered"}], (True, False, None)),
        ([INTENT, TAKEN], (True, True, None)),
        ([INTENT, TAKEN, LOOK], (True, True, None)),
        ([INTENT, LOOK], (True, False, None)),  # the instance could not be asked what became of the request
        ([INTENT, {"record": "throttled"}], (True, False, None)),  # an older log does not say what was refused
        ([INTENT, TAKEN, DONE], (True, True, "Succeeded")),
        ([INTENT, CUT_OFF], (True, False, "Interrupted")),
        ([INTENT, LATER, NEVER], (False, False, "NotStarted")),
        ([INTENT, TAKEN, CUT_OFF, DONE], (True, True, "Succeeded")),
        ([INTENT, TAKEN, NEVER], (False, False, "NotStarted")),  # a bulk service had not begun it
        ([NEVER, INTENT, TAKEN], (True, True, None)),
    ],
)
def test_records_lead_to_the_state_of_an_instance(records: list[Record], found: tuple[bool, bool, str | None]) -> None:
    assert logged(*records) == found


def test_the_last_plan_counts_and_so_do_the_errors_since_the_last_stop() -> None:
    failed = [{**OUTCOME, "status": "Failed", "id": id_} for id_ in IDS]
    again = {**PLAN, "instances": PLAN["instances"][:2]}
    past = replay([PLAN, *failed, again, failed[0], {"record": "stopped"}, failed[1]])
    assert [one.status for one in past.instances.values()] == ["Failed", "Failed"]
    assert past.failed == {IDS[1]}
    assert replay([PLAN, *failed[:2]]).failed == {*IDS[:2]}


def test_a_log_that_is_cut_after_any_byte_still_says_what_was_sent() -> None:
    """A request is sent after its intent is on the disk: whatever is cut off behind that, the instance was sent."""
    carried = {"accepted": True, "operationUrl": "u"}
    plan = {**PLAN, "instances": [PLAN["instances"][0], {**PLAN["instances"][1], "sent": carried}]}
    steps = [plan, INTENT, LOOK, TAKEN, LOOK, DONE]
    lines = [json.dumps({"id": IDS[0], **one}).encode() + b"\n" for one in steps]
    content = b"".join(lines)
    for end in range(len(lines[0]), len(content) + 1):
        whole = [json.loads(line) for line in content[:end].split(b"\n")[:-1]]
        first, second = replay(whole).instances.values()
        assert first.was_sent is (len(whole) > 1)
        assert (second.was_sent, second.accepted, second.url) == (True, True, "u")
