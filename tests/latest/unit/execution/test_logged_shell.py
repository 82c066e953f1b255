"""The commands of a job log, and from which files they are taken."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from azure.cli.core.azclierror import RequiredArgumentMissingError

from azext_flexcompare.execution.logged_shell import COMMANDS, is_own, require_own
from azext_flexcompare.planning.run_options import RUN_OPTIONS

has_rights = pytest.mark.skipif(sys.platform == "win32", reason="There are no such rights.")


@has_rights
@pytest.mark.parametrize(("mode", "own"), [(0o600, True), (0o644, True), (0o620, False), (0o602, False)])
def test_a_file_that_others_may_write_is_not_own(mode: int, own: bool, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.touch()
    log.chmod(mode)
    assert is_own(str(log)) is own


@has_rights
def test_a_file_of_another_user_is_not_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "log"
    log.touch(0o600)
    user = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: user + 1)
    assert not is_own(str(log))


def test_a_file_that_is_missing_is_refused_elsewhere(tmp_path: Path) -> None:
    assert is_own(str(tmp_path / "none"))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_of_a_foreign_log_must_be_repeated(name: str) -> None:
    recorded = {COMMANDS[name]: "rm -r /"}
    with pytest.raises(RequiredArgumentMissingError, match=f"--{name.replace('_', '-')} is a command of log"):
        require_own("log", recorded=recorded, given={})
    require_own("log", recorded=recorded, given={name: "true"})
    require_own("log", recorded={}, given={})


def test_every_command_that_a_log_keeps_is_among_them() -> None:
    commands = [one for one in RUN_OPTIONS if "shell" in one.help and one.logged]
    assert {one.name: one.log_name for one in commands} | {"after_batch": "afterBatch"} == COMMANDS
