"""The width of the help."""

from __future__ import annotations

from types import SimpleNamespace

from azext_flexcompare.output.help_width import COLUMNS, narrow_help


def test_the_help_of_this_call_gets_the_width() -> None:
    shown = SimpleNamespace(textwrap_width=100)
    narrow_help(SimpleNamespace(invocation=SimpleNamespace(help=shown)))
    assert shown.textwrap_width == COLUMNS


def test_what_reads_only_the_commands_has_no_help() -> None:
    narrow_help(SimpleNamespace(invocation=None))
