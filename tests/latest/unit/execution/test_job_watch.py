"""A run that is followed by its log."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from knack.events import EVENT_CLI_SUCCESSFUL_EXECUTE

from azext_flexcompare.execution import job_watch
from azext_flexcompare.execution.job_watch import Follower, snapshot_of, watch
from azext_flexcompare.joblog import file as job_log
from azext_flexcompare.joblog.replay import replay
from tests.latest.helpers.logs import IDS, OUTCOME, PLAN, PLANNED, write

TWO = {**PLAN, "batches": 2, "instances": [{"id": id_, **PLANNED, "batch": 1 + (id_ == IDS[2])} for id_ in IDS]}
BATCH = [{"record": "batch", "batch": number, "of": 2} for number in (1, 2)]
GATE = {"record": "gate", "state": "begun", "batch": 1, "gate": "vm-agent", "at": "2026-11-25T09:00:00Z"}


def outcomes(*ids: str) -> list[dict[str, Any]]:
    return [{**OUTCOME, "id": id_} for id_ in ids]


def test_the_progress_is_that_of_the_run() -> None:
    found = snapshot_of(replay([TWO, BATCH[0], {"record": "intent", "id": IDS[0]}]))
    assert (found.activity, found.names, found.waiting, found.batch) == ("in progress", ["vm"], 1, (1, 2))
    found = snapshot_of(replay([TWO, BATCH[0], *outcomes(*IDS[:2]), {**GATE, "instances": IDS[:2]}]))
    assert (found.activity, found.names, sum(found.counts.values())) == ("not healthy yet", ["vm", "vm"], 2)


def test_the_gate_of_one_hides_neither_what_is_in_progress_nor_what_waits() -> None:
    window = [PLAN, *outcomes(IDS[0]), {**GATE, "instances": IDS[:1]}]
    found = snapshot_of(replay(window))
    assert (found.activity, found.names, found.waiting) == ("not healthy yet", ["vm"], 2)
    found = snapshot_of(replay([*window, {"record": "intent", "id": IDS[1]}]))
    assert (found.activity, found.names, found.waiting) == ("in progress", ["vm"], 1)


def test_a_log_is_parsed_again_only_where_it_has_grown(tmp_path: Path) -> None:
    path = tmp_path / "log"
    write(path, TWO)
    follower = Follower(path)
    first = follower.read()
    assert follower.read() is first
    write(path, TWO, *BATCH)
    assert follower.read() is not first


def exit_of(cli_ctx: Any) -> int | None:
    """The exit status that was set, once the output is written."""
    try:
        cli_ctx.raise_event(EVENT_CLI_SUCCESSFUL_EXECUTE)
    except SystemExit as left:
        return int(str(left.code))
    return 0


def test_a_run_is_followed_to_its_end_and_each_batch_is_told_once(
    cli_ctx: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log"
    log = job_log.create(str(path))
    log.write([TWO, BATCH[0], *outcomes(*IDS[:2])])

    def go_on(_: float) -> None:
        log.write([BATCH[1], *outcomes(IDS[2]), {"record": "stopped", "reason": "Why."}, {"record": "end", "exit": 5}])
        log.close()

    monkeypatch.setattr(job_watch, "sleep", go_on)
    details = watch(cli_ctx, path)
    assert (details["state"], details["exit"], details["statuses"]) == ("ended", 5, {"Succeeded": 3})
    assert exit_of(cli_ctx) == 5
    told = [line for line in caplog.messages if line.startswith("Batch ")]
    assert told == ["Batch 1 of 2: 2 instances: 2 Succeeded", "Batch 2 of 2: 1 instance: 1 Succeeded"]
    assert "Why." in caplog.messages


def test_a_killed_run_exits_as_an_interrupted_one_and_names_the_way(
    cli_ctx: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path / "log", TWO)
    assert watch(cli_ctx, tmp_path / "log")["state"] == "killed"
    assert exit_of(cli_ctx) == 130
    assert f"Next: az vmss-flex restart --resume {tmp_path / 'log'}" in caplog.messages


@pytest.mark.skipif(os.name == "nt", reason="no signals")
def test_ctrl_c_ends_the_watch_and_not_the_run(
    cli_ctx: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = job_log.create(str(tmp_path / "log"))
    log.write([TWO, BATCH[0], *outcomes(IDS[0])])
    monkeypatch.setattr(job_watch, "sleep", lambda _: os.kill(os.getpid(), signal.SIGINT))
    details = watch(cli_ctx, tmp_path / "log")
    log.write(BATCH[1:])  # it still can
    log.close()
    assert details["state"] == "running"
    assert exit_of(cli_ctx) == 130
    assert "The run goes on: 1 Succeeded, 2 Waiting." in caplog.messages
