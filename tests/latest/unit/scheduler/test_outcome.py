"""Outcomes and their statuses."""

from __future__ import annotations

from azext_flexcompare.scheduler.outcome import Status

STATUSES = sorted(value for name, value in vars(Status).items() if not name.startswith("_"))


def test_the_statuses_are_those_of_the_contract() -> None:
    told = "Succeeded Failed TimedOut Skipped Accepted Planned NotStarted Interrupted"
    assert sorted(told.split()) == STATUSES
