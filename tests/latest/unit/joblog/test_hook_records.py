"""What a job log says of hooks."""

from __future__ import annotations

from azext_flexcompare.joblog.hook_records import read_hooks
from azext_flexcompare.joblog.replay import replay
from tests.latest.helpers.logs import PLAN

BEFORE = {"record": "hook", "hook": "before-batch", "batch": 1}


def test_a_hook_began_or_succeeded() -> None:
    begun = {**BEFORE, "state": "begun"}
    failed, succeeded = ({**BEFORE, "batch": batch, "state": "ended", "exit": batch - 1} for batch in (2, 1))
    found = read_hooks(replay([PLAN, begun, failed, succeeded]))
    assert found.begun("before-batch", 1)
    assert found.ended("before-batch", 1)
    assert not found.ended("before-batch", 2)
    assert not found.ended("after-batch", 1)


def test_a_hook_of_one_instance_is_that_of_no_other() -> None:
    found = read_hooks(replay([PLAN, {**BEFORE, "instance": "/VM0", "state": "ended", "exit": 0}]))
    assert found.ended("before-batch", 1, "/vm0")
    assert not found.ended("before-batch", 1)


def test_a_record_with_other_types_says_nothing() -> None:
    found = read_hooks(replay([PLAN, {"record": "hook", "hook": {}, "batch": "one", "state": "ended", "exit": 0}]))
    assert not found.ended("before-batch", 1)
