"""`--engine bulk`: calls of a hundred instances to a service of its own, and its answers."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from azext_flexcompare.instances import Instance
from azext_flexcompare.planning import bulk_engine as bulk
from azext_flexcompare.planning.bulk_answers import BulkResult
from azext_flexcompare.planning.work import Work
from azext_flexcompare.scheduler.outcome import Outcome
from azext_flexcompare.table.entries import bulk_services
from tests.latest.helpers.factories import instance, scale_set


def placed(group: str, location: str, name: str) -> Instance:
    return instance(name, scale_set("flex", group), location=location)


def test_a_call_is_for_one_group_and_one_location_whatever_their_case() -> None:
    places = [("a", "north"), ("A", "North"), ("a", "south"), ("b", "north")]
    chosen = [placed(*place, f"{number}") for number in range(3) for place in places]
    sizes = Counter(
        (one[0].resource_group.lower(), one[0].location.lower(), len(one)) for one in bulk.group_by_call(chosen)
    )
    assert sizes == {("a", "north", 6): 1, ("a", "south", 3): 1, ("b", "north", 3): 1}


def call_of(*names: str) -> bulk.BulkCall:
    made = bulk.BulkCall(None, bulk.BulkRequest("Start", {}), [placed("g", "north", name) for name in names], list)  # type: ignore[arg-type]
    made.results = {one.id.lower(): BulkResult(f"operation of {one.name}") for one in made.instances}
    return made


@pytest.mark.parametrize("row", [None, {"errorCode": None, "operation": None}], ids=["no row", "an empty row"])
def test_of_an_instance_that_the_answer_does_not_mention_the_outcome_is_unknown(row: dict[str, Any] | None) -> None:
    call = call_of("a", "b")
    silent = call.instances[1].id
    del call.results[silent.lower()]
    call.apply([{"resourceId": silent, **row}] if row else [], {silent.lower(): BulkResult(None)})
    call.service = bulk_services("Start")[0]
    work = Work(call.instances, call.send, call.settle)
    running, lost = call.settle(Outcome(work, "Accepted"))
    assert isinstance(running, Outcome)
    assert isinstance(lost, Outcome)
    assert (running.status, lost.status) == ("Accepted", "TimedOut")
    assert lost.error is not None
    assert lost.error.code == "NoAnswer"


def test_the_wait_between_bulk_polls_grows_to_15_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    call = bulk.BulkCall(None, bulk.BulkRequest("Start", {}), [], lambda _: [])  # type: ignore[arg-type]
    waits = []
    for moment in (0, 5, 20, 80, 1000):
        monkeypatch.setattr(bulk, "monotonic", lambda moment=moment: moment)
        waits.append(call.acceptance.poll.retry_after)
    assert waits == [0.5, 0.5, 2.0, 8.0, 15.0]
    call.retry_after = 40.0
    assert call.acceptance.poll.retry_after == 40.0
