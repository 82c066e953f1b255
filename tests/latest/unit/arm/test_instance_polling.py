"""Reading an instance again: once, and until it passes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from armsim import Simulator
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.instance_polling import poll_instances, read_instance
from azext_flexcompare.execution.health_gate import agent_report
from azext_flexcompare.instances import Instance
from azext_flexcompare.scheduler.observer import Observer
from azext_flexcompare.scheduler.outcome import Error
from azext_flexcompare.scheduler.poller import Failure, Throttled, Unanswered
from tests.latest.helpers.recordings import exchanges, needs_recordings, recorded

Members = Callable[[], list[Instance]]


def test_an_instance_is_read_as_it_is_now(azure: Azure, members: Members) -> None:
    one = members()[0]
    found = read_instance(azure, one).instance
    assert found is not None
    assert (found.name, found.power_state, found.scale_set) == (one.name, "running", one.scale_set)


def test_an_instance_that_is_gone_is_none(azure: Azure, members: Members) -> None:
    one = members()[0]
    assert read_instance(azure, one._replace(name="nobody")).instance is None


@pytest.mark.parametrize(
    ("status", "expected"),
    [(403, Failure), (409, Failure), (429, Throttled), (401, Unanswered), (408, Unanswered), (503, Unanswered)],
)
def test_a_refused_read_says_whether_it_may_be_repeated(
    status: int, expected: type[Exception], azure: Azure, members: Members, sim: Simulator
) -> None:
    one = members()[0]
    sim.add_fault({"action": "get", "fault": {"status": status, "code": "No", "message": "No."}})
    with pytest.raises(expected):
        read_instance(azure, one)


def test_each_instance_is_polled_until_it_passes(azure: Azure, members: Members) -> None:
    polls: dict[str, int] = {}

    def condition(found: Instance | None) -> tuple[bool, Any]:
        assert found is not None
        polls[found.name] = polls.get(found.name, 0) + 1
        return polls[found.name] == 2, found.name

    chosen = members()[:2]
    outcomes = poll_instances(azure, chosen, condition, timeout=60, observer=Observer(), interval=0.01)
    assert [(one.target, one.status, one.result, one.url) for one in outcomes] == [
        (one, "Succeeded", one.name, None) for one in chosen
    ]
    assert set(polls.values()) == {2}


def test_a_condition_that_fails_one_instance_fails_no_other(azure: Azure, members: Members) -> None:
    first, second = members()[:2]

    def condition(found: Instance | None) -> tuple[bool, None]:
        if found and found.name == first.name:
            raise Failure(Error("Bad", "Ill."))
        return True, None

    outcomes = poll_instances(azure, [first, second], condition, timeout=60, observer=Observer())
    assert [(one.status, one.error) for one in outcomes] == [("Failed", ("Bad", "Ill.")), ("Succeeded", None)]


@needs_recordings
@pytest.mark.parametrize(
    ("file", "skip", "expected"),
    [
        ("vm-get-flexible-member-instance-view", 0, ("running", 0, None, "2024-08-26T09:46:02+00:00")),
        ("vm-after-failed-extension", 0, ("running", None, None, None)),
        ("vm-simulate-eviction", 4, ("deallocated", None, None, None)),
    ],
)
def test_a_recorded_instance_is_read(
    file: str, skip: int, expected: tuple[Any, ...], azure: Azure, members: Members, sim: Simulator
) -> None:
    found = exchanges(file)[skip:]
    path = found[0].key[1].split("/")
    one = members()[0]._replace(name=path[-1], vm_id=None)
    place = one.scale_set._replace(resource_group=path[1])
    with recorded(sim, found):
        read = read_instance(azure, one._replace(scale_set=place)).instance
    assert read is not None
    at = agent_report(read.resource.instance_view).at
    assert (read.power_state, read.fault_domain, read.zone, at and at.isoformat()) == expected
