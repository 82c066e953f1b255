"""The events of a run, for a reader that follows it, and for none."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from armsim import Simulator
from tests.latest.helpers.az import FLEX, Run


def test_events_are_lines_of_json_on_standard_error_and_the_list_is_as_ever(run: Run, sim: Simulator) -> None:
    done = run("restart", *FLEX, "--events", "-")
    assert done.exit == 0
    assert [row["status"] for row in done.json] == ["Succeeded"] * 6
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert Counter(one["record"] for one in events) == {
        "plan": 1,
        "batch": 1,
        "intent": 6,
        "accepted": 6,
        "outcome": 6,
        "end": 1,
    }
    assert [one["instance"] for one in events[0]["instances"]] == sim.names("flex")


def test_events_are_appended_to_a_file(run: Run, tmp_path: Path) -> None:
    events = tmp_path / "events"
    events.write_text('{"record": "of another run"}\n')
    assert run("restart", *FLEX, "--events", str(events)).exit == 0
    first, *others = [json.loads(line)["record"] for line in events.read_text().splitlines()]
    assert (first, others[0], others[-1]) == ("of another run", "plan", "end")


def test_events_that_cannot_be_written_are_an_error_before_the_first_call(
    run: Run, sim: Simulator, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    done = run("restart", *FLEX, "--events", str(tmp_path), "--job-log", str(log))
    assert (done.exit, done.stdout) == (1, "")
    assert "--events" in done.stderr
    assert not sim.accepted()
    assert run("restart", *FLEX, "--job-log", str(log)).exit == 0  # it is no log yet that could be spoilt


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full disk to write to")
def test_events_that_cannot_be_written_later_do_not_stop_a_run(run: Run) -> None:
    done = run("restart", *FLEX, "--events", "/dev/full")
    assert done.exit == 0
    assert len(done.json) == 6
