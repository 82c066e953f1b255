"""`--events`: each record as a line, at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from azure.cli.core.azclierror import FileOperationError

from azext_flexcompare.joblog.events import Events, events_to


def test_records_are_appended_as_lines_at_once(tmp_path: Path) -> None:
    file = tmp_path / "events"
    file.write_text("before\n")
    [events] = events_to(str(file))
    events.write([{"record": "intent"}, {"record": "end"}])
    lines = file.read_text().splitlines()
    events.close()
    assert [lines[0], *map(json.loads, lines[1:])] == ["before", {"record": "intent"}, {"record": "end"}]


def test_standard_error_stays_open(capsys: pytest.CaptureFixture[str]) -> None:
    events = Events("-")
    events.write([{"a": 1}])
    events.close()
    events.write([{"a": 2}])
    assert capsys.readouterr().err == '{"a": 1}\n{"a": 2}\n'


@pytest.mark.parametrize("name", [".", "missing/events", "nul\0byte"])
def test_a_place_that_cannot_be_written_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(FileOperationError, match=r"--events: .* cannot be written"):
        Events(f"{tmp_path}/{name}")


@pytest.mark.parametrize("place", [None, ""])
def test_without_a_place_there_are_no_events(place: str | None) -> None:
    assert events_to(place) == []


def test_a_run_goes_on_without_its_events() -> None:
    assert Events.required is False
