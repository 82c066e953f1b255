"""`--engine bulk`: calls of a hundred instances to a service of its own, and its answers."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from azext_flexcompare.instances import Instance
from azext_flexcompare.planning import bulk_engine as bulk
from azext_flexcompare.planning.work import Work
from azext_flexcompare.scheduler.outcome import Outcome
from azext_flexcompare.table.entries import bulk_services
from tests.latest.helpers.factories import instance, scale_set


def placed(group: str, location: str, name: str) -> Instance:
    return instance(name, scale_set("flex", group), location=location)


def test_a_call_is_for_one_group_and_one_location_whatever_their_case() -> None:
    places = [("a", "north"), ("A", "North"), ("a", "south"), ("b", "north")]
    chosen = [placed(*place, f"{number}") for number in range(3) for place in places]
    sizes = Counter((one[0].resource_group.lower(), one[0].location.lower(), len(one)) for one in bulk.chunks(chosen))
    assert sizes == {("a", "north", 6): 1, ("a", "south", 3): 1, ("b", "north", 3): 1}


def chunk_of(*names: str) -> bulk.Chunk:
    made = bulk.Chunk(None, bulk.Wish("Start", {}), [placed("g", "north", name) for name in names], list)  # type: ignore[arg-type]
    made.known = {one.id.lower(): bulk.Known(f"operation of {one.name}") for one in made.instances}
    return made


def test_a_row_that_names_no_instance_is_that_of_the_one_left_over() -> None:
    chunk = chunk_of("a", "b")
    running = {"resourceId": chunk.instances[0].id.upper(), "operation": {"operationId": "1", "state": "Executing"}}
    chunk._take([{"resourceId": None, "errorCode": "OperationNotFound"}, running], chunk.unfinished())
    a, b = chunk.known.values()
    assert (a.status, b.status) == (None, "Failed")
    assert b.error is not None
    assert "operation of b" in b.error.message


def test_rows_without_an_instance_fail_none_of_several_left_over() -> None:
    chunk = chunk_of("a", "b")
    chunk._take([{"resourceId": None, "errorCode": "OperationNotFound"}], chunk.unfinished())
    assert [known.status for known in chunk.known.values()] == [None, None]


@pytest.mark.parametrize("row", [None, {"errorCode": None, "operation": None}], ids=["no row", "an empty row"])
def test_an_instance_of_which_the_answer_says_nothing_is_failed(row: dict[str, Any] | None) -> None:
    chunk = chunk_of("a", "b")
    silent = chunk.instances[1].id
    del chunk.known[silent.lower()]
    chunk._take([{"resourceId": silent, **row}] if row else [], {silent.lower(): bulk.Known(None)})
    chunk.service = bulk_services("Start")[0]
    work = Work(chunk.instances, chunk.send, chunk.settle)
    running, lost = chunk.settle(Outcome(work, "Accepted"))
    assert isinstance(running, Outcome)
    assert isinstance(lost, Outcome)
    assert (running.status, lost.status) == ("Accepted", "Failed")
    assert lost.error is not None
    assert lost.error.code == "NoAnswer"


def test_an_unknown_bulk_state_is_in_progress() -> None:
    row = {"resourceId": "/x", "operation": {"operationId": "1", "state": "Pondering"}}
    assert bulk._known(row).status is None
    assert bulk._known({**row, "operation": {"operationId": "1", "state": "Succeeded"}}).status == "Succeeded"


def test_the_wait_between_bulk_polls_grows_to_15_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    chunk = bulk.Chunk(None, bulk.Wish("Start", {}), [], lambda _: [])  # type: ignore[arg-type]
    waits = []
    for moment in (0, 5, 20, 1000):
        monkeypatch.setattr(bulk, "monotonic", lambda moment=moment: moment)
        waits.append(chunk.acceptance.poll.retry_after)
    assert waits == [0.5, 2.0, 8.0, 15.0]
    chunk.asked = 40.0
    assert chunk.acceptance.poll.retry_after == 40.0
