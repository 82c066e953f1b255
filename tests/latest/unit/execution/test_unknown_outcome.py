"""A lost answer, and what the instance tells of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import pytest

from armsim import Simulator
from armsim.world.description import default_description
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.polling import Completed
from azext_flexcompare.arm.responses import OperationNotFound, OperationUnreadable, Unacknowledged
from azext_flexcompare.execution.unknown_outcome import (
    NO_PART,
    NOTHING_SHOWN,
    SHOWN_ENDED,
    SHOWN_IN_PROGRESS,
    InstanceCheck,
    UnknownOutcomes,
    can_be_resolved,
)
from azext_flexcompare.instances import Instance, provisioning_times
from azext_flexcompare.planning.work import Work
from azext_flexcompare.scheduler.poller import Departed, Failure, NotAccepted, OutcomeUnknown, Unanswered
from azext_flexcompare.table.entries import operations
from tests.latest.helpers.factories import BUSY, instance

BY_NAME = {one.name: one for one in operations()}
Members = Callable[[], list[Instance]]


@pytest.mark.parametrize(
    ("operation", "possible"),
    [
        ("restart", True),
        ("delete-instances", True),
        ("protection set", True),
        ("simulate-eviction", False),
        ("run-command", False),
    ],
)
def test_an_operation_that_leaves_a_trace_can_be_resolved(operation: str, possible: bool) -> None:
    assert can_be_resolved(BY_NAME[operation]) is possible


@pytest.mark.parametrize(
    ("failure", "accepted", "instances", "asks"),
    [
        (Unacknowledged(BUSY), False, 1, True),
        (OperationNotFound(BUSY), True, 1, True),
        (OperationNotFound(BUSY), False, 1, True),
        (OperationUnreadable(BUSY), True, 1, True),
        (Failure(BUSY), False, 1, False),
        (Unacknowledged(BUSY), True, 1, False),
        (Unacknowledged(BUSY), False, 2, False),
    ],
)
def test_only_a_failure_that_leaves_one_instance_open_is_asked_about(
    failure: Failure, accepted: bool, instances: int, asks: bool
) -> None:
    work = Work([instance(str(number)) for number in range(instances)], Completed)
    question = UnknownOutcomes(None, BY_NAME["restart"]).resolve(work, failure, accepted)  # type: ignore[arg-type]
    assert (question is not None) is asks


@pytest.fixture
def question(azure: Azure, members: Members) -> Callable[..., InstanceCheck]:
    def question(operation: str, before: Sequence[str] | None = None, accepted: bool = False) -> InstanceCheck:
        one = members()[0]
        return InstanceCheck(
            azure,
            BY_NAME[operation],
            one,
            provisioning_times(one) if before is None else before,
            cause=BUSY,
            accepted=accepted,
        )

    return question


def test_an_instance_that_changed_since_has_ended(question: Callable[..., InstanceCheck]) -> None:
    asked = question("restart", before=["another time"])
    assert asked.poll().done
    assert asked.reason == SHOWN_ENDED


def test_an_instance_that_is_busy_is_polled_on(
    question: Callable[..., InstanceCheck], azure: Azure, sim: Simulator
) -> None:
    asked = question("restart")
    sim.configure(seconds=600)
    azure.compute(None).virtual_machines.begin_restart("rg", asked.instance.name, polling=False)
    assert not asked.poll().done
    assert (asked.accepted, asked.reason) == (True, SHOWN_IN_PROGRESS)


def test_an_instance_without_a_trace_is_given_time_and_then_was_not_accepted(
    question: Callable[..., InstanceCheck],
) -> None:
    asked = question("restart")
    asked.began = 10.0**9
    with pytest.raises(Unanswered):
        asked.poll()
    asked.began = -(10.0**9)
    with pytest.raises(NotAccepted):
        asked.poll()


@pytest.mark.parametrize(
    ("operation", "accepted"), [("restart", True), ("reimage", False), ("perform-maintenance", False)]
)
def test_what_may_have_been_accepted_and_left_no_trace_is_unknown(
    operation: str, accepted: bool, question: Callable[..., InstanceCheck]
) -> None:
    asked = question(operation, accepted=accepted)
    asked.began = -(10.0**9)
    with pytest.raises(OutcomeUnknown) as found:
        asked.poll()
    assert (found.value.error, found.value.reason) == (BUSY, NOTHING_SHOWN)


def test_an_end_before_the_request_proves_nothing(question: Callable[..., InstanceCheck]) -> None:
    asked = question("restart", before=["another time"])
    asked.sent = datetime.fromisoformat(provisioning_times(asked.instance)[0]) + timedelta(hours=1)
    asked.began = -(10.0**9)
    with pytest.raises(NotAccepted):
        asked.poll()


def test_an_end_after_the_request_proves_it(question: Callable[..., InstanceCheck]) -> None:
    asked = question("restart", before=["another time"])
    asked.sent = datetime.fromisoformat(provisioning_times(asked.instance)[0])
    assert asked.poll().done


@pytest.mark.parametrize(
    ("operation", "name", "code"),
    [
        ("extension set", "ok", None),
        ("extension update", "bad", "Failed"),
        ("extension delete", "none", None),
        ("extension delete", "ok", "NotEstablished"),
        ("extension set", None, "Conflict"),
    ],
)
def test_an_extension_shows_what_became_of_it(
    operation: str, name: str | None, code: str | None, question: Callable[..., InstanceCheck], sim: Simulator
) -> None:
    extensions = ["ok", {"name": "bad", "provisioningState": "Failed"}]
    world = default_description(1)
    world["resourceGroups"]["rg"]["scaleSets"]["flex"]["overrides"] = {"*": {"extensions": extensions}}
    sim.reset(world)
    asked = question(operation, before=["another time"])
    asked.extension = name
    if code is None:
        assert asked.poll().done
        return
    with pytest.raises(Failure) as found:
        asked.poll()
    assert found.value.error.code == code


@pytest.mark.parametrize(("accepted", "raised"), [(False, NotAccepted), (True, OutcomeUnknown)])
def test_an_extension_that_is_missing_is_no_failure_of_the_request(
    accepted: bool, raised: type[Exception], question: Callable[..., InstanceCheck]
) -> None:
    asked = question("extension set", before=["another time"], accepted=accepted)
    asked.extension = "none"
    with pytest.raises(raised) as found:
        asked.poll()
    assert not isinstance(found.value, OutcomeUnknown) or found.value.reason == NO_PART


@pytest.mark.parametrize("operation", ["delete-instances", "restart"])
def test_an_instance_that_is_gone_is_well_only_after_a_deletion(
    operation: str, question: Callable[..., InstanceCheck]
) -> None:
    asked = question(operation)
    asked.instance = asked.instance._replace(name="nobody")
    if operation == "restart":
        with pytest.raises(Departed, match="no longer exists"):
            asked.poll()
    else:
        assert asked.poll().done


def test_of_an_instance_that_is_not_where_the_operation_leads_the_outcome_is_unknown(
    question: Callable[..., InstanceCheck],
) -> None:
    with pytest.raises(OutcomeUnknown) as found:
        question("deallocate", before=["another time"]).poll()
    assert found.value.error.code == "NotEstablished"
