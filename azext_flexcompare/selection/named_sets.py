"""Scale sets that are named by name or id."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from functools import partial

from azure.cli.core import azclierror
from azure.core.exceptions import AzureError
from azure.mgmt.core.tools import parse_resource_id, resource_id

from azext_flexcompare.arm.clients import entries_of
from azext_flexcompare.arm.paced_reads import read_all
from azext_flexcompare.arm.rate_limits import CONNECTIONS
from azext_flexcompare.arm.scale_sets import Reader, find_scale_sets, read_scale_set
from azext_flexcompare.instances import ResourceId, ScaleSet

MANY = 8  # sets of one subscription, from which a page of its list is cheaper than a request for each
Parts = dict[str, str]


def read_named_sets(reader: Reader, parts: Sequence[Parts]) -> list[ScaleSet]:
    """Read scale sets by the parts of their ids: many of a subscription by one list, the others side by side.

    What the list does not show, or a role may not list, is read by itself. Not more pages are listed than it would take
    rounds of requests side by side.
    """
    wanted: dict[str, dict[ResourceId, Parts]] = {}
    for one in parts:
        wanted.setdefault(one["subscription"].lower(), {})[_id_of(one)] = one
    listed = read_all(partial(_list_many, reader), list(wanted.values()))
    found = {one.id: one for sets in listed for one in sets}
    alone = [one for one in parts if _id_of(one) not in found]
    read = read_all(lambda one: read_named_set(reader, one["subscription"], one["resource_group"], one["name"]), alone)
    found |= {_id_of(one): scale_set for one, scale_set in zip(alone, read, strict=True)}
    return [found[_id_of(one)] for one in parts]


def _id_of(parts: Parts) -> ResourceId:
    return ResourceId(
        resource_id(
            subscription=parts["subscription"],
            resource_group=parts["resource_group"],
            namespace=parts["namespace"],
            type=parts["type"],
            name=parts["name"],
        )
    )


def _list_many(reader: Reader, wanted: dict[ResourceId, Parts]) -> list[ScaleSet]:
    """Find sets of one subscription in its list; return none where they are few, or the list cannot be read."""
    if len(wanted) < MANY:
        return []
    subscription = next(iter(wanted.values()))["subscription"]
    try:
        return find_scale_sets(reader, subscription, wanted, most=-(-len(wanted) // CONNECTIONS))
    except azclierror.AzCLIError:  # a role may read each set and not the list
        return []


def read_named_set(reader: Reader, subscription: str | None, group: str, name: str) -> ScaleSet:
    """Read a scale set; raises ResourceNotFoundError with the nearest names where it does not exist."""
    try:
        return read_scale_set(reader, subscription, group, name)
    except azclierror.ResourceNotFoundError as error:
        raise azclierror.ResourceNotFoundError(
            str(error), recommendation=_nearest(reader, subscription, group, name)
        ) from error


def _nearest(reader: Reader, subscription: str | None, group: str, name: str) -> str | None:
    """Return a recommendation with the scale sets, or the groups that have any, whose names are nearest."""
    try:
        sets = entries_of(reader.client_of(subscription).virtual_machine_scale_sets.list_all())
    except (AzureError, ValueError):  # it would only have helped
        return None
    places = [(one.name, parse_resource_id(one.id)["resource_group"]) for one in sets]
    return _nearest_of(places, group, name)


def _nearest_of(places: list[tuple[str, str]], group: str, name: str) -> str | None:
    here = {one.lower(): one for one, place in places if place.lower() == group.lower()}
    elsewhere = sorted({place for one, place in places if one.lower() == name.lower()})
    groups = {place.lower(): place for _, place in places}
    if here:
        near = [here[one] for one in get_close_matches(name.lower(), here)]
        if near:
            return f"The nearest scale sets in {group} are: {', '.join(near)}."
    elif elsewhere:
        return f"A scale set called {name} is in: {', '.join(elsewhere)}."
    near = [groups[one] for one in get_close_matches(group.lower(), groups) if not here]
    if near:
        return f"The nearest resource groups with scale sets are: {', '.join(near)}."
    return f"A scale set called {name} is in: {', '.join(elsewhere)}." if elsewhere else None
