"""The actions that a role must allow for each command, by the requests that the command sends.

Requests of operations are those of the table; `permissions.json` has those of the other commands and of options.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from azext_flexcompare.table.entries import Operation, bulk_services, operations, others

FILE = Path(__file__).with_suffix(".json")
READS = ("Microsoft.ResourceGraph/resources",)  # a query is a POST that only reads
SUFFIXES = {"GET": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}
WITHOUT_LOGIN = ("job delete", "job list", "job show", "report", "translate")
NOBODYS = "/subscriptions/00000000-0000-0000-0000-000000000000"


@cache
def requests() -> dict[str, Any]:
    """Read the requests of commands and options."""
    found: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
    return found


def action_of(method: str, path: str) -> str:
    """Return the action that a role must allow for a request, as Azure names actions by the types in the path."""
    _, provider, after = path.rpartition("/providers/")
    names = after.strip("/").split("/")
    kinds = "/".join([names[0], *names[1::2]] if provider else ["Microsoft.Resources", *names[::2]])
    if method == "POST":
        return f"{kinds}/{'read' if kinds in READS else 'action'}"
    return f"{kinds}/{SUFFIXES[method]}"


def always(command: str) -> set[str]:
    """List the actions that a command needs every time, without its options."""
    operation = _operation(command)
    sent = [*_extra(command).get("selecting", requests()["selecting"]), *_extra(command).get("always", ())]
    if operation:
        read = ["GET {set}/virtualMachines/VM"] if operation.target in ("vm", "extension", "runCommand") else []
        sent += [operation.request, *read, *(["GET {operation}"] if operation.is_long else [])]
    return set(_actions(sent))


def needed(command: str, words: Sequence[str] = ()) -> set[str]:
    """List the actions that a command may need with the options among the words."""
    line = " ".join(words).lower()
    given = [one for option, one in requests()["options"].items() if _is_given(option, line)]
    sent = [*_extra(command).get("sometimes", ()), *(request for one in given for request in one["requests"])]
    return {*always(command), *_actions(sent), *_engine(command, line)}


def command_of(words: Sequence[str]) -> str:
    """Return the command that words call, of one or two words."""
    return next(name for name in commands() if list(words[: len(name.split())]) == name.split())


def commands() -> list[str]:
    """List the commands that log in, the longer names first."""
    names = {*(one.name for one in operations()), *(one.name for one in others())}
    return sorted(names.difference(WITHOUT_LOGIN), key=lambda name: (-name.count(" "), name))


def command_rows() -> Iterator[tuple[str, str]]:
    """List what each command needs beyond the right to select instances."""
    selecting = set(_actions(requests()["selecting"]))
    for name in sorted(commands()):
        mostly, more = always(name) - selecting, needed(name) - always(name)
        yield f"`{name}`", _shown(mostly, more) or "nothing more"


def option_rows() -> Iterator[tuple[str, str, str]]:
    """List what each option needs more, engines among them."""
    for option, one in requests()["options"].items():
        yield f"`{option}`", one["of"], _shown(set(_actions(one["requests"])))
    for operation in operations():
        for engine in operation.engines or {}:
            more = _engine(operation.name, f"--engine {engine}") - always(operation.name)
            if more:
                yield f"`--engine {engine}`", operation.name, _shown(more)


def role(name: str) -> dict[str, Any]:
    """Build the definition of a role: `reader` or `operator`."""
    reading = [one for one in commands() if not any(_writes(action) for action in needed(one, ["--details"]))]
    actions = {action for one in reading for action in needed(one, ["--details", "--source resource-graph"])}
    if name == "operator":
        options = ["--drain", "--health-gate command", "--engine set"]
        allowed = [needed(one, options) for one in requests()["operator"]]
        actions = set.union(actions, *allowed)
    does = {"reader": "Reads", "operator": "Reads, restarts, reimages and drains"}[name]
    return {
        "Name": f"Flexible scale set {name}",
        "IsCustom": True,
        "Description": f"{does} the instances of Flexible scale sets with az vmss-flex.",
        "Actions": sorted(actions),
        "NotActions": [],
        "DataActions": [],
        "NotDataActions": [],
        "AssignableScopes": [NOBODYS],
    }


def _operation(command: str) -> Operation | None:
    return next((one for one in operations() if one.name == command), None)


def _extra(command: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = requests()["commands"].get(command, {})
    return found


def _actions(sent: Iterable[str]) -> Iterator[str]:
    for request in sent:
        method, path = request.split(" ")
        yield action_of(method, path.format(**requests()["templates"]))


def _engine(command: str, line: str) -> set[str]:
    operation = _operation(command)
    ways = (operation.engines if operation else None) or {}
    sent = [ways["set"]["request"]] if "set" in ways and "--engine set" in line else []
    return {*_actions(sent), *(_bulk(ways["bulk"]) if "bulk" in ways and "--engine bulk" in line else ())}


def _bulk(way: dict[str, Any]) -> Iterator[str]:
    more = (one["verb"] for one in way.get("options", {}).values() if "verb" in one)
    for verb in (way["verb"], *more):
        for service in bulk_services(verb):
            place = service.place.format(subscription="S", group="G", location="L")
            for name in (service.verbs[verb], service.status, service.cancel):
                yield action_of("POST", f"{place}/{name}")


def _is_given(option: str, line: str) -> bool:
    name, _, value = option.partition(" ")
    _, given, rest = line.partition(name)
    return bool(given) and value in rest.partition(" --")[0]


def _writes(action: str) -> bool:
    return not action.endswith("/read")


def _shown(mostly: set[str], more: Iterable[str] = ()) -> str:
    written = sorted(mostly, key=lambda one: (not _writes(one), one))
    return ", ".join([*(f"`{action}`" for action in written), *(f"sometimes `{action}`" for action in sorted(more))])
