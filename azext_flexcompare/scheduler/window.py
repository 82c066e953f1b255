"""A rolling window: which members of a group may begin, so that no more of it than a budget are ever unavailable.

Pure: times are those of any clock that only goes forward, given by the caller.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Window(Generic[K]):
    """The unavailable members of each group: those in their turn, and those that were seen to be unavailable."""

    def __init__(self, budgets: Mapping[K, int]) -> None:
        self.budgets = budgets
        self.down: dict[K, set[K]] = {group: set() for group in budgets}
        self.turns: set[K] = set()
        self.touched: dict[K, float] = {}  # when a member's turn began or ended
        self.seen_at = float("-inf")  # when the latest view began

    def see(self, down: Mapping[K, Collection[K]], began: float) -> None:
        """Apply a view of all groups that began at a moment; it tells nothing of a turn that is not older."""
        self.seen_at = began
        for group in self.budgets:
            kept = {one for one in self.down[group] if self._is_newer(one, began)}
            self.down[group] = kept | {one for one in down.get(group, ()) if not self._is_newer(one, began)}

    def _is_newer(self, member: K, began: float) -> bool:
        return member in self.turns or self.touched.get(member, began - 1) >= began

    def may_begin(self, group: K, member: K) -> bool:
        """Check whether a member may become unavailable; one that is so already adds nothing."""
        return member in self.down[group] or len(self.down[group]) < self.budgets[group]

    def begin(self, group: K, member: K, now: float) -> None:
        """Count a member as unavailable from now on."""
        self.down[group].add(member)
        self.turns.add(member)
        self.touched[member] = now

    def end(self, group: K, member: K, now: float, *, available: bool) -> None:
        """End the turn of a member; unless it is known to be available, it counts until a later view shows that."""
        self.turns.discard(member)
        self.touched[member] = now
        if available:
            self.down[group].discard(member)

    def is_settled(self) -> bool:
        """Check whether the latest view is newer than every turn, and no turn is left."""
        return not self.turns and self.seen_at > max(self.touched.values(), default=float("-inf"))
