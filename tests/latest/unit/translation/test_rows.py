"""The rows of the table that words and options lead to."""

from __future__ import annotations

import pytest

from azext_flexcompare.translation.rows import always_works, exception_of, is_group, row_named, rows, support_with

CREATE = {"onFlexible": "works", "withOptions": {"--nat-pool-name": "fails", "--mode Uniform": "differs"}}


def test_the_longest_command_of_the_words_is_found() -> None:
    row = row_named(["nic", "list-vm-nics", "web"])
    assert row
    assert row["name"] == "nic list-vm-nics"
    assert row_named(["nic"]) is None
    assert row_named(["nonsense"]) is None


def test_a_group_is_the_beginning_of_a_command() -> None:
    assert is_group([])
    assert is_group(["nic"])
    assert not is_group(["ni"])


def test_a_command_with_an_exception_does_not_always_work() -> None:
    assert always_works(rows()["list"])
    assert not always_works(rows()["stop"])


@pytest.mark.parametrize(
    ("option", "support"),
    [
        ("--nat-pool-name", "fails"),
        ("--nat-pool", "fails"),
        ("--na", "works"),
        ("--mode uniform", "differs"),
        ("--mode Flexible", "works"),
        ("--mode", "works"),
        ("-g x", "works"),
    ],
)
def test_an_option_makes_a_difference_by_its_name_an_abbreviation_or_its_value(option: str, support: str) -> None:
    assert support_with(CREATE, ["--name x", option]) == support
    assert bool(exception_of(CREATE, [option])) == (support != "works")
