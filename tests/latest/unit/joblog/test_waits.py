"""The waits of a run by its job log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from azext_flexcompare.joblog.replay import replay
from azext_flexcompare.joblog.waits import read_waits
from tests.latest.helpers.report_logs import BEGAN, plan, planned, said

PLAN = plan(planned("a"), planned("b"), planned("c", 2))
Found = list[tuple[str, str | None, float | None, float | None, set[str]]]


def seconds_of(at: datetime | None) -> float | None:
    return (at - BEGAN).total_seconds() if at else None


def waits_in(*records: dict[str, Any]) -> Found:
    found = read_waits(replay([PLAN, *records]))
    return [(one.kind, one.name, seconds_of(one.start), seconds_of(one.end), set(one.ids)) for one in found]


def gate(state: str, when: float, batch: int = 1, **of: Any) -> dict[str, Any]:
    return said("gate", when, state=state, batch=batch, gate="vm-agent", **of)


def hook(state: str, when: float, **of: Any) -> dict[str, Any]:
    return said("hook", when, state=state, batch=1, hook="before-batch", **of)


def moved(kind: str, state: str, when: float, address: str = "10.0.0.4") -> dict[str, Any]:
    addresses = [{"id": "/vms/a", "address": address, "before": "None"}]
    return said(kind, when, state=state, batch=1, pool="pool", addresses=addresses)


def test_a_gate_lasts_from_its_begin_to_its_end_and_one_without_an_end_still_does() -> None:
    found = waits_in(gate("begun", 1, instances=["/X", 7]), gate("ended", 4), gate("begun", 5, 2), gate("ended", 9, 3))
    assert found == [("gate", "vm-agent", 1, 4, {"/x", "7"}), ("gate", "vm-agent", 5, None, set())]


def test_of_gates_of_one_batch_at_a_time_each_has_its_own_end() -> None:
    records = [gate("begun", 1, instances=["/vms/a"]), gate("begun", 3, instances=["/vms/b"])]
    found = waits_in(*records, gate("ended", 5, seconds=2.0), gate("ended", 9, seconds=8.0))
    assert [(ids, end) for _, _, _, end, ids in found] == [({"/vms/a"}, 9), ({"/vms/b"}, 5)]


def test_a_hook_is_of_its_batch_or_of_the_instance_that_it_runs_for() -> None:
    batch = [hook("begun", 1), hook("ended", 2)]
    alone = [hook("begun", 3, instance="/vms/b"), hook("begun", 4, instance="/vms/a")]
    assert waits_in(*batch, *alone, hook("ended", 5, instance="/VMS/B")) == [
        ("hook", "before-batch", 1, 2, {"/vms/a", "/vms/b"}),
        ("hook", "before-batch", 3, 5, {"/vms/b"}),
        ("hook", "before-batch", 4, None, {"/vms/a"}),
    ]


def test_an_address_is_out_of_rotation_until_it_is_put_back_or_was_never_taken_out() -> None:
    back = [moved("undrain", "begun", 5), moved("undrain", "ended", 6)]
    never = [moved("drain", "begun", 7, "x"), moved("drain", "dropped", 8, "x")]
    found = waits_in(moved("drain", "begun", 1), moved("drain", "ended", 2), *back, *never, moved("drain", "begun", 9))
    assert found == [("drain", "pool", 1, 6, {"/vms/a"}), ("drain", "pool", 9, None, {"/vms/a"})]
