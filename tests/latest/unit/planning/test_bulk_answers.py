"""The answers of bulk operations: rows, and what they mean for an instance."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from azext_flexcompare.planning.bulk_answers import (
    BulkResult,
    Refused,
    bulk_poll_errors,
    instance_outcome,
    is_cancelled,
    parse_row,
    parse_rows,
    unreadable_is_failure,
)
from azext_flexcompare.scheduler.outcome import Error, Outcome, Status
from azext_flexcompare.scheduler.poller import Failure, Unanswered
from tests.latest.helpers.factories import instance

REQUESTED = {"/a": BulkResult("operation of a"), "/b": BulkResult("operation of b")}
NAMELESS = {"resourceId": None, "errorCode": "OperationNotFound"}
NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)


def row(id_: str, state: str, **more: Any) -> dict[str, Any]:
    return {"resourceId": id_, "operation": {"operationId": "1", "state": state, **more}}


def test_a_row_without_an_instance_is_that_of_the_one_left_over() -> None:
    found = parse_rows([NAMELESS, row("/A", "Executing")], REQUESTED)
    assert {id_: result.status for id_, result in found.items()} == {"/a": None, "/b": Status.TIMED_OUT}
    assert found["/b"].error is not None
    assert found["/b"].error.code == "OperationNotFound"
    assert "operation of b" in found["/b"].error.message


def test_a_row_without_an_instance_is_ignored_if_several_are_left_over() -> None:
    assert parse_rows([NAMELESS], REQUESTED) == {}


def test_a_row_of_an_instance_that_was_not_requested_is_ignored() -> None:
    assert parse_rows([row("/c", "Succeeded")], REQUESTED) == {}


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("Succeeded", Status.SUCCEEDED),
        ("failed", Status.FAILED),
        ("Cancelled", Status.NOT_STARTED),
        ("Executing", None),
        ("Pondering", None),
    ],
)
def test_a_state_is_parsed_and_an_unknown_one_is_in_progress(state: str, status: str | None) -> None:
    result = parse_row(row("/a", state))
    assert (result.operation_id, result.status) == ("1", status)
    assert result.in_progress is (status is None)
    assert is_cancelled(row("/a", state)) is (state == "Cancelled")


def test_a_failure_has_the_error_of_the_operation_or_of_the_row() -> None:
    details = {"errorCode": "Conflict", "errorDetails": "In\n use."}
    assert parse_row(row("/a", "Failed", resourceOperationError=details)).error == Error("Conflict", "In use.")
    assert parse_row({"resourceId": "/a", **details}).error == Error("Conflict", "In use.")
    assert parse_row(row("/a", "Failed")).error == Error("Failed", "The service gave no reason.")


@pytest.mark.parametrize("result", [None, BulkResult(None)])
def test_the_outcome_of_an_instance_without_a_result_is_unknown(result: BulkResult | None) -> None:
    found = instance_outcome(Outcome(instance("a"), Status.SUCCEEDED, url="/status"), result, "a service")
    assert (found.status, found.error and found.error.code, found.url) == (Status.TIMED_OUT, "NoAnswer", None)


def test_an_instance_in_progress_keeps_the_status_of_its_call() -> None:
    found = instance_outcome(Outcome(instance("a"), Status.TIMED_OUT), BulkResult("7"), "a service")
    assert (found.status, found.reason) == (Status.TIMED_OUT, "Operation 7 of a service.")


def test_an_instance_that_ended_has_its_own_outcome_and_duration() -> None:
    result = BulkResult("7", Status.SUCCEEDED, None, NOW + timedelta(seconds=2.5))
    found = instance_outcome(Outcome(instance("a"), Status.FAILED, started=NOW, reason="old"), result, "a service")
    assert (found.status, found.seconds, found.finished, found.reason) == ("Succeeded", 2.5, result.finished, None)


@pytest.mark.parametrize(
    ("of_call", "status"), [(Status.INTERRUPTED, Status.NOT_STARTED), (Status.SUCCEEDED, Status.FAILED)]
)
def test_a_cancelled_instance_was_not_started_if_the_run_was_interrupted(of_call: Status, status: Status) -> None:
    result = BulkResult("7", Status.NOT_STARTED, None, NOW)
    assert instance_outcome(Outcome(instance("a"), of_call), result, "a service").status == status


@pytest.mark.parametrize("error", [ValueError, KeyError, TypeError])
def test_an_unreadable_answer_is_a_refusal_to_a_poll_and_a_failure_to_a_request(error: type[Exception]) -> None:
    with pytest.raises(Refused), bulk_poll_errors():
        raise error
    with pytest.raises(Failure, match="not known whether"), unreadable_is_failure():
        raise error


@pytest.mark.parametrize(
    ("error", "refused"), [(HttpResponseError("a redirect"), False), (Failure(Error("A", "B")), True)]
)
def test_only_a_poll_that_was_answered_is_refused(error: Exception, refused: bool) -> None:
    with pytest.raises(Unanswered) as found, bulk_poll_errors():
        raise error
    assert isinstance(found.value, Refused) is refused
