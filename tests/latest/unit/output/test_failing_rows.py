"""What failed in a table."""

from __future__ import annotations

from azext_flexcompare.output.failing_rows import AGAIN, LAST, failing_last
from azext_flexcompare.scheduler.outcome import Status

LONG = "Stopped by --max-errors: 1 instance has failed."


def row(status: str, name: str = "a", **known: object) -> dict[str, object]:
    return {"instance": name, "status": status, "error": None, "reason": None, **known}


def test_what_failed_is_last_and_marked_and_the_rest_keeps_its_order() -> None:
    order = ["Failed", "Succeeded", "NotStarted", "TimedOut", "Skipped", "Interrupted"]
    found = failing_last([row(status, name=str(place)) for place, status in enumerate(order)])
    assert [(one["instance"], one["status"]) for one in found] == [
        ("1", "Succeeded"),
        ("4", "Skipped"),
        ("2", "NotStarted"),
        ("5", "! Interrupted"),
        ("3", "! TimedOut"),
        ("0", "! Failed"),
    ]


def test_every_status_has_its_place() -> None:
    known = {value for name, value in vars(Status).items() if name.isupper()}
    assert {*LAST} < known
    assert [one["status"].removeprefix("! ") for one in failing_last(row(status) for status in LAST)] == [*LAST]


def test_a_reason_is_told_once_and_a_code_each_time() -> None:
    code = {"code": "AllocationFailed", "message": "m"}
    rows = [row("NotStarted", reason=LONG), row("NotStarted", reason=LONG), row("Failed", error=code)] * 2
    assert [one["why"] for one in failing_last(rows)] == [LONG, AGAIN, AGAIN, AGAIN, code["code"], code["code"]]
    assert [
        one["why"] for one in failing_last([row("Skipped", reason=LONG), row("Skipped"), row("Skipped", reason=LONG)])
    ] == [
        LONG,
        "",
        LONG,
    ]


def test_what_could_not_be_read_is_last_and_marked_by_its_code() -> None:
    rows = [{"instance": "a", "error": {"code": "Forbidden"}}, {"instance": "b", "error": None}]
    assert [(one["instance"], one["why"]) for one in failing_last(rows)] == [("b", ""), ("a", "! Forbidden")]


def test_the_rows_of_the_json_are_not_changed() -> None:
    rows = [row("Failed"), row("Succeeded")]
    failing_last(rows)
    assert [one["status"] for one in rows] == ["Failed", "Succeeded"]
