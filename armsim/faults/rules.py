"""Fault rules: their JSON form and the calls that they match."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from armsim.compute.lifecycle import ACTIONS, WRITES
from armsim.identifiers import draw

ANSWERS = {"status", "malformed", "drop-before", "drop-after"}
"""Faults of the answer."""
OPERATIONS = {"fail", "stuck", "gone", "deleted"}
"""Faults of the operation that an accepted request starts."""
_OF_ONE_VM = {*ACTIONS, *WRITES}
"""The actions whose operation ends when its VM is deleted."""

PARTS = {"status", "fail", "stuck"}
"""Faults of what a request does to one of its VMs."""

_FAULT = {"kind", "status", "code", "message", "retryAfter"}
_INTERNAL = {
    "code": "InternalExecutionError",
    "message": "An internal execution error occurred. Please retry later.",
}
_RULE = {"vm", "action", "nth", "times", "per", "share", "seed", "seconds", "fault"}


class Fault(NamedTuple):
    """One fault; `retry_after` is in seconds, None for no header."""

    kind: str
    status: int = 0
    code: str | None = None
    message: str | None = None
    retry_after: int | None = None

    def error(self, default: dict[str, str] | None = None) -> dict[str, str]:
        """Return the error of an operation that fails, in the words of its provider where the rule has none."""
        words = default or _INTERNAL
        return {"code": self.code or words["code"], "message": self.message or words["message"]}


class Rule(NamedTuple):
    """Which calls go wrong: an action (`*` for any) of VMs named by a glob; `nth` alone, the first `times`, or all.

    Calls are counted for every VM by itself, with `per` all over all of them. Of the calls that are left, `share` go
    wrong, the same ones in every run with the same `seed`. The rule is in force for `seconds` from when it is added.
    """

    action: str
    fault: Fault
    vm: str = "*"
    nth: int | None = None
    times: int | None = None
    per: str = "vm"
    share: float = 1.0
    seed: int = 0
    seconds: float | None = None

    def matches(self, action: str, vm: str | None) -> bool:
        """Return whether a call is one that the rule counts."""
        return self.action in ("*", action) and fnmatchcase((vm or "").lower(), self.vm.lower())

    def hits(self, number: int, subject: str) -> bool:
        """Return whether the rule's call of this number, from 1, of a VM (or of all) goes wrong."""
        if self.nth is not None:
            return number == self.nth
        if self.times is not None and number > self.times:
            return False
        return self.share == 1 or draw(self.seed, self.action, subject, number) < self.share


def parse_rule(entry: dict[str, Any], actions: dict[str, bool]) -> Rule:
    """Return the rule of its JSON form, or raise ValueError naming what is wrong.

    `actions` are the actions there are and whether they start an operation.
    """
    _check_keys("fault rule", entry, _RULE)
    if "action" not in entry or "fault" not in entry:
        raise ValueError("a fault rule needs an action and a fault")
    if entry["action"] != "*" and entry["action"] not in actions:
        raise ValueError(f"there is no action '{entry['action']}'; there are {', '.join(sorted(actions))}")
    if entry.get("per", "vm") not in {"vm", "all"}:
        raise ValueError("a fault rule counts per 'vm' or 'all'")
    if "nth" in entry and "times" in entry:
        raise ValueError("a fault rule has nth or times, not both")
    _check_chance(entry)
    rule = Rule(**{**entry, "fault": parse_fault(entry["fault"])})
    if rule.fault.kind in OPERATIONS and not actions.get(rule.action, True):
        raise ValueError(f"the action '{rule.action}' starts no operation that could be '{rule.fault.kind}'")
    if rule.fault.kind == "deleted" and rule.action not in _OF_ONE_VM:
        raise ValueError(f"the action '{rule.action}' is not one on a single VM, which could be deleted meanwhile")
    return rule


def _check_chance(entry: dict[str, Any]) -> None:
    if "share" in entry and ("nth" in entry or not _is_number(entry["share"]) or not 0 < entry["share"] <= 1):
        raise ValueError("a fault rule has a share above 0 and up to 1, and none with nth")
    if "seed" in entry and not ("share" in entry and isinstance(entry["seed"], int)):
        raise ValueError("a fault rule has a whole number as seed, and none without a share")
    if "seconds" in entry and not (_is_number(entry["seconds"]) and entry["seconds"] > 0):
        raise ValueError("a fault rule is in force for a number of seconds above 0")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def parse_fault(entry: dict[str, Any]) -> Fault:
    """Return the fault of its JSON form; `kind` may be left out where there is a status."""
    _check_keys("fault", entry, _FAULT)
    kind = entry.get("kind", "status" if "status" in entry else None)
    if kind not in ANSWERS | OPERATIONS:
        raise ValueError(f"a fault is of kind {', '.join(sorted(ANSWERS | OPERATIONS))}; not '{kind}'")
    status = entry.get("status", 0)
    if kind == "status" and not 400 <= status <= 599:
        raise ValueError(f"a fault of kind status needs an HTTP status of 400 to 599, not {status}")
    if kind == "deleted" and status not in {0, 404}:
        raise ValueError(f"a fault of kind deleted has the status 404 or none, not {status}")
    return Fault(kind, status, entry.get("code"), entry.get("message"), entry.get("retryAfter"))


def _check_keys(what: str, entry: dict[str, Any], known: set[str]) -> None:
    unknown = sorted(set(entry) - known)
    if unknown:
        raise ValueError(f"a {what} has no key '{unknown[0]}'; there are {', '.join(sorted(known))}")
