"""The commands of examples, in lines that fit a terminal and can be pasted."""

from __future__ import annotations

import re
from textwrap import wrap

WIDTH = 72  # a terminal has 80 columns, and the CLI indents by 8
INDENT = 4
UNBROKEN = "\xa0"
_OPTION = re.compile(r""" (?=--?[a-z])(?=(?:[^"']|"[^"]*"|'[^']*')*$)""")


def lines_of(command: str) -> str:
    """Return a command in lines that continue, broken before an option where that is possible."""
    if len(command) <= WIDTH:
        return command
    room = WIDTH - len(" \\") - INDENT
    first, *options = _OPTION.split(command)
    kept = [one.replace(" ", UNBROKEN) if len(one) <= room else one for one in options]
    lines = wrap(
        " ".join([first, *kept]), WIDTH - len(" \\"), subsequent_indent=" " * INDENT, break_on_hyphens=False,
        break_long_words=False,
    )  # fmt: skip
    return " \\\n".join(lines).replace(UNBROKEN, " ")
