"""The selection of instances by name and by filter.

These are functions of instances that were read before; they send no request.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from fractions import Fraction
from random import Random
from typing import Any, NamedTuple

from azext_flexcompare.instances import (
    Instance,
    describe,
    is_unhealthy,
    last_name,
    priority_of,
    scale_set_view_id,
)

SET_ID = re.compile(r"/virtualMachineScaleSets/[^/]+/?$", re.IGNORECASE)
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
    provisioning_states: tuple[str, ...] | None = None
    priorities: tuple[str, ...] | None = None
    unhealthy: bool = False
    outdated: bool = False
    sample: str | None = None
    all_sets: bool = False
    set_tags: tuple[tuple[str, str | None], ...] | None = None
    shard: str | None = None

    @property
    def takes_all(self) -> bool:
        """Return whether nothing narrows the choice, so that a set without instances is no error."""
        others = self._replace(resource_group=None, scale_set=None, ids=None, names=None, all_sets=False, set_tags=None)
        return others._replace(shard=None) == Choice() and self.names in (None, ("*",))

    @property
    def names_instances(self) -> bool:
        """Return whether it names instances, by names or ids, and not whole sets alone."""
        sets = [one for one in self.ids or () if SET_ID.search(one)]
        return self.names is not None or (self.ids is not None and not sets)


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
    kept = [instance for instance in kept if not choice.unhealthy or is_unhealthy(instance)]
    kept = [instance for instance in kept if not _excluded(instance, choice.exclude)]
    if not kept:
        raise ChoiceError(
            f"no instance of {where} matches the names and filters: {len(instances)} in all, {len(named)} named",
            "Use `az vmss-flex list-instances` to show the zone, fault domain and power state of each instance.",
        )
    return kept


def take_sample(instances: Sequence[Instance], sample: str, random: Random) -> list[Instance]:
    """Choose so many instances at random, a number or a percentage, at least one; their order is kept."""
    figures = Fraction(sample.removesuffix("%"))
    number = figures * len(instances) / 100 if sample.endswith("%") else figures
    places = random.sample(range(len(instances)), min(len(instances), max(1, round(number))))
    return [instances[place] for place in sorted(places)]


class Filter(NamedTuple):
    """An option that narrows a choice, and whether an instance must match any or all of its values."""

    option: str
    values: Callable[[Choice], Sequence[Any] | None]
    holds: Callable[[Instance, Any], bool]
    seen: Callable[[Instance], Iterable[str]]
    joined: Callable[[Iterable[bool]], bool] = any
    every: bool = True  # whether a value that no instance has is an error even if another value matches


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
        every=False,
    ),
    Filter(
        "--provisioning-state",
        lambda c: c.provisioning_states,
        lambda i, value: (i.provisioning_state or "").lower() == value.lower(),
        lambda i: [i.provisioning_state] if i.provisioning_state else [],
        every=False,
    ),
    Filter(
        "--priority",
        lambda c: c.priorities,
        lambda i, value: priority_of(i) == value.lower(),
        lambda i: [priority_of(i)],
        every=False,
    ),
    Filter(
        "--tag",
        lambda c: c.tags,
        lambda i, tag: has_tag(i.tags, *tag),
        lambda i: [f"{key}={value}" for key, value in i.tags.items()],
        joined=all,
    ),
)


def unknown_names(instances: Sequence[Instance], names: Iterable[str]) -> list[str]:
    """Return the names, ids and globs that no instance has; raises ChoiceError for the numbers of a Uniform set."""
    known = {key for instance in instances for key in _keys(instance)}
    unknown = [
        name
        for name in dict.fromkeys(names)
        if name.lower() not in known and not (is_glob(name) and any(_matches(one, name) for one in instances))
    ]
    unknown = [name for name in unknown if name != "*"]
    numbers = [name for name in unknown if name.isdecimal()]
    if numbers:
        raise ChoiceError(
            f"instances of a Flexible scale set are identified by VM names, not by numbers such as {numbers[0]}",
            "`az vmss-flex list-instances` shows the names.",
        )
    return unknown


def is_glob(name: str) -> bool:
    """Check whether a name is a pattern; no name or id of a VM has these characters."""
    return not name.startswith("/") and any(character in name for character in "*?[")


def _named(instances: Sequence[Instance], names: tuple[str, ...] | None, where: str) -> list[Instance]:
    if names is None:
        return list(instances)
    unknown = unknown_names(instances, names)
    if unknown:
        raise ChoiceError(_unknown(unknown, instances, where), "Use `az vmss-flex list-instances` to list the names.")
    by_key: dict[str, list[Instance]] = {}
    for instance in instances:
        for key in _keys(instance):
            by_key.setdefault(key, []).append(instance)
    ambiguous = [name for name in names if len(by_key.get(name.lower(), ())) > 1]
    if ambiguous and "*" not in names:
        raise ChoiceError(
            f"more than one of the scale sets has an instance named {', '.join(ambiguous)}", "Use its id instead."
        )
    if "*" in names:
        return list(instances)
    chosen = [
        instance
        for name in names
        for instance in by_key.get(name.lower()) or [one for one in instances if _matches(one, name)]
    ]
    return list({instance.id.lower(): instance for instance in chosen}.values())


def _keys(instance: Instance) -> tuple[str, ...]:
    return instance.name.lower(), instance.id.lower(), scale_set_view_id(instance).lower()


def _matches(instance: Instance, glob: str) -> bool:
    return fnmatchcase(instance.name.lower(), glob.lower())


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
    return any(_matches(instance, one) or one.lower() in _keys(instance) for one in exclude)


def _check_exists(filter_: Filter, values: Sequence[Any], instances: Sequence[Instance], where: str) -> None:
    missing = [value for value in values if not any(filter_.holds(instance, value) for instance in instances)]
    if missing and (filter_.every or len(missing) == len(values)):
        seen = sorted({value for instance in instances for value in filter_.seen(instance)})
        shown = ", ".join("=".join(filter(None, value)) if isinstance(value, tuple) else value for value in missing)
        raise ChoiceError(
            f"no instance of {where} matches {filter_.option} {shown}",
            f"Existing values: {', '.join(seen[:12])}." if seen else "No instance has a value.",
        )


def has_tag(tags: Mapping[str, str], key: str, value: str | None) -> bool:
    """Check whether tags have a key, with this value unless that is None."""
    found = {name.lower(): text for name, text in tags.items()}.get(key.lower())
    return found is not None and value in (None, found)


def _where(instances: Sequence[Instance], choice: Choice) -> str:
    if not instances:
        return f"scale set {choice.scale_set or 'the set'}"
    return describe(instance.scale_set for instance in instances)
