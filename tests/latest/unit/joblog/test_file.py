"""The file of a job log: whose it is, and what can be read of it."""

from __future__ import annotations

import errno
import json
import os
import sys
from pathlib import Path
from typing import Any

import portalocker
import pytest
from azure.cli.core.azclierror import FileOperationError, InvalidArgumentValueError, ValidationError
from hypothesis import given
from hypothesis import strategies as st

from azext_flexcompare.joblog import file as job_log
from tests.latest.helpers.logs import PLAN, WHOLE, records_of, write

NO_PIPES = sys.platform == "win32"

# Which file


def test_a_log_is_ours_alone_while_it_is_written(tmp_path: Path) -> None:
    path = str(tmp_path / "log")
    log = job_log.create(path)
    try:
        with pytest.raises(ValidationError, match="Another run is writing"):
            job_log.create(path)
        log.write([PLAN])
        with pytest.raises(ValidationError, match="Another run is writing"):
            job_log.open_to_append(path)
        assert job_log.read_records(path) == [PLAN]
    finally:
        log.close()
    job_log.open_to_append(path)[0].close()


def test_a_file_that_holds_anything_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("mine")
    with pytest.raises(InvalidArgumentValueError, match="is not empty"):
        job_log.create(str(path))
    assert path.read_text() == "mine"


@pytest.mark.parametrize("name", [".", "missing/log", "nul\0byte"])
def test_a_log_that_cannot_be_written_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileOperationError, match="cannot be written"):
        job_log.create(f"{tmp_path}/{name}")


@pytest.mark.parametrize(
    ("name", "told"), [(".", "is not a regular file"), ("missing", "be read"), ("nul\0byte", "be read")]
)
def test_a_log_that_cannot_be_read_is_an_error(tmp_path: Path, name: str, told: str) -> None:
    with pytest.raises(FileOperationError, match=told):
        job_log.open_to_append(f"{tmp_path}/{name}")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}\n",
        b"hello\n",
        b"\xff\xfe\n",
        b"[1]\n",
        b"null\n",
        b'{"record": "plan"',
        b'{"record": "end"}\n',
        b"\n\n",
    ],
)
def test_a_file_that_is_no_log_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "log"
    path.write_bytes(content)
    with pytest.raises(InvalidArgumentValueError, match="no"):
        job_log.open_to_append(str(path))
    assert path.read_bytes() == content


def test_a_log_of_a_later_version_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "log", {**PLAN, "version": 2})
    with pytest.raises(InvalidArgumentValueError, match="another version"):
        job_log.read_records(str(tmp_path / "log"))


CONTENT = b"".join(json.dumps(one).encode() + b"\n" for one in WHOLE)


@given(st.integers(0, len(CONTENT)))
def test_a_log_that_was_cut_anywhere_is_read_as_far_as_it_is_complete(tmp_path_factory: Any, end: int) -> None:
    path = tmp_path_factory.getbasetemp() / "cut"
    path.write_bytes(CONTENT[:end])
    lines = CONTENT[:end].count(b"\n")
    if lines:
        log, records = job_log.open_to_append(str(path))
        log.write([WHOLE[1]])
        log.close()
        assert records == WHOLE[:lines]
        assert records_of(path) == [*WHOLE[:lines], WHOLE[1]]
    else:
        with pytest.raises(InvalidArgumentValueError, match="no plan"):
            job_log.open_to_append(str(path))


# Odd paths


@pytest.mark.skipif(NO_PIPES, reason="There are no named pipes.")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    pipe = str(tmp_path / "pipe")
    os.mkfifo(pipe)
    for use in (job_log.create, job_log.open_to_append, job_log.read_records):
        with pytest.raises(FileOperationError, match="is not a regular file"):
            use(pipe)


def test_a_file_system_without_locks_is_named_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise portalocker.LockException(OSError(errno.ENOLCK, "No locks available"))

    monkeypatch.setattr(portalocker, "lock", refuse)
    with pytest.raises(FileOperationError, match="cannot be locked"):
        job_log.create(str(tmp_path / "log"))


@pytest.mark.skipif(NO_PIPES, reason="Files have no modes.")
def test_a_log_is_for_its_owner_alone_whatever_stood_there(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.touch(0o644)
    job_log.create(str(path)).close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_any_text_can_be_written_and_read(tmp_path: Path) -> None:
    path = str(tmp_path / "log")
    log = job_log.create(path)
    log.write([{**PLAN, "text": "\ud83d \x00 \u2028"}])
    log.close()
    assert job_log.read_records(path)[0]["text"] == "\ud83d \x00 \u2028"
