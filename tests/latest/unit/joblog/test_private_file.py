"""Files that only their owner may read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from azext_flexcompare.joblog.private_file import open_private


@pytest.mark.parametrize("before", [None, 0o644, 0o666])
def test_only_the_owner_may_read_a_file_whatever_stood_there(before: int | None, tmp_path: Path) -> None:
    path = tmp_path / "file"
    if before is not None:
        path.touch()
        path.chmod(before)
    os.close(open_private(str(path), os.O_WRONLY | os.O_CREAT))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_rights_of_a_device_stay(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path, 0o644)
    path.chmod(0o644)
    os.close(open_private(str(path), os.O_RDWR))
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
