"""Tables, which fit a terminal."""

from __future__ import annotations

import pytest

from tests.latest.helpers.az import Run


@pytest.mark.parametrize(
    ("command", "columns"),
    [
        ("compare", 120),
        ("compare --by command", 120),
        ("compare --by command -g rg -n flex", 120),
        ("compare -g rg -n flex", 120),
        ("list-instances -g rg -n flex", 80),
        ("restart -g rg -n flex", 80),
        ("get-instance-view -g rg -n flex", 80),
        ("protection show -g rg -n flex", 80),
    ],
)
def test_a_table_fits_its_columns(command: str, columns: int, run: Run) -> None:
    lines = run(*command.split(), "-o", "table").stdout.splitlines()
    assert len(lines) > 3
    assert max(len(line) for line in lines) <= columns
