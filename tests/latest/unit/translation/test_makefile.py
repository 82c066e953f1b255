"""The recipes of a Makefile."""

from __future__ import annotations

import pytest

from azext_flexcompare.translation.makefile import find_parts


@pytest.mark.parametrize(
    ("text", "shell"),
    [
        ("a:\n\tb\n\tc\n", ["b\n", "c\n"]),
        ("a:\n\t@-+ b\n", ["b\n"]),
        ("a:\n\t@b \\\n\t\tc\n", ["b \\\n\tc\n"]),
        ("a:\n\tb $$x $@ $(V) ${W:.c=.o} $(f $(g)) $()\n", ["b $x $_ ${_} ${_______} ${______} $__\n"]),
        ("a:\n\tb $(V\n\tc\n", ["c\n"]),
        (".ONESHELL:\na:\n\t@b\n\tc\nd:\n\te\n", ["b\nc\n", "e\n"]),
        ("SHELL = /usr/bin/pwsh\na:\n\tb\n", []),
    ],
)
def test_the_shell_of_a_makefile_is_that_of_its_recipes(text: str, shell: list[str]) -> None:
    parts = find_parts(text)
    assert [one.text for one in parts.fragments] == shell
    for one in parts.fragments:
        assert text[one.place(0)] == one.text[0]
