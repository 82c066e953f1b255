"""Words of the command line that a shell or an editor of Windows has changed."""

from __future__ import annotations

import re
from collections.abc import Iterable

RETURN = "\r"
SURROGATE = re.compile("[\ud800-\udfff]")  # what Python reads where bytes are no text
# Git Bash (MSYS2) puts the folder of its installation before what looks like a path.
REWRITTEN_ID = re.compile(
    r"[a-z]:[/\\](?:.*[/\\])?(subscriptions[/\\][^/\\]+[/\\]resourcegroups[/\\].*)", re.IGNORECASE
)
# Options whose values are paths or commands, of which the system takes any bytes.
ANY_BYTES = (
    *("after_batch", "before_batch", "events", "file", "health_command", "job", "job_log", "paths"),
    *("resume", "retry_failed", "stop_on"),
)


def strip_returns(words: list[str]) -> None:
    """Remove, in place, the carriage return at the end of each word of a script with the line ends of Windows."""
    words[:] = [word.rstrip(RETURN) if word.endswith(RETURN) else word for word in words]


def rewritten_id(words: Iterable[str]) -> str | None:
    """Return the first resource ID that Git Bash has made a path of Windows, as it was typed, or None."""
    values = (word.partition("=")[2] if word.startswith("--") else word for word in words)
    found = next((match for value in values if (match := REWRITTEN_ID.fullmatch(value))), None)
    return "/" + found[1].replace("\\", "/") if found else None


def is_text(value: object) -> bool:
    """Check whether a value of an option has no bytes that are not text in the encoding of the system."""
    values = value if isinstance(value, list) else [value]
    return not any(SURROGATE.search(one) for one in values if isinstance(one, str))
