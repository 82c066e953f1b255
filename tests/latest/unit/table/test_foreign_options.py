"""Options that only the `az vmss` command of the same name has."""

from __future__ import annotations

from azext_flexcompare.table.entries import operations, others
from azext_flexcompare.table.foreign_options import FOREIGN


def test_each_is_of_a_command_that_there_is_and_says_what_to_use_instead() -> None:
    commands = {one.name for one in operations()} | {one.name for one in others()}
    assert {*FOREIGN} <= commands
    for options in FOREIGN.values():
        assert all(option.startswith("-") for option in options)
        assert all(instead[0].isupper() and instead.endswith(".") for instead in options.values())


def test_none_is_an_option_of_the_operation() -> None:
    for one in operations():
        own = {name for option in one.options for name in (option.name, *option.aliases)}
        assert not own & {*FOREIGN.get(one.name, {})}
