"""`--events`: each record as a line, at once."""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path

import pytest
from azure.cli.core.azclierror import FileOperationError, MutuallyExclusiveArgumentError

from azext_flexcompare.joblog import events as module
from azext_flexcompare.joblog.events import Events, events_to

needs_pipes = pytest.mark.skipif(sys.platform == "win32", reason="There are no named pipes.")


def test_records_are_appended_as_lines(tmp_path: Path) -> None:
    file = tmp_path / "events"
    file.write_text("before\n")
    [events] = events_to(str(file))
    events.write([{"record": "intent"}, {"record": "end"}])
    events.close()
    lines = file.read_text().splitlines()
    assert [lines[0], *map(json.loads, lines[1:])] == ["before", {"record": "intent"}, {"record": "end"}]
    assert file.stat().st_mode & 0o777 == 0o600


def test_standard_error_stays_open(capfd: pytest.CaptureFixture[str]) -> None:
    events = Events("-")
    events.write([{"a": 1}])
    events.close()
    print("after", file=sys.stderr, flush=True)  # noqa: T201
    assert capfd.readouterr().err == '{"a": 1}\nafter\n'


@pytest.mark.parametrize("name", [".", "missing/events", "nul\0byte"])
def test_a_place_that_cannot_be_written_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(FileOperationError, match=r"--events: .* cannot be written"):
        Events(f"{tmp_path}/{name}")


@needs_pipes
def test_a_pipe_that_nobody_opens_holds_nothing_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GRACE", 0.01)
    os.mkfifo(tmp_path / "pipe")
    [events] = events_to(str(tmp_path / "pipe"))
    events.write([{"a": 1}] * 3)
    with caplog.at_level(logging.WARNING):
        events.close()
    assert [one for one in caplog.messages if one.startswith("3 records of --events could not be written")]


@needs_pipes
def test_a_reader_that_stalls_loses_records_and_is_told_how_many(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GRACE", 0.01)
    monkeypatch.setattr(module, "MOST_LINES", 4)
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    [events] = events_to(str(tmp_path / "pipe"))
    events.write([{"text": "x" * 100_000}] * 100)
    with caplog.at_level(logging.WARNING):
        events.close()
    os.close(reader)
    assert "its reader did not keep up" in caplog.text


def test_the_job_log_cannot_be_the_stream_as_well(tmp_path: Path) -> None:
    log = str(tmp_path / "log")
    with pytest.raises(MutuallyExclusiveArgumentError, match="the same file"):
        events_to(f"{tmp_path}/../{tmp_path.name}/log", log)


@pytest.mark.parametrize("place", [None, ""])
def test_without_a_place_there_are_no_events(place: str | None) -> None:
    assert events_to(place) == []


def test_a_run_goes_on_without_its_events() -> None:
    assert Events.required is False


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is full")
def test_a_full_disk_is_the_reason_and_not_the_reader(caplog: pytest.LogCaptureFixture) -> None:
    events = Events("/dev/full")
    events.write([{"a": 1}])
    events.close()
    assert caplog.messages == ["1 record of --events could not be written to /dev/full: No space left on device."]
