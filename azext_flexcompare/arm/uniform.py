"""The `az vmss` command to use for a Uniform scale set, which must do no more than what was asked of ours."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence

from azext_flexcompare.table.entries import namesakes

PLACE = ("-g", "--resource-group", "-n", "--name", "--vmss-name", "--ids", "--subscription")
WHOLE_SET = re.compile("/virtualMachineScaleSets/[^/]+/?$", re.IGNORECASE)  # how the id of a set ends
INSTANCES = ("--instance-ids", "--instance-id")
HARMLESS = (  # without them a command does the same
    *("-y", "--yes", "--timeout", "--job-log", "--events"),
    *("-o", "--output", "--query", "--debug", "--verbose", "--only-show-errors"),
)
SHARED = {  # options that a command of ours and the one of `az vmss` both have, besides those of the place
    "deallocate": ("--instance-ids", "--no-wait", "--hibernate"),
    "delete-instances": ("--instance-ids", "--no-wait"),
    "perform-maintenance": ("--instance-ids", "--no-wait"),
    "reimage": ("--instance-ids", "--no-wait"),
    "restart": ("--instance-ids", "--no-wait"),
    "set-orchestration-service-state": ("--no-wait", "--service-name", "--action"),
    "start": ("--instance-ids", "--no-wait"),
    "stop": ("--instance-ids", "--no-wait", "--skip-shutdown"),
    "update-instances": ("--instance-ids", "--no-wait"),
}


def uniform_advice(command: str, place: str, typed: Sequence[str]) -> str:
    """Return a recommendation for a command that was typed for a Uniform set; `place` are the options that name it.

    A command to paste is in it only if it has every option that was typed.
    """
    others = namesakes(command)
    if not others:
        return f"`az vmss` has no command for {command}; see `az vmss -h`."
    return " ".join(_advice(other, place, options_of(typed)) for other in others)


def options_of(typed: Iterable[str]) -> list[tuple[str, list[str]]]:
    """Return the options among arguments, each with its values."""
    found: list[tuple[str, list[str]]] = []
    for word in typed:
        if word.startswith("-") and len(word) > 1:
            name, equals, value = word.partition("=")
            found.append((name, [value] if equals else []))
        elif found:
            found[-1][1].append(word)
    return found


def _advice(other: str, place: str, options: list[tuple[str, list[str]]]) -> str:
    shared = SHARED.get(other.removeprefix("az vmss "), ())
    words, lost = [other, place], []
    for name, values in options:
        plain = INSTANCES[0] if name in INSTANCES else name
        if plain in shared:
            words.append(shlex.join([plain, *values]))
        elif name == "--ids" and not all(WHOLE_SET.search(one) for value in values for one in value.split()):
            lost.append("--ids of instances")
        elif name not in PLACE + HARMLESS:
            lost.append(name)
    if lost:
        return f"`{other}` is for Uniform scale sets; it has no {', '.join(dict.fromkeys(lost))}."
    return f"Use `{' '.join(words)}` instead."
