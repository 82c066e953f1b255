"""The spellings of an option."""

from __future__ import annotations

import pytest

from azext_flexcompare.planning.option_names import LONGEST, SpareSpelling, spellings


@pytest.mark.parametrize(
    ("names", "listed"),
    [
        (["--name"], ["--name"]),
        (["--name", "-n", "--vmss-name"], ["--name", "-n"]),
        (["--long-" + "x" * LONGEST, "--longer", "--long"], ["--long"]),
        (["--load-balancer", "--lb"], ["--load-balancer"]),
    ],
)
def test_one_long_name_is_listed_and_all_are_accepted(names: list[str], listed: list[str]) -> None:
    found = spellings(*names)
    assert found == names
    assert [name for name in found if not isinstance(name, SpareSpelling)] == listed


def test_a_spare_name_is_a_word_that_the_help_leaves_out() -> None:
    assert SpareSpelling("--lb") == "--lb"
    assert not SpareSpelling("--lb").deprecate_info.show_in_help()
