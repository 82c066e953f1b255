"""Lost answers: the outcome of the instance is found, and no operation is sent twice."""

from __future__ import annotations

import json
from typing import Any

import pytest

from armsim import Simulator
from armsim.world.description import default_description
from azext_flexcompare.execution.unknown_outcome import (
    NOT_READABLE,
    SHOWN_ENDED,
    SHOWN_IN_PROGRESS,
    can_be_resolved,
)
from azext_flexcompare.scheduler.scheduler import MAX_SENDS
from azext_flexcompare.table.entries import Operation
from tests.latest.helpers.az import INSTANCES, WarmAz
from tests.latest.helpers.worlds import EACH, LOCKED, WORLD, action_of, changes, given

SECONDS, HOUR = 0.02, 3600  # that operations take
HELD = 2  # the place of the instance that has the accident


def each(operations: list[Operation]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("operation", operations, ids=lambda operation: operation.name)


ACTIONS = ("restart", "run-command", "simulate-eviction", "stop")  # the others are sent and settled as these are
KINDS = [one for one in EACH if one.name in ACTIONS or not one.request.startswith("POST")]
SETTLED = [one for one in KINDS if can_be_resolved(one)]
LONG = [one for one in KINDS if one.is_long]
each_settled, each_long = each(SETTLED), each([one for one in LONG if one in SETTLED])
each_brief = each([one for one in SETTLED if not one.is_long])
each_surviving = each([one for one in LONG if one in SETTLED and not one.removes])
each_traceless = each([one for one in KINDS if one not in SETTLED])
each_with_output = each([one for one in LONG if one.returns])
restarting = each([one for one in LONG if one.name == "restart"])


class Run:
    """One run of an operation over all instances, one of which has an accident."""

    def __init__(self, sim: Simulator, warm: WarmAz, operation: Operation) -> None:
        self.sim, self.warm, self.operation = sim, warm, operation
        self.name = sim.names("flex")[HELD]
        self.exit: int | None = None
        self.row: dict[str, Any] = {}

    def with_fault(self, kind: str, times: int = 1, **more: Any) -> Run:
        """Let something become of its requests, and let nothing be wrong with the others."""
        fault = {"kind": kind, **more}
        self.sim.add_fault({"vm": self.name, "action": action_of(self.operation), "times": times, "fault": fault})
        return self

    def went(self, *options: str, others: str = "Succeeded") -> str:
        """Go through with it; give the status of the one, after those of the others were compared."""
        done = self.warm.run(*given(self.operation), *options)
        rows = json.loads(done.stdout)
        self.exit, self.row = done.exit, rows.pop(HELD)
        assert self.row["instance"] == self.name
        assert [row["status"] for row in rows] == [others] * (INSTANCES - 1)
        return str(self.row["status"])

    @property
    def sent(self) -> int:
        return sum(request["vm"] == self.name for request in changes(self.sim))

    @property
    def accepted(self) -> int:
        return self.sim.accepted()[self.name, action_of(self.operation)]

    @property
    def code(self) -> str:
        return str(self.row["error"]["code"])


@pytest.fixture
def the_run(sim: Simulator, warm: WarmAz, operation: Operation) -> Run:
    world = default_description(INSTANCES)
    world["resourceGroups"]["rg"]["scaleSets"]["flex"]["overrides"] = {"*": {**WORLD, **LOCKED.get(operation.name, {})}}
    sim.reset(world, seconds=SECONDS)
    return Run(sim, warm, operation)


@each_settled
def test_what_never_arrived_is_sent_again(the_run: Run) -> None:
    assert the_run.with_fault("drop-before").went() == "Succeeded"
    assert (the_run.exit, the_run.sent, the_run.accepted, the_run.row["reason"]) == (0, 2, 1, None)


@each_long
def test_an_accepted_call_is_not_repeated_and_ends_as_the_instance_shows(the_run: Run) -> None:
    assert the_run.with_fault("drop-after").went() == "Succeeded"
    assert (the_run.exit, the_run.sent, the_run.accepted, the_run.row["reason"]) == (0, 1, 1, SHOWN_ENDED)


@each_brief
def test_what_may_be_done_twice_is_sent_again_without_asking(the_run: Run) -> None:
    assert the_run.with_fault("drop-after").went() == "Succeeded"
    assert (the_run.exit, the_run.sent) == (0, 2)
    assert [one["action"] for one in the_run.sim.requests() if one["action"] == "get"] == []


@each_traceless
@pytest.mark.parametrize("kind", ["drop-before", "drop-after"])
def test_an_operation_without_a_trace_is_sent_once_and_unknown(the_run: Run, kind: str) -> None:
    assert the_run.with_fault(kind).went() == "TimedOut"
    assert (the_run.exit, the_run.sent, the_run.code) == (4, 1, "ConnectionLost")
    assert "not known" in the_run.row["error"]["message"]


@each_long
def test_an_answer_that_cannot_be_read_is_no_reason_to_send_it_again(the_run: Run) -> None:
    assert the_run.with_fault("malformed").went() == "Succeeded"
    assert (the_run.exit, the_run.sent, the_run.accepted) == (0, 1, 1)


@each_with_output
def test_the_output_is_there_though_the_first_answer_could_not_be_read(the_run: Run) -> None:
    the_run.with_fault("malformed").went()
    assert the_run.name.replace("_", "") in the_run.row["output"]


@each_long
def test_an_operation_whose_record_is_gone_ended_as_the_instance_shows(the_run: Run) -> None:
    assert the_run.with_fault("gone").went() == "Succeeded"
    assert (the_run.exit, the_run.sent, the_run.accepted, the_run.row["reason"]) == (0, 1, 1, SHOWN_ENDED)


@each_surviving
def test_an_instance_deleted_by_others_is_skipped(the_run: Run) -> None:
    assert the_run.with_fault("deleted", status=404).went() == "Skipped"
    assert (the_run.exit, the_run.sent, the_run.row["error"]) == (0, 1, None)


@each_long
def test_after_three_sendings_that_never_arrived_it_is_timed_out(the_run: Run) -> None:
    assert the_run.with_fault("drop-before", MAX_SENDS).went() == "TimedOut"
    assert (the_run.exit, the_run.sent, the_run.accepted) == (4, MAX_SENDS, 0)
    assert (the_run.code, the_run.row["reason"]) == ("ConnectionLost", None)


@each_long
def test_without_waiting_it_is_accepted_as_soon_as_the_instance_shows_it(the_run: Run) -> None:
    the_run.sim.configure(seconds=HOUR)
    assert the_run.with_fault("drop-after").went("--no-wait", others="Accepted") == "Accepted"
    assert (the_run.exit, the_run.sent, the_run.accepted, the_run.row["reason"]) == (0, 1, 1, SHOWN_IN_PROGRESS)


@each_settled
def test_without_waiting_what_never_arrived_is_sent_again(the_run: Run) -> None:
    assert the_run.with_fault("drop-before").went("--no-wait", others="Accepted") == "Accepted"
    assert (the_run.exit, the_run.sent, the_run.accepted) == (0, 2, 1)


@restarting
def test_an_instance_in_progress_at_the_timeout_is_timed_out(the_run: Run) -> None:
    the_run.sim.configure(seconds=HOUR)
    assert the_run.with_fault("drop-after").went("--timeout", "1", others="TimedOut") == "TimedOut"
    assert (the_run.sent, the_run.row["reason"]) == (1, SHOWN_IN_PROGRESS)


@restarting
def test_a_failure_without_an_answer_has_the_error_of_the_instance(the_run: Run) -> None:
    the_run.with_fault("fail", code="AllocationFailed", message="No room.")
    the_run.sim.add_fault({"action": "poll", "vm": the_run.name, "fault": {"status": 404}})
    assert the_run.went() == "Failed"
    assert (the_run.code, the_run.row["reason"], the_run.accepted) == ("AllocationFailed", SHOWN_ENDED, 1)


@restarting
@pytest.mark.parametrize("kind", ["drop-before", "drop-after"])
def test_an_unreadable_instance_gets_no_second_call_and_stays_unknown(the_run: Run, kind: str) -> None:
    the_run.sim.add_fault({"action": "get", "fault": {"status": 403, "code": "AuthorizationFailed"}})
    assert the_run.with_fault(kind).went() == "TimedOut"
    assert (the_run.sent, the_run.code, the_run.row["reason"]) == (1, "ConnectionLost", NOT_READABLE)


@restarting
def test_an_unanswered_read_of_the_instance_is_repeated(the_run: Run) -> None:
    for fault in ({"status": 429}, {"status": 500}, {"status": 401}, {"kind": "drop-after"}, {"kind": "malformed"}):
        the_run.sim.add_fault({"action": "get", "times": 1, "fault": fault})
    assert the_run.with_fault("drop-after").went() == "Succeeded"
    assert (the_run.sent, the_run.accepted, the_run.row["reason"]) == (1, 1, SHOWN_ENDED)
