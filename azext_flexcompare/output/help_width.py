"""The width of the help, which is that of a terminal."""

from __future__ import annotations

from typing import Any

COLUMNS = 80  # the CLI's own help takes a hundred, whatever the terminal


def narrow_help(cli_ctx: Any) -> None:
    """Set the help to 80 columns."""
    if cli_ctx.invocation:
        cli_ctx.invocation.help.textwrap_width = COLUMNS
