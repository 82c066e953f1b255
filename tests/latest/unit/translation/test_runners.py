"""The commands that run another command."""

from __future__ import annotations

import pytest

from azext_flexcompare.translation.bash import parse_script
from azext_flexcompare.translation.runners import is_run_for_each, skip_runners


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("az vmss list", ["az", "vmss", "list"]),
        ("time sudo -E timeout --foreground 60 az x", ["az", "x"]),
        ("env A=b az x", ["az", "x"]),
        ("xargs -r -n 1 -P4 --max-args=2 -d '\\n' az x", ["az", "x", None]),
        ("sudo xargs sudo az x", ["az", "x", None]),
        ("xargs -I{} az x {} y", ["az", "x", None, "y"]),
        ("xargs -I '%' az x a%", ["az", "x", None]),
        ("xargs -a file az x", []),
        ("xargs", []),
        ("sudo", []),
    ],
)
def test_the_command_that_is_run_is_found(script: str, words: list[str | None]) -> None:
    assert [word.value for word in skip_runners(parse_script(script).commands[0])] == words


@pytest.mark.parametrize(
    ("script", "each"),
    [
        ("xargs -n1 az x", True),
        ("xargs -n 1 az x", True),
        ("xargs -I {} az x {}", True),
        ("xargs -L1 az x", True),
        ("xargs -n 10 az x", False),
        ("xargs az x -n 1", False),
        ("az x", False),
    ],
)
def test_xargs_runs_it_once_or_for_each_word(script: str, each: bool) -> None:
    assert is_run_for_each(parse_script(script).commands[0]) == each
