"""Outcomes and their statuses."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from azext_flexcompare.scheduler.outcome import BAD, UNFINISHED, Error, Outcome, Status

STATUSES = sorted(value for name, value in vars(Status).items() if not name.startswith("_"))


def test_the_statuses_are_those_of_the_contract() -> None:
    told = "Succeeded Failed TimedOut Skipped Accepted Planned NotStarted Interrupted"
    assert sorted(told.split()) == STATUSES


def test_an_error_is_code_and_message() -> None:
    assert Error("Conflict", "Busy.")._asdict() == {"code": "Conflict", "message": "Busy."}


def test_an_outcome_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Outcome("a", Status.FAILED).status = Status.SUCCEEDED  # type: ignore[misc]


def test_no_status_is_both_bad_and_unfinished() -> None:
    assert not {*BAD} & {*UNFINISHED}
    assert {*BAD, *UNFINISHED} < {*STATUSES}
