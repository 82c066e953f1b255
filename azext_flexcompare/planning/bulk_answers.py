"""The answers of Azure's bulk operations: a row for each instance, and the outcome that it means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any, NamedTuple

from azext_flexcompare.arm.responses import Unacknowledged, poll_errors
from azext_flexcompare.instances import Instance
from azext_flexcompare.scheduler.outcome import Error, Outcome, Status
from azext_flexcompare.scheduler.poller import Failure, Unanswered

Row = dict[str, Any]
CANCELLED = "cancelled"
FINAL_STATES = {"succeeded": Status.SUCCEEDED, "failed": Status.FAILED, CANCELLED: Status.NOT_STARTED}
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError)


class BulkResult(NamedTuple):
    """The latest answer about one instance: the id of its operation, and its outcome once it has one."""

    operation_id: str | None
    status: str | None = None
    error: Error | None = None
    finished: datetime | None = None
    lost: bool = False  # the service has no answer for it

    @property
    def in_progress(self) -> bool:
        """Return whether there is an operation that has not ended."""
        return self.operation_id is not None and self.status is None


def rows_of(body: Any) -> list[Row]:
    """List the rows of an answer, which may leave out `results`; raises TypeError for any other body."""
    if not isinstance(body, dict):
        raise TypeError("the body is no object")
    rows = body.get("results") or []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise TypeError("the results are no objects")
    return rows


def parse_rows(rows: Sequence[Row], requested: Mapping[str, BulkResult]) -> dict[str, BulkResult]:
    """Return the results of an answer by the ids of the requested instances.

    Rows that name no instance are those of the instances that no row names, if they are as many.
    """
    found = {_instance_id(row): parse_row(row) for row in rows}
    nameless = [row for row in rows if not _instance_id(row)]
    missing = [id_ for id_ in requested if id_ not in found]
    if nameless and len(nameless) == len(missing):
        code = _error(nameless[0]).code
        found |= {id_: _without_answer(code, requested[id_]) for id_ in missing}
    return {id_: result for id_, result in found.items() if id_ in requested}


def parse_row(row: Row) -> BulkResult:
    """Return the result of one row; an operation in an unknown state is in progress."""
    operation = row.get("operation") or {}
    operation_id, now = operation.get("operationId"), datetime.now(timezone.utc)
    if row.get("errorCode"):
        return BulkResult(operation_id, Status.FAILED, _error(row), now)
    status = FINAL_STATES.get(_state(row))
    own = operation.get("resourceOperationError")
    error = _error(own or {}) if status == Status.FAILED or (status and own) else None
    return BulkResult(operation_id, status, error, now)


def is_cancelled(row: Row) -> bool:
    """Return whether a row is that of a cancelled operation."""
    return _state(row) == CANCELLED


def instance_outcome(outcome: Outcome[Instance], result: BulkResult | None, service: str) -> Outcome[Instance]:
    """Return the outcome of an instance, by that of its call and the service's latest answer about it."""
    outcome = replace(outcome, url=None)
    if result is None or not (result.status or result.operation_id):
        error = Error("NoAnswer", "The answer of the service has no result for this instance.")
        return replace(outcome, status=Status.TIMED_OUT, error=outcome.error or error)
    if result.status == Status.NOT_STARTED:
        return _cancelled(outcome, result, f"operation {result.operation_id} of {service}")
    if result.status is None:
        return replace(outcome, reason=f"Operation {result.operation_id} of {service}.")
    took = (result.finished - outcome.started).total_seconds() if outcome.started and result.finished else None
    return replace(
        outcome,
        status=result.status,
        error=result.error,
        finished=result.finished,
        seconds=None if took is None else round(took, 3),
        reason=None,
    )


class Refused(Unanswered):
    """A poll that the service refused, or whose answer cannot be read: it says nothing, but it did arrive."""


@contextmanager
def bulk_poll_errors() -> Iterator[None]:
    """Turn what is raised for a poll into Throttled or Unanswered, and a refused or unreadable one into Refused."""
    try:
        with poll_errors():
            try:
                yield
            except UNREADABLE as error:
                raise Refused("The answer cannot be read.") from error
    except Failure as failure:
        raise Refused(": ".join(failure.error)) from failure


@contextmanager
def unreadable_is_failure() -> Iterator[None]:
    """Turn an answer to a request that cannot be read into Unacknowledged."""
    try:
        yield
    except UNREADABLE as error:
        message = "The answer could not be read; it is not known whether the service accepted the request."
        raise Unacknowledged(Error("AnswerUnreadable", message)) from error


def _cancelled(outcome: Outcome[Instance], result: BulkResult, operation: str) -> Outcome[Instance]:
    if outcome.status == Status.TIMED_OUT:
        return replace(outcome, reason=f"Cancelled before the service started it: {operation}.")
    if outcome.status == Status.INTERRUPTED:
        return Outcome(outcome.target, Status.NOT_STARTED, reason="Cancelled before the service started it.")
    error = Error("Cancelled", "Another client cancelled the operation.")
    return replace(outcome, status=Status.FAILED, error=result.error or error)


def _without_answer(code: str, requested: BulkResult) -> BulkResult:
    subject = f"operation {requested.operation_id}" if requested.operation_id else "this instance"
    message = f"The service has no answer for {subject}; its outcome is not known."
    return BulkResult(
        requested.operation_id, Status.TIMED_OUT, Error(code, message), datetime.now(timezone.utc), lost=True
    )


def _state(row: Row) -> str:
    return str((row.get("operation") or {}).get("state")).lower()


def _instance_id(row: Row) -> str:
    return str(row.get("resourceId") or (row.get("operation") or {}).get("resourceId") or "").lower()


def _error(found: Row) -> Error:
    message = " ".join(str(found.get("errorDetails") or "The service gave no reason.").split())
    return Error(str(found.get("errorCode") or "Failed"), message)
