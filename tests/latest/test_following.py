"""Can somebody follow a run while it goes on, and is it quiet where nobody does?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from armsim import Simulator
from armsim.world.description import default_description
from azext_flexcompare.output.progress import Snapshot, progress
from tests.latest.conftest import Run
from tools.sandbox import AZ

FLEX = ("-g", "rg", "-n", "flex")
on_a_terminal = pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo terminals")


def on_terminal(environment: dict[str, str], *arguments: str) -> tuple[bytes, bytes]:
    """Run az with standard error on a terminal; give both outputs."""
    import pty

    ours, theirs = pty.openpty()
    try:
        with subprocess.Popen(
            [str(AZ), "vmss-flex", *arguments], env=environment, stdout=subprocess.PIPE, stderr=theirs
        ) as process:
            os.close(theirs)
            seen = b""
            with suppress(OSError):  # that is how a terminal ends
                while piece := os.read(ours, 4096):
                    seen += piece
            stdout, _ = process.communicate(timeout=60)
    finally:
        os.close(ours)
    return stdout, seen


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


def test_events_that_cannot_be_written_are_told_before_anything_is_sent(
    run: Run, sim: Simulator, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    done = run("restart", *FLEX, "--events", str(tmp_path), "--job-log", str(log))
    assert (done.exit, done.stdout) == (1, "")
    assert "--events" in done.stderr
    assert not sim.accepted()
    assert run("restart", *FLEX, "--job-log", str(log)).exit == 0  # it is no log yet that could be spoilt


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full disk to write to")
def test_events_that_nobody_takes_any_more_do_not_stop_a_run(run: Run) -> None:
    done = run("restart", *FLEX, "--events", "/dev/full")
    assert done.exit == 0
    assert len(done.json) == 6


@on_a_terminal
def test_a_terminal_shows_a_line_and_wipes_it_away(sim: Simulator, environment: dict[str, str]) -> None:
    sim.configure(seconds=1)
    stdout, seen = on_terminal(environment, "restart", *FLEX, "--batch-size", "4", "--max-parallel", "3")
    assert len(json.loads(stdout)) == 6
    lines = [line.split(b"\x1b[K")[-1].decode() for line in seen.split(b"\r")]
    assert any(
        line.startswith("0 of 6 done, 0 failed, 3 in progress, 1 waiting for a slot, batch 1 of 2") for line in lines
    )
    assert any("batch 2 of 2, about " in line for line in lines)
    last = sorted(sim.names("flex")[4:])
    assert any(f"2 in progress ({', '.join(last)})"[:30] in line for line in lines)
    assert b"\x1b[K" in seen
    assert seen.endswith(b"\r\x1b[K")


@on_a_terminal
@pytest.mark.parametrize("quiet", [["--only-show-errors"], ["--events", "-"]])
def test_a_terminal_shows_no_line_where_none_is_wanted(
    environment: dict[str, str], sim: Simulator, quiet: list[str]
) -> None:
    sim.configure(seconds=0.5)
    stdout, seen = on_terminal(environment, "restart", *FLEX, *quiet)
    assert len(json.loads(stdout)) == 6
    assert b"in progress" not in seen
    assert b"\x1b[K" not in seen


def test_nothing_is_written_where_there_is_no_terminal(run: Run, sim: Simulator) -> None:
    sim.configure(seconds=0.5)
    assert run("restart", *FLEX).stderr == ""


@on_a_terminal
def test_a_terminal_shows_what_a_run_waits_for_between_batches(sim: Simulator, environment: dict[str, str]) -> None:
    world = default_description(6)
    world["resourceGroups"]["rg"]["scaleSets"]["flex"]["overrides"] = {"*": {"agentReadyAfter": 1}}
    sim.reset(world)
    health = ("--health-gate", "vm-agent", "--batch-pause", "1")
    _, seen = on_terminal(environment, "restart", *FLEX, "--batch-size", "5", *health)
    assert b"5 not healthy yet" in seen
    assert b"next batch in 1 s" in seen


@pytest.mark.parametrize(
    ("scene", "seconds", "line"),
    [
        (Snapshot("in progress", "abc", 0, Counter(), (1, 1)), 5.0, "0 of 10 done, 0 failed, 3 in progress"),
        (
            Snapshot("in progress", "abc", 2, Counter(Succeeded=4, Failed=1), (2, 3)),
            10.0,
            "5 of 10 done, 1 failed, 3 in progress, 2 waiting for a slot, batch 2 of 3, about 10 s left",
        ),
        (
            Snapshot("in progress", "ba", 0, Counter(TimedOut=5), (1, 1)),
            600.0,
            "5 of 10 done, 5 failed, 2 in progress (a, b), about 10 min left",
        ),
        (Snapshot("in progress", "", 0, Counter(Succeeded=10), (1, 1)), 6.0, "10 of 10 done, 0 failed, 0 in progress"),
        (
            Snapshot("resting for 9 s", None, 0, Counter(), (1, 2)),
            6.0,
            "0 of 10 done, 0 failed, resting for 9 s, batch 1 of 2",
        ),
    ],
)
def test_the_line_says_how_far_a_run_is(snapshot: Snapshot, seconds: float, line: str) -> None:
    assert progress(10, snapshot, seconds) == line
