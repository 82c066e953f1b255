"""The fault rules in force and the calls that each has counted."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from armsim.clock import Clock
    from armsim.faults.rules import Event, Fault, Rule


class Picked(NamedTuple):
    """What hits a call: a fault or None, and the events that it brings about."""

    fault: Fault | None
    events: list[Event]


class FaultBook:
    """The rules, until when each is in force, and how many calls each has counted."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rules: list[tuple[Rule, float | None]] = []
        self._counts: Counter[tuple[int, str]] = Counter()

    def add(self, rule: Rule) -> None:
        """Add a rule after the existing ones."""
        until = None if rule.seconds is None else self._clock.monotonic() + rule.seconds
        self._rules.append((rule, until))

    def clear(self) -> None:
        """Remove all rules."""
        self._rules.clear()
        self._counts.clear()

    @property
    def refuses(self) -> bool:
        """Whether connections are refused now."""
        return any(rule.fault.kind == "refuse" for _, rule in self._in_force())

    def pick(self, action: str, vm: str | None, method: str | None = None) -> Picked:
        """Count a call in every rule that it matches, and return the events and the first fault that hit it."""
        hits = self._hits(self._in_force(), (action,), vm, method)
        events = [fault.event for fault in hits if fault.event]
        return Picked(next((fault for fault in hits if not fault.event), None), events)

    def pick_part(self, request: str, own: str, vm: str, kinds: set[str]) -> Fault | None:
        """Return the fault of one VM of those that a request is about, where it is of some kinds.

        A rule about the request counts only if it names VMs: the others had their turn when the request came. One
        about what is done to the VM counts however that came to be done, unless it is about an answer.
        """
        rules = (
            (index, rule)
            for index, rule in self._in_force()
            if rule.fault.kind in kinds and (rule.fault.kind != "status" if rule.action == own else rule.vm != "*")
        )
        return next(iter(self._hits(rules, (request, own), vm, None)), None)

    def _in_force(self) -> Iterator[tuple[int, Rule]]:
        for index, (rule, until) in enumerate(self._rules):
            if until is None or self._clock.monotonic() < until:
                yield index, rule

    def _hits(
        self, rules: Iterable[tuple[int, Rule]], actions: tuple[str, ...], vm: str | None, method: str | None
    ) -> list[Fault]:
        hits = []
        for index, rule in rules:
            if not any(rule.matches(action, vm, method) for action in actions):
                continue
            subject = "" if rule.per == "all" else (vm or "").lower()
            self._counts[index, subject] += 1
            if rule.hits(self._counts[index, subject], subject):
                hits.append(rule.fault)
        return hits
