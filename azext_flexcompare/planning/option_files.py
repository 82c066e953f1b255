"""Values of options that are read from files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_flexcompare.table.entries import Operation

NOT_READ = re.compile(r"@[\w./~\\:+-]+")  # what the CLI leaves of `@file` where it cannot read the file
LITERAL = ("secret", "flag")  # types whose values may begin with an @, such as a password


def read_setting(text: str) -> str:
    """Return the content of a file if a value is the path of one, as `az vm extension set` takes it, else the value."""
    try:
        return Path(text).read_text("utf-8") if not text.lstrip().startswith("{") and Path(text).is_file() else text
    except OSError:  # a text that is too long for a path
        return text


def require_files(operation: Operation, options: Mapping[str, Any]) -> None:
    """Raise InvalidArgumentValueError for an `@file` that could not be read: it would be taken as the value itself."""
    for option in operation.given(options):
        for value in _texts(options[option.dest]) if option.type not in LITERAL else ():
            if NOT_READ.fullmatch(value):
                raise InvalidArgumentValueError(
                    f"{option.name}: the file {value[1:]} cannot be read.",
                    recommendation="Specify a file that exists, or the value itself.",
                )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for one in value if isinstance(value, list) else ():
        yield from _texts(one)
