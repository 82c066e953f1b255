"""Changes to the body of a VM, and the PATCH that they need.

Bodies are the JSON of the REST API. Paths on the command line (`--set storageProfile.osDisk.deleteOption=Detach`) are
those of `az vm update`: without `properties`, and applied by functions of the CLI.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from azure.cli.core.azclierror import InvalidArgumentValueError, RequiredArgumentMissingError
from azure.cli.core.commands.arm import add_properties, remove_properties, set_properties
from knack.util import CLIError

Body = dict[str, Any]
REPLACED = ("tags",)  # a PATCH replaces these as a whole (Azure Resource Manager, tags)


def make_edit(options: dict[str, Any]) -> Callable[[Body], Body]:
    """Return the function that applies --tags, --size, --set, --add and --remove to a body and returns a new one.

    Raises RequiredArgumentMissingError if none of them is given. The function raises InvalidArgumentValueError for a
    path that does not exist.
    """
    if not any(options[name] for name in ("tags", "size", "set", "add", "remove")):
        raise RequiredArgumentMissingError(
            "update has nothing to change.", recommendation="Specify --tags, --size, --set, --add or --remove."
        )

    def edit(body: Body) -> Body:
        flat = {**deepcopy({key: body[key] for key in body if key != "properties"}), **deepcopy(body["properties"])}
        _apply(flat, options)
        return _nested(flat, body)

    return edit


def make_patch(before: Body, after: Body) -> Body:
    """Return what differs as the body of a PATCH: objects member by member, tags and lists as a whole."""
    changed: Body = {}
    for key, value in after.items():
        if key not in before or before[key] != value:
            nested = isinstance(value, dict) and isinstance(before.get(key), dict) and key not in REPLACED
            changed[key] = make_patch(before[key], value) if nested else value
    return changed


def removes_property(before: Body, after: Body) -> bool:
    """Return whether a property is removed, which a PATCH cannot express; tags and lists do not count."""
    return any(
        key not in after
        or (
            isinstance(value, dict)
            and isinstance(after[key], dict)
            and key not in REPLACED
            and removes_property(value, after[key])
        )
        for key, value in before.items()
    )


def _apply(flat: Body, options: dict[str, Any]) -> None:
    try:
        for tag in options["tags"] or ():
            key, _, value = tag.partition("=")
            flat["tags"] = {**flat.get("tags", {}), key: value} if key else {}
        if options["size"]:
            flat.setdefault("hardwareProfile", {})["vmSize"] = options["size"]
        for expression in options["set"] or ():
            set_properties(flat, expression, force_string=False)
        for values in options["add"] or ():
            add_properties(flat, values, force_string=False)
        for values in options["remove"] or ():
            remove_properties(flat, values)
    except (CLIError, ValueError, KeyError, TypeError) as error:
        raise InvalidArgumentValueError(
            f"The change cannot be applied to an instance: {error}",
            recommendation="`az vmss-flex show` prints the properties of the instances.",
        ) from error


def _nested(flat: Body, like: Body) -> Body:
    top = {"location", "tags", "zones", "identity", "plan", "extendedLocation", "placement"} | set(like) - {
        "properties"
    }
    return {
        **{key: value for key, value in flat.items() if key in top},
        "properties": {key: value for key, value in flat.items() if key not in top},
    }
