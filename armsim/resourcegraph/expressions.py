"""Expressions of a query and their values for a row.

Every expression is a function of the row. Comparisons follow Kusto: == and in are case-sensitive, the others are not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

Row = dict[str, Any]
Expression = Callable[[Row], Any]
Comparison = Callable[[Any, Any], bool]


def text(value: Any) -> str:
    """Return what tostring() makes of a value."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def equal(left: Any, right: Any) -> bool:
    """Compare as == does: numbers with numbers, everything else by its text."""
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return left == right
    return left is not None and text(left) == text(right)


def alike(left: Any, right: Any) -> bool:
    """Compare as =~ does."""
    return left is not None and text(left).lower() == text(right).lower()


def has_term(left: Any, right: Any) -> bool:
    """Compare as has does: the right side is a whole term (or several in a row) of the left one."""
    pattern = rf"(?<![0-9A-Za-z]){re.escape(text(right))}(?![0-9A-Za-z])"
    return re.search(pattern, text(left), re.IGNORECASE) is not None


COMPARISONS: dict[str, Comparison] = {
    "==": equal,
    "!=": lambda left, right: not equal(left, right),
    "=~": alike,
    "!~": lambda left, right: not alike(left, right),
    "contains": lambda left, right: text(right).lower() in text(left).lower(),
    "has": has_term,
    "startswith": lambda left, right: text(left).lower().startswith(text(right).lower()),
    "endswith": lambda left, right: text(left).lower().endswith(text(right).lower()),
}

MEMBERSHIPS: dict[str, Comparison] = {"in": equal, "in~": alike}

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "tolower": lambda value: text(value).lower(),
    "tostring": text,
}


def member(row: Any, steps: tuple[str | int, ...]) -> Any:
    """Return what lies at a dotted path, None where the path leads nowhere."""
    value = row
    for step in steps:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int):
            value = value[step] if step < len(value) else None
        else:
            return None
    return value


def sort_key(value: Any) -> tuple[int, float, str]:
    """Return a key that puts nothing first, then numbers, then texts."""
    if value is None:
        return (0, 0.0, "")
    if isinstance(value, (int, float)):
        return (1, float(value), "")
    return (2, 0.0, text(value))
