"""The health gates that an earlier run did not pass."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_flexcompare.execution.closed_gates import EARLIER, closed_gate
from azext_flexcompare.joblog import records
from azext_flexcompare.joblog.records import Record
from azext_flexcompare.joblog.replay import replay
from azext_flexcompare.scheduler.outcome import Outcome, Status
from tests.latest.helpers.factories import instance
from tests.latest.helpers.worlds import OPERATIONS

RESTART = OPERATIONS["restart"]
WHEN = datetime(2024, 8, 27, 10, 11, 6, tzinfo=timezone.utc)
A, B, C = (instance(name) for name in "abc")


def plan_of(gate: str | None = "vm-agent", **more: Any) -> Record:
    batches = {A.id: 1, B.id: 1, C.id: 2}
    found = records.plan(RESTART, {}, {}, {"healthGate": gate}, instances=[A, B, C], batches=batches)
    return {**found, **more}


def ended_as(one: Any, status: str = Status.SUCCEEDED) -> Record:
    return records.outcome(RESTART, Outcome(one, status, began=WHEN))


def gate_by(*lines: Record) -> tuple[list[str], list[Record]]:
    logged_run = replay(lines)
    batch, kept = closed_gate(logged_run, [(one, logged_run.instances[one.id.lower()]) for one in (A, B, C)])
    return [one.target.name for one in batch.ended] if batch else [], kept


def test_a_batch_that_was_not_seen_healthy_is_behind_a_closed_gate() -> None:
    names, kept = gate_by(plan_of(), ended_as(A), ended_as(B, Status.FAILED))
    assert names == ["a"]
    assert [(one["id"], one["batch"], one["serviceStartedAt"]) for one in kept] == [
        (A.id, None, "2024-08-27T10:11:06.000Z")
    ]


def test_a_gate_that_was_passed_or_is_none_is_open() -> None:
    healthy = records.record("health", batch=1, unhealthy=[])
    assert gate_by(plan_of(), ended_as(A), healthy) == ([], [])
    assert gate_by(plan_of(gate=None), ended_as(A)) == ([], [])


def test_a_plan_keeps_what_an_earlier_one_left_behind_a_closed_gate() -> None:
    _, kept = gate_by(plan_of(), ended_as(A))
    later = plan_of(gated=kept)
    batch, again = closed_gate(replay([later]))
    assert batch
    assert (batch.number, [one.began for one in batch.ended], again) == (EARLIER, [WHEN], kept)
    assert closed_gate(replay([later, records.record("health", batch=EARLIER, unhealthy=[])])) == (None, [])


def test_an_edited_log_names_no_gate_that_cannot_be_read() -> None:
    _, kept = gate_by(plan_of(), ended_as(A))
    assert closed_gate(replay([plan_of(gated=[1, {"id": A.id}])])) == (None, [])
    with pytest.raises(InvalidArgumentValueError):
        closed_gate(replay([plan_of(gated=[{**kept[0], "scaleSetId": "/else/where"}])]))
