"""Which fault, if any, hits this call?"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

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
        return self._pick(enumerate(self.rules), (action,), vm)

    def pick_part(self, request: str, own: str, vm: str, kinds: set[str]) -> Fault | None:
        """Return the fault of one VM of those that a request is about, where it is of some kinds.

        A rule about the request counts only if it names VMs: the others had their turn when the request came. One
        about what is done to the VM counts however that came to be done, unless it is about an answer.
        """
        rules = (
            (index, rule)
            for index, rule in enumerate(self.rules)
            if rule.fault.kind in kinds and (rule.fault.kind != "status" if rule.action == own else rule.vm != "*")
        )
        return self._pick(rules, (request, own), vm)

    def _pick(self, rules: Iterable[tuple[int, Rule]], actions: tuple[str, ...], vm: str | None) -> Fault | None:
        picked = None
        for index, rule in rules:
            if not any(rule.matches(action, vm) for action in actions):
                continue
            key = index, "" if rule.per == "all" else (vm or "").lower()
            self._counts[key] += 1
            if picked is None and rule.hits(self._counts[key]):
                picked = rule.fault
        return picked
