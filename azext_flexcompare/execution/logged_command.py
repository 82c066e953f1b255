"""The command line of a run, as its job log keeps it: without what may be a secret."""

from __future__ import annotations

import re
import shlex
from collections.abc import Container, Iterable, Iterator

from azext_flexcompare.output.masking import MASK, Masker
from azext_flexcompare.output.text import shorten
from azext_flexcompare.table.entries import Operation

KEPT = ("flag", "text", "name")  # types of options whose values cannot hold a secret
LONGEST = 10_000  # characters; a file of names may be a part of the command line
FLAG = re.compile(r"--?[A-Za-z][\w-]*(?:=.*)?", re.DOTALL)  # the parser takes no other word for an option, and of
# those with a blank only some


def logged_command(words: Iterable[str], operation: Operation, mask: Masker) -> str:
    """Return a command line without the values of options that may hold a secret, and with other secrets masked."""
    hidden = {flag for one in operation.options if one.type not in KEPT for flag in (one.name, *one.aliases)}
    kept = (word if word == MASK else mask(word) for word in _without_values(words, hidden))
    return shorten(shlex.join(["az", *kept]), LONGEST)


def _without_values(words: Iterable[str], hidden: Container[str]) -> Iterator[str]:
    inside = False
    for word in words:
        name, equals, _ = word.partition("=")
        if FLAG.fullmatch(word) and not (inside and " " in word and name not in hidden):
            inside = name in hidden
            yield f"{name}={MASK}" if inside and equals else word
        else:
            yield MASK if inside else word
