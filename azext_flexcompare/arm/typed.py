"""The arguments of this invocation of the CLI, for advice that repeats them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

KEY = "vmss_flex_arguments"


def keep_typed(cli_ctx: Any, arguments: Sequence[str]) -> None:
    """Keep the arguments of this invocation."""
    cli_ctx.data[KEY] = list(arguments)


def typed(cli_ctx: Any) -> list[str]:
    """Return the arguments of this invocation, none where there was no command line."""
    return list(cli_ctx.data.get(KEY) or ())


def is_typed(cli_ctx: Any, option: str) -> bool:
    """Return whether an option is on the command line, and not only configured as a default."""
    return any(word.partition("=")[0] == option for word in typed(cli_ctx))
