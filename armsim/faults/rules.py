"""Fault rules: their JSON form and the calls that they match."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, NamedTuple

from armsim.compute.lifecycle import ACTIONS, WRITES
from armsim.faults.rewrite import KEYS as REWRITE_KEYS
from armsim.faults.rewrite import Rewrite, parse_rewrite
from armsim.identifiers import draw

if TYPE_CHECKING:
    from collections.abc import Mapping

ANSWERS = {"status", "answer", "malformed", "drop-before", "drop-after", "refuse"}
"""Faults of the answer."""
LISTS = {"overlap", "loop", "case"}
"""Faults of a list."""
_PREEMPTING = {"deleted", "deallocated"}
OPERATIONS = {"fail", "stuck", "gone", "output", *_PREEMPTING}
"""Faults of the operation that an accepted request starts."""
_OF_ONE_VM = {*ACTIONS, *WRITES}
"""The actions whose operation ends when another client preempts it."""

PARTS = {"status", "fail", "stuck"}
"""Faults of what a request does to one of its VMs."""

_WORDS = {"kind", "status", "code", "message", "retryAfter", "details", "innererror"}
_KEYS = {"output": {"kind", "value"}, "answer": {"kind", *REWRITE_KEYS}, "event": {"kind", "do", "vm", "word", "delay"}}
_EVENTS = {"remove", "replace", "add", "agent", "health", "provisioning"}
_REPORTS = {
    "provisioning": {"Succeeded", "Failed", "Updating", "Deleting"},
    "agent": {"Ready", "Not Ready"},
    "health": {"healthy", "unhealthy", "unknown", "initializing"},
}
_METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
_INTERNAL = {
    "code": "InternalExecutionError",
    "message": "An internal execution error occurred. Please retry later.",
}
_RULE = {"vm", "action", "method", "nth", "times", "per", "share", "seed", "seconds", "fault"}


class Event(NamedTuple):
    """Something that happens to VMs: `do` is an action of another client, a removal, or a report of a `word`."""

    do: str
    vm: str | None = None
    word: str = ""
    delay: float = 0.0


class Fault(NamedTuple):
    """One fault; `retry_after` is in seconds, None for no header; `extra` are further members of its error."""

    kind: str
    status: int = 0
    code: str | None = None
    message: str | None = None
    retry_after: int | None = None
    extra: Mapping[str, Any] = {}
    rewrite: Rewrite | None = None
    event: Event | None = None

    def error(self, default: dict[str, str] | None = None) -> dict[str, Any]:
        """Return the error of an operation that fails, in the words of its provider where the rule has none."""
        words = default or _INTERNAL
        return {"code": self.code or words["code"], "message": self.message or words["message"], **self.extra}


class Rule(NamedTuple):
    """Which calls go wrong: an action (`*` for any) of VMs named by a glob; `nth` alone, the first `times`, or all.

    Calls are counted for every VM by itself, with `per` all over all of them. Of the calls that are left, `share` go
    wrong, the same ones in every run with the same `seed`. The rule is in force for `seconds` from when it is added.
    With a `method` it is about ARM requests of that method alone.
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
    method: str | None = None

    def matches(self, action: str, vm: str | None, method: str | None = None) -> bool:
        """Return whether a call is one that the rule counts."""
        named = self.action in ("*", action) and fnmatchcase((vm or "").lower(), self.vm.lower())
        return named and self.method in (None, method)

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
    if entry.get("method", "GET") not in _METHODS:
        raise ValueError(f"a fault rule has a method of {', '.join(sorted(_METHODS))}")
    _check_chance(entry)
    rule = Rule(**{**entry, "fault": parse_fault(entry["fault"])})
    _check_kind(rule, actions)
    return rule


def _check_kind(rule: Rule, actions: dict[str, bool]) -> None:
    """Raise ValueError where an action cannot have the fault of its rule."""
    if rule.fault.kind in OPERATIONS and not actions.get(rule.action, True):
        raise ValueError(f"the action '{rule.action}' starts no operation that could be '{rule.fault.kind}'")
    if rule.fault.kind in _PREEMPTING and rule.action not in _OF_ONE_VM:
        kind = rule.fault.kind
        raise ValueError(f"the action '{rule.action}' is not one on a single VM, which could be {kind} meanwhile")
    if rule.fault.kind == "output" and rule.action not in {"runCommand", "run-command-put"}:
        raise ValueError(f"the action '{rule.action}' has no output")


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
    kind = entry.get("kind", "status" if "status" in entry else None)
    kinds = ANSWERS | LISTS | OPERATIONS | {"event"}
    if kind not in kinds:
        raise ValueError(f"a fault is of kind {', '.join(sorted(kinds))}; not '{kind}'")
    _check_keys("fault", entry, _KEYS.get(kind, _WORDS))
    if kind == "answer":
        return Fault(kind, rewrite=parse_rewrite(entry))
    return Fault(kind, event=_parse_event(entry)) if kind == "event" else _parse_words(kind, entry)


def _parse_words(kind: str, entry: dict[str, Any]) -> Fault:
    status = entry.get("status", 0)
    if kind == "status" and not 400 <= status <= 599:
        raise ValueError(f"a fault of kind status needs an HTTP status of 400 to 599, not {status}")
    if kind in _PREEMPTING and status not in {0, 404}:
        raise ValueError(f"a fault of kind {kind} has the status 404 or none, not {status}")
    extra: dict[str, Any] = {name: entry[name] for name in ("details", "innererror", "value") if name in entry}
    return Fault(
        kind, status, entry.get("code"), entry.get("message"), retry_after=entry.get("retryAfter"), extra=extra
    )


def _parse_event(entry: dict[str, Any]) -> Event:
    do, word, delay = str(entry.get("do")), entry.get("word", ""), entry.get("delay", 0)
    known = {*_EVENTS, *(name for name, action in ACTIONS.items() if action.answer == 202)}
    if do not in known:
        raise ValueError(f"an event does {', '.join(sorted(known))}; not '{do}'")
    if word not in _REPORTS.get(do, {""}):
        raise ValueError(f"an event that does '{do}' cannot have the word '{word}'")
    if not _is_number(delay) or delay < 0:
        raise ValueError("an event has a delay of seconds")
    return Event(do, entry.get("vm"), word, delay)


def _check_keys(what: str, entry: dict[str, Any], known: set[str]) -> None:
    unknown = sorted(set(entry) - known)
    if unknown:
        raise ValueError(f"a {what} has no key '{unknown[0]}'; there are {', '.join(sorted(known))}")
