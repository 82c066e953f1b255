"""Whether a process writes a log."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from azext_flexcompare.joblog import file as job_log
from azext_flexcompare.joblog import liveness

HOLD = "import sys, time; from azext_flexcompare.joblog.file import create\nlog = create(sys.argv[1])\n"
HOLD += "print('held', flush=True); time.sleep(600)"


def test_a_log_is_written_until_its_process_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "log"
    assert not liveness.is_written(path)
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        assert liveness.is_written(path)
        process.kill()
    assert not liveness.is_written(path)


def test_to_look_at_a_log_does_not_keep_a_run_from_it(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.touch()
    assert not liveness.is_written(path)
    log = job_log.create(str(path))
    assert liveness.is_written(path)
    log.close()


def test_one_process_at_a_time_has_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(liveness, "PATIENCE", 0)
    with liveness.alone_in(tmp_path), (tmp_path / ".lock").open("rb") as other:
        assert not liveness._is_locked(other)
        with liveness.alone_in(tmp_path):  # whoever waits too long goes on
            pass
    with (tmp_path / ".lock").open("rb") as other:
        assert liveness._is_locked(other)
    with liveness.alone_in(tmp_path / "missing"):
        assert not (tmp_path / "missing").exists()
