"""Types of arguments, and the choice of instances that the arguments make."""

from __future__ import annotations

import json
import re
from argparse import ArgumentTypeError
from difflib import get_close_matches
from typing import Any

from azure.cli.core.azclierror import (
    InvalidArgumentValueError,
    MutuallyExclusiveArgumentError,
    RequiredArgumentMissingError,
)

from azext_flexcompare.planning.option_values import positive
from azext_flexcompare.planning.run_options import RUN_OPTIONS
from azext_flexcompare.selection.selection import Choice
from azext_flexcompare.table.comparison import names

CHOICE_OF_SETS = ("resource_group_name", "vmss_name", "ids", "all_sets", "set_tag")
CHOICE = (
    *CHOICE_OF_SETS,
    "instance_ids",
    "zone",
    "fault_domain",
    "power_state",
    "tag",
    "exclude",
    "provisioning_state",
    "priority",
    "unhealthy",
    "outdated",
    "sample",
    "shard",
)

ACTING = tuple(option.name for option in RUN_OPTIONS)
SEPARATORS = re.compile(r"[\s,]+")
NOT_IN_NAMES = re.compile(r"[\x00-\x1f\x7f<>*%&:\\?/#\"']")  # Azure allows none of these in a name in a URL


def take_choice(
    arguments: dict[str, Any], elsewhere: bool = False, set_option: str = "--name", *, subscription: bool = False
) -> Choice:
    """Remove the arguments that choose instances from the parsed ones and return them as one value.

    If the instances are chosen `elsewhere`, no argument is required, and configured defaults are ignored.

    Raises RequiredArgumentMissingError without a scale set, MutuallyExclusiveArgumentError for a set named twice and
    InvalidArgumentValueError for lists that hold nothing, which must never mean everything. `set_option` is the option
    that names the scale set, and `subscription` is whether --subscription was typed: with --all-sets it needs no group.
    """
    typed = {name: arguments.pop(name, None) for name in CHOICE}
    group, name = _named("--resource-group", typed["resource_group_name"]), _named(set_option, typed["vmss_name"])
    ids = typed["ids"]
    all_sets = _takes_all_sets(typed, set_option)
    if all_sets:
        name = None
    if elsewhere:
        group, name = (None if getattr(one, "is_default", False) else one for one in (group, name))
    elif ids is None and not (all_sets and subscription) and (group is None or not (name is not None or all_sets)):
        raise RequiredArgumentMissingError(
            f"The scale set is missing: specify --resource-group and {set_option}, or --ids.",
            recommendation="With --all-sets, specify --resource-group, or --subscription for every resource group."
            if all_sets
            else "`az vmss list -o table` lists the scale sets.",
        )
    if ids is not None and any(one is not None and not getattr(one, "is_default", False) for one in (group, name)):
        raise MutuallyExclusiveArgumentError(
            f"--ids and --resource-group or {set_option} cannot be combined.",
            recommendation=f"Specify either --ids, or --resource-group and {set_option}.",
        )
    return Choice(
        None if ids is not None else group,
        None if ids is not None else name,
        ids=_names("--ids", ids),
        names=_names("--instance-ids", typed["instance_ids"]),
        zones=_names("--zone", typed["zone"]),
        fault_domains=_names("--fault-domain", typed["fault_domain"]),
        power_states=_lines("--power-state", typed["power_state"]),
        tags=_tags("--tag", typed["tag"]),
        exclude=_names("--exclude", typed["exclude"]) or (),
        provisioning_states=_lines("--provisioning-state", typed["provisioning_state"]),
        priorities=_lines("--priority", typed["priority"]),
        unhealthy=bool(typed["unhealthy"]),
        outdated=bool(typed["outdated"]),
        sample=None if typed["sample"] is None else str(typed["sample"]),
        all_sets=all_sets,
        set_tags=_tags("--set-tag", typed["set_tag"]),
        shard=typed["shard"],
    )


def _takes_all_sets(typed: dict[str, Any], set_option: str) -> bool:
    """Return whether every set of a group is chosen; raises for options that contradict that or mean nothing."""
    all_sets = bool(typed["all_sets"])
    named = [
        option
        for option, value in ((set_option, typed["vmss_name"]), ("--ids", typed["ids"]))
        if value is not None and not getattr(value, "is_default", False)
    ]
    if all_sets and named:
        raise MutuallyExclusiveArgumentError(
            f"--all-sets and {named[0]} cannot be combined.",
            recommendation=f"Specify either {named[0]}, or --resource-group and --all-sets.",
        )
    if typed["set_tag"] is not None and not all_sets:
        raise RequiredArgumentMissingError(
            "--set-tag narrows --all-sets, which is missing.",
            recommendation="Use --tag to choose instances by their own tags.",
        )
    return all_sets


def _named(option: str, value: str | None) -> str | None:
    """Return the name that an option has; raises for an empty text, and leaves out an empty configured default."""
    if value is None or value.strip():
        return value
    if getattr(value, "is_default", False):
        return None
    raise InvalidArgumentValueError(
        f"{option} is empty, so it names nothing.", recommendation=f"Omit {option}, or specify a value."
    )


def resource_name(text: str) -> str:
    """Return the name of a resource; another text is refused, since it would lead to another resource."""
    if text in (".", "..") or not text.strip() or NOT_IN_NAMES.search(text):
        raise ArgumentTypeError(f"{text!r} cannot be the name of a resource")
    return text


def port(text: str) -> int:
    """Return a port, 1 to 65535."""
    number = positive(text)
    if number > 65535:
        raise ArgumentTypeError(f"{text!r} is not a port from 1 to 65535")
    return number


def row_name(text: str) -> str:
    """Return the name of an API or a command of the table, in lower case."""
    if text.lower() in names():
        return text.lower()
    near = ", ".join(get_close_matches(text.lower(), names())) or "none"
    raise ArgumentTypeError(f"the table has no row named {text} (nearest: {near})")


def _lines(option: str, values: list[str] | None) -> tuple[str, ...] | None:
    """Return the entries of an option; the text of @file or standard input is one value, with one entry per line."""
    if values is None:
        return None
    found = [entry for value in values for entry in _entries(str(value))]
    if not found:
        raise InvalidArgumentValueError(
            f"{option} is empty, so it chooses nothing.", recommendation=f"Omit {option}, or specify a value."
        )
    return tuple(dict.fromkeys(found))


def _names(option: str, values: list[str] | None) -> tuple[str, ...] | None:
    """Split names and ids, of which none contains a blank or a comma, wherever they are separated by these."""
    found = _lines(option, values)
    return found and tuple(dict.fromkeys(name for entry in found for name in SEPARATORS.split(entry) if name))


def _entries(value: str) -> list[str]:
    try:
        parsed = json.loads(value) if value.lstrip().startswith(("[", "{", '"')) else None
    except (ValueError, RecursionError):
        parsed = None
    if parsed is None:
        return [line.strip() for line in value.splitlines() if line.strip()]
    listed = parsed if isinstance(parsed, list) else [parsed]
    return [str(entry["id"] if isinstance(entry, dict) and "id" in entry else entry) for entry in listed]


def _tags(option: str, values: list[str] | None) -> tuple[tuple[str, str | None], ...] | None:
    pairs = [entry.partition("=") for entry in _lines(option, values) or ()]
    return tuple((key, value if equals else None) for key, equals, value in pairs) or None
