"""The actions that a role needs for the requests of a command."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tools.permissions import action_of, command_of, needed


def lower(actions: Iterable[str]) -> set[str]:
    """Return actions without regard to case, as Azure compares them."""
    return {action.lower() for action in actions}


def used(requests: Iterable[dict[str, Any]]) -> set[str]:
    """Return the actions for requests of the simulator's log."""
    return lower(action_of(one["method"], one["path"]) for one in requests)


def not_listed(requests: Sequence[dict[str, Any]], words: Sequence[str]) -> set[str]:
    """Return the actions that a command used and docs/permissions.md does not list for it."""
    return used(requests) - lower(needed(command_of(words), words)) if requests else set()
