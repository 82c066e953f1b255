"""The selection of instances by name and by filter.

These are functions of instances that were read before; they send no request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from azext_flexcompare.instances import Instance, describe, last_name

NEAREST = 20  # unknown names for which the nearest ones are shown, because the search takes time


class Choice(NamedTuple):
    """The options that select instances; None is an option that was omitted."""

    resource_group: str | None = None
    scale_set: str | None = None
    ids: tuple[str, ...] | None = None
    names: tuple[str, ...] | None = None
    zones: tuple[str, ...] | None = None
    fault_domains: tuple[str, ...] | None = None
    power_states: tuple[str, ...] | None = None
    tags: tuple[tuple[str, str | None], ...] | None = None
    exclude: tuple[str, ...] = ()


class ChoiceError(Exception):
    """A choice that matches no instance: one sentence, and a recommendation."""

    def __init__(self, message: str, helps: str) -> None:
        super().__init__(message)
        self.helps = helps


def select(instances: Sequence[Instance], choice: Choice) -> list[Instance]:
    """Return the members with the given names, in the given order, that match every filter.

    Raises ChoiceError for a name or a filter value that no member has, and if no member is left.
    """
    where = _where(instances, choice)
    named = _named(instances, choice.names, where)
    _check_excluded(instances, choice.exclude, where)
    kept = named
    for filter_ in FILTERS:
        values = filter_.values(choice)
        if values is not None:
            _check_exists(filter_, values, instances, where)
            kept = [one for one in kept if filter_.joined(filter_.holds(one, value) for value in values)]
    kept = [instance for instance in kept if not _excluded(instance, choice.exclude)]
    if not kept:
        raise ChoiceError(
            f"no instance of {where} matches the names and filters: {len(instances)} in all, {len(named)} named",
            "Use `az vmss-flex list-instances` to show the zone, fault domain and power state of each instance.",
        )
    return kept


class Filter(NamedTuple):
    """An option that narrows a choice, and whether an instance must match any or all of its values."""

    option: str
    values: Callable[[Choice], Sequence[Any] | None]
    holds: Callable[[Instance, Any], bool]
    seen: Callable[[Instance], Iterable[str]]
    joined: Callable[[Iterable[bool]], bool] = any


FILTERS = (
    Filter("--zone", lambda c: c.zones, lambda i, value: i.zone == value, lambda i: [i.zone] if i.zone else []),
    Filter(
        "--fault-domain",
        lambda c: c.fault_domains,
        lambda i, value: str(i.fault_domain) == value,
        lambda i: [] if i.fault_domain is None else [str(i.fault_domain)],
    ),
    Filter(
        "--power-state",
        lambda c: c.power_states,
        lambda i, value: i.power_state == value,
        lambda i: [i.power_state] if i.power_state else [],
    ),
    Filter(
        "--tag",
        lambda c: c.tags,
        lambda i, tag: _tagged(i, *tag),
        lambda i: [f"{key}={value}" for key, value in i.tags.items()],
        all,
    ),
)


def _named(instances: Sequence[Instance], names: tuple[str, ...] | None, where: str) -> list[Instance]:
    if names is None:
        return list(instances)
    by_key: dict[str, list[Instance]] = {}
    for instance in instances:
        for key in (instance.name, instance.id):
            by_key.setdefault(key.lower(), []).append(instance)
    unknown = [name for name in dict.fromkeys(names) if name != "*" and name.lower() not in by_key]
    if unknown:
        raise ChoiceError(_unknown(unknown, instances, where), "Use `az vmss-flex list-instances` to list the names.")
    if "*" in names:
        return list(instances)
    ambiguous = [name for name in names if len(by_key[name.lower()]) > 1]
    if ambiguous:
        raise ChoiceError(
            f"more than one of the scale sets has an instance named {', '.join(ambiguous)}", "Use its id instead."
        )
    chosen = (by_key[name.lower()][0] for name in names)
    return list({instance.id.lower(): instance for instance in chosen}.values())


def _unknown(names: Sequence[str], instances: Sequence[Instance], where: str) -> str:
    known = {instance.name.lower(): instance.name for instance in instances}
    shown = []
    for place, name in enumerate(names):
        close = get_close_matches(last_name(name).lower(), known, n=3) if place < NEAREST else ()
        near = [known[match] for match in close]
        shown.append(f"{name} (nearest: {', '.join(near)})" if near else name)
    return f"{where} has no instance named {', '.join(shown)}"


def _check_excluded(instances: Sequence[Instance], exclude: tuple[str, ...], where: str) -> None:
    # With a misspelled exclusion the command would act on the instance that you want to exclude.
    idle = [one for one in exclude if not any(_excluded(instance, (one,)) for instance in instances)]
    if idle:
        raise ChoiceError(
            f"--exclude: {_unknown(idle, instances, where)}", "Use `az vmss-flex list-instances` to list the names."
        )


def _excluded(instance: Instance, exclude: tuple[str, ...]) -> bool:
    return any(fnmatchcase(instance.name.lower(), one.lower()) or instance.id.lower() == one.lower() for one in exclude)


def _check_exists(filter_: Filter, values: Sequence[Any], instances: Sequence[Instance], where: str) -> None:
    missing = [value for value in values if not any(filter_.holds(instance, value) for instance in instances)]
    if missing:
        seen = sorted({value for instance in instances for value in filter_.seen(instance)})
        shown = ", ".join("=".join(filter(None, value)) if isinstance(value, tuple) else value for value in missing)
        raise ChoiceError(
            f"no instance of {where} matches {filter_.option} {shown}",
            f"Existing values: {', '.join(seen[:12])}." if seen else "No instance has a value.",
        )


def _tagged(instance: Instance, key: str, value: str | None) -> bool:
    found = {name.lower(): text for name, text in instance.tags.items()}.get(key.lower())
    return found is not None and value in (None, found)


def _where(instances: Sequence[Instance], choice: Choice) -> str:
    if not instances:
        return f"scale set {choice.scale_set or 'the set'}"
    return describe(instance.scale_set for instance in instances)
