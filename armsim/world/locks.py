"""A management lock."""

from __future__ import annotations

from typing import Any, NamedTuple

LEVELS = ("NotSpecified", "CanNotDelete", "ReadOnly")


class Lock(NamedTuple):
    """One lock on a scope: the id of a subscription, a resource group or a resource."""

    scope: str
    name: str
    level: str
    notes: str | None = None
    owners: list[dict[str, str]] | None = None

    def body(self) -> dict[str, Any]:
        """Return the lock as ARM shows it."""
        properties: dict[str, Any] = {"level": self.level}
        properties |= {"notes": self.notes} if self.notes is not None else {}
        properties |= {"owners": self.owners} if self.owners is not None else {}
        kind = "Microsoft.Authorization/locks"
        identifier = f"{self.scope}/providers/{kind}/{self.name}"
        return {"properties": properties, "id": identifier, "type": kind, "name": self.name}

    def forbids(self, scope: str, deletes: bool) -> bool:
        """Return whether it forbids to write to a scope, or to delete it: a lock on a part protects the whole."""
        if deletes and self.level in {"CanNotDelete", "ReadOnly"}:
            return is_within(scope, self.scope) or is_within(self.scope, scope)
        return self.level == "ReadOnly" and is_within(scope, self.scope)


def is_within(inner: str, outer: str) -> bool:
    """Return whether a scope is another one or part of it."""
    return f"{inner}/".lower().startswith(f"{outer}/".lower())
