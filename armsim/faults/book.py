"""Which fault, if any, hits this call?"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from armsim.faults.rules import Fault, Rule


class FaultBook:
    """The rules in force and how many calls each has counted."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self._counts: Counter[tuple[int, str]] = Counter()

    def add(self, rule: Rule) -> None:
        """Put a rule into force, after those there are."""
        self.rules.append(rule)

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        self.rules.clear()
        self._counts.clear()

    def pick(self, action: str, vm: str | None) -> Fault | None:
        """Count a call in every rule that it matches, and return the fault of the first rule that it trips."""
        picked = None
        for index, rule in enumerate(self.rules):
            if not rule.matches(action, vm):
                continue
            key = index, "" if rule.per == "all" else (vm or "").lower()
            self._counts[key] += 1
            if picked is None and rule.hits(self._counts[key]):
                picked = rule.fault
        return picked
