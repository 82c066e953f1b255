"""The rows of the contract."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from azext_flexcompare.instances import Instance
from azext_flexcompare.output.rows import instance_row, listed_row, outcome_row
from azext_flexcompare.scheduler.outcome import Outcome, Status
from azext_flexcompare.table.entries import operations
from tests.latest.helpers.factories import BUSY, instance

PARTS = {"output": None, "stdout": None, "stderr": None, "exitCode": None}
BEGAN = datetime(2026, 11, 23, 4, 5, 6, 789012, timezone.utc)
URL = "https://management.example.com/operations/1"
OPERATIONS = {operation.name: operation for operation in operations()}
ROW = {  # the contract's keys, in its order, and what may stand there
    "instance": str,
    "id": str,
    "resourceGroup": str,
    "scaleSet": str,
    "zone": str | None,
    "faultDomain": int | None,
    "operation": str,
    "status": str,
    "error": dict | None,
    "reason": str | None,
    "batch": int,
    "startedAt": str | None,
    "finishedAt": str | None,
    "durationSeconds": float | None,
    "operationUrl": str | None,
}


def whole() -> Outcome[Instance]:
    end = BEGAN + timedelta(seconds=41.2)
    return Outcome(instance("web_1", zone="2"), Status.FAILED, BUSY, None, BEGAN, end, 41.2, URL)


def rows() -> dict[str, dict[str, Any]]:
    bare = Outcome(instance("web_1", zone=None, fault_domain=None), Status.SKIPPED, reason="It is running already.")
    return {"whole": outcome_row(OPERATIONS["restart"], whole()), "bare": outcome_row(OPERATIONS["start"], bare)}


@pytest.mark.parametrize("kind", ["whole", "bare"])
def test_a_row_has_the_keys_and_the_types_of_the_contract(kind: str) -> None:
    row = rows()[kind]
    assert list(row) == list(ROW)
    assert {key: value for key, value in row.items() if not isinstance(value, ROW[key])} == {}


def test_a_row_says_everything_of_an_outcome() -> None:
    assert rows()["whole"] == {
        "instance": "web_1",
        "id": instance("web_1", zone="2").id,
        "resourceGroup": "rg",
        "scaleSet": "web",
        "zone": "2",
        "faultDomain": 0,
        "operation": "restart",
        "status": "Failed",
        "error": {"code": "Conflict", "message": "Busy."},
        "reason": None,
        "batch": 1,
        "startedAt": "2026-11-23T04:05:06.789Z",
        "finishedAt": "2026-11-23T04:05:47.989Z",
        "durationSeconds": 41.2,
        "operationUrl": URL,
    }


def test_a_row_keeps_null_for_what_is_not_known() -> None:
    empty = {key for key, value in rows()["bare"].items() if value is None}
    times = {"startedAt", "finishedAt", "durationSeconds"}
    assert empty == {"zone", "faultDomain", "error", "operationUrl", *times}


@pytest.mark.parametrize(
    ("returns", "result", "more"),
    [
        ("value[].message", {"value": [{"message": "one"}, {"message": "two"}]}, {**PARTS, "output": "one\ntwo"}),
        ("value[].message", {"value": []}, {**PARTS, "output": ""}),
        ("value[].message", None, {**PARTS, "output": None}),
        (None, {"value": [{"message": "one"}]}, {}),
    ],
)
def test_a_row_ends_with_what_the_operation_returned_if_it_returns_anything(
    returns: str | None, result: object, more: dict[str, Any]
) -> None:
    operation = OPERATIONS["restart"]._replace(returns=returns)
    assert outcome_row(operation, replace(whole(), result=result)) == {**rows()["whole"], **more}


def test_a_listed_instance_begins_like_every_row_and_has_the_names_of_az_vmss() -> None:
    row = listed_row(instance("web_1", zone="2"))
    assert list(row)[:6] == list(instance_row(instance("web_1", zone="2"))) == list(ROW)[:6]
    assert (row["name"], row["instanceId"], row["powerState"], row["vmSize"]) == (
        "web_1",
        "web_1",
        "running",
        "Standard_B1s",
    )
