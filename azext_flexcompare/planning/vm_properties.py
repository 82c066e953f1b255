"""Checks of a change to a VM against the properties that there are, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from azure.cli.core.azclierror import InvalidArgumentValueError

Body = dict[str, Any]
HELP = "`az vmss-flex show` prints the properties of an instance."


def check_expressions(options: dict[str, Any]) -> None:
    """Raise InvalidArgumentValueError for --set without a value and for --add without one to add."""
    for expression in options["set"] or ():
        if "=" not in expression:
            raise InvalidArgumentValueError(
                f"--set {expression} has no value.",
                recommendation="Specify --set PATH=VALUE, with an empty VALUE if meant.",
            )
    for words in options["add"] or ():
        if len(words) < 2:
            raise InvalidArgumentValueError(
                f"--add {' '.join(words)} has nothing to add.",
                recommendation="Specify --add LIST KEY=VALUE or --add LIST JSON.",
            )


def check_properties(model: Any, change: Body) -> None:
    """Raise InvalidArgumentValueError for properties in the body of a PATCH that the SDK's model of a VM has not."""
    from azure.core.exceptions import DeserializationError

    try:
        known = model.deserialize(change).serialize(keep_readonly=True)
    except (DeserializationError, ValueError, TypeError, AttributeError) as error:
        raise InvalidArgumentValueError(f"The change does not fit a VM: {error}", recommendation=HELP) from error
    unknown = list(_missing(change, known))
    if unknown:
        raise InvalidArgumentValueError(f"A VM has no property {', '.join(unknown)}.", recommendation=HELP)


def _missing(change: Body, known: Body, path: str = "") -> Iterator[str]:
    for key, value in change.items():
        place = f"{path}.{key}".lstrip(".")
        if place == "properties":  # without which the CLI's paths do
            yield from _missing(value, known.get(key, {}))
        elif key not in known:
            yield place
        elif isinstance(value, dict) and isinstance(known[key], dict):
            yield from _missing(value, known[key], place)
