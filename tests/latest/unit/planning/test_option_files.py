"""Values of options that are read from files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_flexcompare.planning.option_files import read_setting, require_files
from azext_flexcompare.table.entries import operations

BY_NAME = {one.name: one for one in operations()}


def test_a_path_is_read_and_any_other_text_is_not(tmp_path: Path) -> None:
    path = tmp_path / "settings"
    path.write_text("content")
    assert read_setting(str(path)) == "content"
    for text in (str(tmp_path), '{"a": 1}', "x" * 100_000, "nothing"):
        assert read_setting(text) == text


@pytest.mark.parametrize(
    ("operation", "options"),
    [
        ("run-command", {"scripts": ["echo", "@missing.sh"]}),
        ("run-command", {"parameters": ["@../a/b"]}),
        ("update", {"tags": ["@tags.json"]}),
    ],
)
def test_a_file_that_was_not_read_is_refused(operation: str, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentValueError, match="cannot be read"):
        require_files(BY_NAME[operation], options)


@pytest.mark.parametrize(
    ("operation", "options"),
    [
        ("run-command", {"scripts": ["@echo off", "@(1)"], "fail_on_stderr": True}),
        ("reimage", {"admin_password": "@Passw0rd"}),
        ("update", {"tags": ["a=@b"]}),
    ],
)
def test_what_only_begins_like_a_file_is_taken(operation: str, options: dict[str, Any]) -> None:
    require_files(BY_NAME[operation], options)
